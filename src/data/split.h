// data/split.h — row numbers cut into parts at random, each class in the same proportions.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/column.h"

namespace slipway::data {

struct Part {
  std::string name;
  double fraction = 0;
};

/// Cut the rows of a column into parts so that each of its values is spread over the parts by
/// their fractions (largest remainder, exact within one row a class and part). A missing value is
/// a class of its own. The same seed gives the same rows everywhere.
///
/// parts    fractions > 0 that sum to 1 (within 1e-9).
/// Returns  for each part its row numbers, ascending.
/// Errors   invalid_parameter_value: fractions that do not sum to 1, or a class with fewer rows
///          than there are parts; the message names it.
Result<std::vector<std::vector<size_t>>> stratified_split(const Column& classes,
                                                          const std::vector<Part>& parts,
                                                          uint64_t seed);

/// Cut `n_rows` rows into parts without regard to any column. Errors as stratified_split.
Result<std::vector<std::vector<size_t>>> random_split(size_t n_rows, const std::vector<Part>& parts,
                                                      uint64_t seed);

}  // namespace slipway::data
