# find_package(sppo 0.2), then target_link_libraries(program sppo::sppo)
if(NOT TARGET sppo::sppo)
    # From share/cmake/sppo, or as vcpkg has it share/sppo.
    get_filename_component(sppo_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.."
        ABSOLUTE)
    if(NOT EXISTS "${sppo_prefix}/include/sppo.h")
        get_filename_component(sppo_prefix "${CMAKE_CURRENT_LIST_DIR}/../.."
            ABSOLUTE)
    endif()
    add_library(sppo::sppo INTERFACE IMPORTED)
    set_target_properties(sppo::sppo PROPERTIES
        INTERFACE_INCLUDE_DIRECTORIES "${sppo_prefix}/include")
    if(UNIX)
        set_target_properties(sppo::sppo PROPERTIES
            INTERFACE_LINK_LIBRARIES m)
    endif()
endif()
