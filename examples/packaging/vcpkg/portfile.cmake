# The port of vcpkg, from the tree that it stands in:
#
#   vcpkg install sppo --overlay-ports=examples/packaging/vcpkg
set(VCPKG_BUILD_TYPE release)  # a header is the same for all
set(sppo_packaging "${CMAKE_CURRENT_LIST_DIR}/..")
set(sppo_share "${CURRENT_PACKAGES_DIR}/share/${PORT}")
file(INSTALL "${sppo_packaging}/../../sppo.h"
    DESTINATION "${CURRENT_PACKAGES_DIR}/include")
file(INSTALL "${sppo_packaging}/sppo-config.cmake"
    DESTINATION "${sppo_share}")
configure_file("${sppo_packaging}/sppo-config-version.cmake"
    "${sppo_share}/sppo-config-version.cmake" @ONLY)
vcpkg_install_copyright(FILE_LIST "${sppo_packaging}/../../LICENSE")
