// store/search_page.h — where a page of runs begins: after which row of the page before it.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace slipway::store {

/// What one run is ordered by: a value, or what comes after all values.
struct SortCell {
  enum class State : uint8_t { value, nan, missing };
  State state = State::value;
  std::variant<double, int64_t, std::string> value;
};

enum class SortKind : uint8_t { number, integer, text };

/// Where a page begins. With `after`, behind the row that is ordered by these cells: rows that came
/// or went in the meantime then neither repeat nor skip others. Without, behind `offset` rows.
struct PageStart {
  int64_t offset = 0;
  std::vector<SortCell> after;
};

/// Write the token of the page that begins there.
std::string page_token(const PageStart& start);

/// Read a token; `kinds` are those of the search's order. An empty one is the first page.
/// Errors   invalid_parameter_value, with MLflow's words: it is none, or of another order.
Result<PageStart> read_page_token(std::string_view token, const std::vector<SortKind>& kinds);

}  // namespace slipway::store
