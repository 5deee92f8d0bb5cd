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

foreach(library arrow parquet)
  file(GLOB found "${pyarrow}/lib${library}.so.*")
  take_library(${library} "${found}")
endforeach()

# libparquet exports the 2,000 symbols of an OpenSSL of its own. Where it comes before the system's,
# they take its functions' places, in libcrypto and libssl too, and https crashes.
add_link_options(-Wl,--push-state,--no-as-needed "${OPENSSL_SSL_LIBRARY}"
                 "${OPENSSL_CRYPTO_LIBRARY}" -Wl,--pop-state)

# Engines are opened at run time; a copy beside the program is the first place it looks, and what
# they need themselves is found by the program's RPATH (not RUNPATH, which does not reach them).
set(site "${SLIPWAY_PYTHON}/lib/python3.11/site-packages")
file(GLOB engines "${site}/xgboost/lib/libxgboost.so" "${site}/xgboost_cpu.libs/*.so*"
     "${site}/onnxruntime/capi/libonnxruntime.so*")
foreach(engine ${engines})
  get_filename_component(name "${engine}" NAME)
  file(COPY_FILE "${engine}" "${SLIPWAY_LIB}/${name}" ONLY_IF_DIFFERENT)
endforeach()
add_link_options(-Wl,--disable-new-dtags)

set(CMAKE_BUILD_RPATH "$ORIGIN/lib;${SLIPWAY_LIB}")
