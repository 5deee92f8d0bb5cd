# embed(<target> <prefix> FILES <paths>): put files into the target as they are. The target can then
# include "<prefix>_embedded.h" and call slipway::<prefix>_files(): a span of {name, bytes}, where
# the name is the path below the folder of the CMakeLists.txt that calls embed(), or below BASE.
function(embed target prefix)
  cmake_parse_arguments(EMBED "" "BASE" "FILES" ${ARGN})
  set(folder "${CMAKE_BINARY_DIR}/embedded/${prefix}")
  set(base "${CMAKE_CURRENT_SOURCE_DIR}/${EMBED_BASE}")
  set(assembly "    .section .rodata\n")
  set(declared "")
  set(rows "")
  set(paths "")
  set(n 0)
  foreach(file ${EMBED_FILES})
    get_filename_component(path "${file}" ABSOLUTE)
    file(RELATIVE_PATH name "${base}" "${path}")
    set(symbol "embedded_${prefix}_${n}")
    string(APPEND assembly "    .global ${symbol}, ${symbol}_end\n"
                           "${symbol}:\n    .incbin \"${path}\"\n${symbol}_end:\n    .byte 0\n")
    string(APPEND declared "extern const char ${symbol}[], ${symbol}_end[];\n")
    string(APPEND rows "      {\"${name}\", {${symbol}, static_cast<size_t>(${symbol}_end - "
                       "${symbol})}},\n")
    list(APPEND paths "${path}")
    math(EXPR n "${n} + 1")
  endforeach()
  string(APPEND assembly "    .section .note.GNU-stack,\"\",@progbits\n")
  file(CONFIGURE OUTPUT "${folder}/${prefix}_embedded.S" CONTENT "${assembly}" @ONLY)
  file(CONFIGURE OUTPUT "${folder}/${prefix}_embedded.h" CONTENT
       "// ${prefix}_embedded.h — the files that embed() put into the program.
#pragma once
#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

extern \"C\" {
${declared}}

namespace slipway {

/// Each file's name and bytes.
inline std::span<const std::pair<std::string_view, std::string_view>> ${prefix}_files() {
  static const std::array<std::pair<std::string_view, std::string_view>, ${n}> kFiles = {{
${rows}  }};
  return kFiles;
}

}  // namespace slipway
" @ONLY)
  set_source_files_properties("${folder}/${prefix}_embedded.S" PROPERTIES OBJECT_DEPENDS "${paths}")
  target_sources(${target} PRIVATE "${folder}/${prefix}_embedded.S")
  target_include_directories(${target} PRIVATE "${folder}")
endfunction()
