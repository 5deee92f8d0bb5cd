# room(<name> DEPS <rooms> USES <libraries> LINKS <public libraries>): src/<name>/*.cc and what lies
# in folders of it as a library, and <name>_test where there are *_test.cc. DEPS are what the room
# may include: tools/tidy.py reads them from here.
function(room name)
  cmake_parse_arguments(ROOM "" "" "DEPS;USES;LINKS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/src/${name}/*.cc"
       "${CMAKE_SOURCE_DIR}/src/${name}/*/*.cc")
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "(_test|/main)\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  if(NOT sources)
    return()
  endif()
  add_library(${name} ${sources})
  target_include_directories(${name} PUBLIC $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/src>
                                            $<INSTALL_INTERFACE:include/slipway>)
  target_link_libraries(${name} PUBLIC ${ROOM_DEPS} ${ROOM_LINKS} PRIVATE ${ROOM_USES})
  if(tests AND SLIPWAY_TESTS)
    add_executable(${name}_test ${tests})
    # whole archive: a call up the layers fails to link even where no test reaches it
    if(BUILD_SHARED_LIBS)
      target_link_libraries(${name}_test PRIVATE ${name} ${ROOM_USES} GTest::gtest_main)
    else()
      target_link_libraries(${name}_test PRIVATE $<LINK_LIBRARY:WHOLE_ARCHIVE,${name}> ${ROOM_USES}
                                                 GTest::gtest_main)
    endif()
    add_test(NAME ${name} COMMAND ${name}_test)
    set_tests_properties(${name} PROPERTIES LABELS unit)
  endif()
endfunction()
