// models/catboost/oblivious.h — trees that ask the same question on a level, many rows at a time.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace slipway::models::catboost {

/// How many rows a block has.
inline constexpr size_t kBlock = 64;

/// A test on a level: whether a row's rank in a column is at least this.
struct Level {
  uint32_t column;
  uint8_t rank;
};

struct ObliviousTree {
  uint32_t first_level = 0;  // into levels, the lowest bit of a leaf's number first
  uint32_t n_levels = 0;
  size_t first_leaf = 0;  // into leaves: n_outputs for each of 2^n_levels
};

/// Trees in the model's order; places are checked by whoever makes them.
struct ObliviousTrees {
  std::vector<Level> levels;
  std::vector<ObliviousTree> trees;
  std::vector<double> leaves;
  size_t n_outputs = 1;

  /// Add every tree's leaf to sums [kBlock × n_outputs], tree by tree.
  ///
  /// ranks    [n_columns × kBlock]: of each column its rows' ranks.
  void add_block(const uint8_t* ranks, double* sums) const;
  /// The same of one row: ranks [n_columns], sums [n_outputs].
  void add_row(const uint8_t* ranks, double* sums) const;
};

/// Count for each of kBlock numbers the borders (ascending, at most 255) below it; NaN has none.
void rank_block(const float* x, std::span<const float> borders, uint8_t* ranks);

/// Borders behind which infinities stand to the next multiple of this, for rank_number().
inline constexpr size_t kPadding = 16;
/// The same of one number, over padded borders.
uint8_t rank_number(float x, std::span<const float> borders);

}  // namespace slipway::models::catboost
