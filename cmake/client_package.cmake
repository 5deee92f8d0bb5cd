# `cmake --install BUILD --component client --prefix PREFIX`: the C++ client as a package of its
# own, found by find_package(SlipwayClient) and used by linking Slipway::client.
include(CMakePackageConfigHelpers)
set(package lib/cmake/SlipwayClient)
install(TARGETS client http base EXPORT SlipwayClientTargets
        ARCHIVE DESTINATION lib/slipway COMPONENT client
        LIBRARY DESTINATION lib/slipway COMPONENT client)
install(EXPORT SlipwayClientTargets NAMESPACE Slipway:: DESTINATION ${package} COMPONENT client)
foreach(header client/artifacts client/logged_models client/metric_logger client/registry
               client/server client/tracking base/file base/guarded base/json base/result)
  cmake_path(GET header PARENT_PATH room)
  install(FILES "${CMAKE_SOURCE_DIR}/src/${header}.h" DESTINATION include/slipway/${room}
          COMPONENT client)
endforeach()
configure_package_config_file(cmake/SlipwayClientConfig.cmake.in
  "${CMAKE_BINARY_DIR}/SlipwayClientConfig.cmake" INSTALL_DESTINATION ${package})
write_basic_package_version_file("${CMAKE_BINARY_DIR}/SlipwayClientConfigVersion.cmake"
                                 COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_BINARY_DIR}/SlipwayClientConfig.cmake"
              "${CMAKE_BINARY_DIR}/SlipwayClientConfigVersion.cmake"
        DESTINATION ${package} COMPONENT client)
