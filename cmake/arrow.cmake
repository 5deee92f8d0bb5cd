# Arrow and Parquet from the pyarrow wheel that tools/setup installed: Debian 12 has no package.
# Their libraries are copied beside the program (build/<preset>/lib), so the folder runs when moved.
set(pyarrow "${SLIPWAY_PYTHON}/lib/python3.11/site-packages/pyarrow")
if(NOT EXISTS "${pyarrow}/include/arrow/api.h")
  message(FATAL_ERROR "no pyarrow in ${SLIPWAY_PYTHON}: run `make setup` first")
endif()
set(SLIPWAY_LIB "${CMAKE_BINARY_DIR}/lib")
file(MAKE_DIRECTORY "${SLIPWAY_LIB}")

function(take_library target path)
  get_filename_component(name "${path}" NAME)
  file(COPY_FILE "${path}" "${SLIPWAY_LIB}/${name}" ONLY_IF_DIFFERENT)
  add_library(${target} SHARED IMPORTED GLOBAL)
  set_target_properties(${target} PROPERTIES IMPORTED_LOCATION "${SLIPWAY_LIB}/${name}")
  target_include_directories(${target} SYSTEM INTERFACE "${pyarrow}/include")
endfunction()

foreach(library arrow arrow_compute arrow_acero parquet)
  file(GLOB found "${pyarrow}/lib${library}.so.*")
  take_library(${library} "${found}")
endforeach()

# Engines are opened at run time; a copy beside the program is the first place it looks.
file(GLOB xgboost "${SLIPWAY_PYTHON}/lib/python3.11/site-packages/xgboost/lib/libxgboost.so")
if(xgboost)
  file(COPY_FILE "${xgboost}" "${SLIPWAY_LIB}/libxgboost.so" ONLY_IF_DIFFERENT)
endif()

set(CMAKE_BUILD_RPATH "$ORIGIN/lib;${SLIPWAY_LIB}")
