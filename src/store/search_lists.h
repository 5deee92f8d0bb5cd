// store/search_lists.h — a filter's list of texts, `('a', "b")`, read as the Python tuple it is.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace slipway::store {

struct TextList {
  std::vector<std::string> texts;  // also where others stand between them
  std::string problem;             // why it is refused, in MLflow's words; empty where it is not
};

/// Read what stands in parentheses: texts in either quotes with Python's escapes, neighbours
/// without a comma joined, a last comma allowed.
///
/// Source   mlflow 3.17.2, which reads it by `ast.literal_eval`.
TextList read_list(std::string_view written);

/// Write a text as Python's repr() does: in single quotes, in double ones where it holds single.
std::string python_text(std::string_view text);

}  // namespace slipway::store
