# Before 1.0 the second number says what is compatible.
set(PACKAGE_VERSION "@VERSION@")
string(REGEX MATCH "^[0-9]+[.][0-9]+" sppo_is "${PACKAGE_VERSION}")
string(REGEX MATCH "^[0-9]+[.][0-9]+" sppo_asked "${PACKAGE_FIND_VERSION}.0")
if(NOT PACKAGE_VERSION VERSION_LESS PACKAGE_FIND_VERSION AND
   sppo_is STREQUAL sppo_asked)
    set(PACKAGE_VERSION_COMPATIBLE TRUE)
endif()
if(PACKAGE_VERSION VERSION_EQUAL PACKAGE_FIND_VERSION)
    set(PACKAGE_VERSION_EXACT TRUE)
endif()
