// Any text as a filter and as an ordering: refused in words, or a tree that holds together.
#include <cstdint>
#include <string_view>

#include "store/search_parser.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace slipway;
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const auto clauses = store::parse_filter(text);
  if (clauses.ok()) {
    for (const auto& clause : *clauses) {
      const bool presence = clause.comparator.starts_with("IS ");
      const bool has_literal = clause.literal.kind != store::LiteralKind::none;
      if (clause.comparator.empty() || presence == has_literal) return -1;
    }
  } else if (clauses.error().code != Code::invalid_parameter_value) {
    return -1;
  }
  const auto plain = store::parse_filter(text, store::Language::experiments);
  if (plain.ok() != clauses.ok()) return -1;
  const auto ordering = store::parse_ordering(text);
  return ordering.ok() && ordering->written.empty() ? -1 : 0;
}
