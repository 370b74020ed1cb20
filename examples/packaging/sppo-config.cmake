# find_package(sppo 0.2), then target_link_libraries(program sppo::sppo)
if(NOT TARGET sppo::sppo)
    get_filename_component(sppo_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.."
        ABSOLUTE)
    add_library(sppo::sppo INTERFACE IMPORTED)
    set_target_properties(sppo::sppo PROPERTIES
        INTERFACE_INCLUDE_DIRECTORIES "${sppo_prefix}/include")
    if(UNIX)
        set_target_properties(sppo::sppo PROPERTIES
            INTERFACE_LINK_LIBRARIES m)
    endif()
endif()
