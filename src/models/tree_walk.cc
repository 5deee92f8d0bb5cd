// The portable evaluation of packed trees: several trees are walked at once, a step in each.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "models/packed_trees.h"

namespace slipway::models {
namespace {

constexpr size_t kBlock = 4096;  // with a group of trees it stays in the first cache

// From so many rows on, a mask's 64 take less than a row after another.
constexpr size_t kMinMaskRows = 40;
constexpr size_t kMinAloneRows = 6;  // the same where rows alone are walked

}  // namespace

template <typename X, typename Sum>
void PackedTrees<X, Sum>::add(BasicMatrixView<X> rows, std::span<Sum> sums) const {
  if (!ranks_) return walk(rows, sums.data());
  const bool by_row =
      kernel_->add_row != nullptr && ranks_->row_form != RankTrees<X, Sum>::RowForm::none;
  size_t n_masked = rows.n_rows / 64 * 64;
  if (rows.n_rows - n_masked >= (by_row ? kMinMaskRows : kMinAloneRows)) n_masked = rows.n_rows;
  if (n_masked > 0) {
    kernel_->add_rows(*ranks_, {rows.values, n_masked, rows.n_columns}, sums.data(), n_outputs_);
  }
  for (size_t i = n_masked; by_row && i < rows.n_rows; ++i) {
    kernel_->add_row(*ranks_, rows.row(i), sums.data() + i * n_outputs_, n_outputs_);
  }
  if (by_row) return;
  walk({rows.row(n_masked), rows.n_rows - n_masked, rows.n_columns},
       sums.data() + n_masked * n_outputs_);
}

template <typename X, typename Sum>
void PackedTrees<X, Sum>::walk(BasicMatrixView<X> rows, Sum* sums) const {
  const size_t width = std::max<size_t>(columns_.size(), 1);
  std::array<X, kBlock> small;
  std::vector<X> large(width > kBlock ? width : 0);
  X* const block = large.empty() ? small.data() : large.data();
  const size_t block_rows = std::max<size_t>(kBlock / width, 1);
  for (size_t begin = 0; begin < rows.n_rows; begin += block_rows) {
    const size_t n = std::min(block_rows, rows.n_rows - begin);
    for (size_t i = 0; i < n; ++i) expand(rows.row(begin + i), block + i * width);
    const BasicMatrixView<X> part{rows.row(begin), n, rows.n_columns};
    Sum* const part_sums = sums + begin * n_outputs_;
    if (category_bits_.empty()) {
      walk_block<false>(block, part, part_sums);
    } else {
      walk_block<true>(block, part, part_sums);
    }
  }
}

template <typename X, typename Sum>
void PackedTrees<X, Sum>::expand(const X* row, X* out) const {
  out[0] = 0;
  for (const auto column : columns_) {
    const X x = row[column.feature];
    switch (column.kind) {
      case ColumnKind::plain: *out++ = x; break;
      case ColumnKind::negated: *out++ = -x; break;
      case ColumnKind::plain_zero: *out++ = without_zero(x); break;
      case ColumnKind::negated_zero: *out++ = -without_zero(x); break;
      case ColumnKind::filled: *out++ = std::isnan(x) ? 0 : x; break;
      case ColumnKind::category: {
        const auto n_bits = category_bits_[column.feature];
        Bits code = std::isnan(x) ? n_bits + 1 : n_bits;  // missing, unknown
        if (x >= lowest_category_ && x < static_cast<X>(n_bits)) code = static_cast<uint32_t>(x);
        *out++ = std::bit_cast<X>(code | kOrdinary);
        break;
      }
    }
  }
}

// Pointers that the compiler can keep in registers for the whole walk.
template <typename X, typename Sum>
struct PackedTrees<X, Sum>::Walk {
  const Node* nodes;
  const uint32_t* category_words;
  const X* row;

  template <bool kCategories>
  uint32_t step(uint32_t at) const {
    const Node& node = nodes[at];
    if constexpr (!kCategories) return node.child + (row[node.column] >= node.threshold);
    // Both questions are asked and one answer taken: which kind a node is cannot be predicted.
    const uint32_t is_category = 0 - (node.column >> 31);
    const X x = row[node.column & ~kCategory];
    const Bits mask = Bits{is_category >> 2};  // without kOrdinary
    const auto bit = static_cast<uint32_t>((std::bit_cast<Bits>(node.threshold) & mask) +
                                           (std::bit_cast<Bits>(x) & mask));
    const uint32_t in_set = category_words[bit / 32] >> (bit % 32) & is_category & 1;
    return node.child + (in_set | ((x >= node.threshold) & ~is_category));
  }

  template <bool kCategories>
  void steps(std::array<uint32_t, kLanes>& at, uint32_t n) const {
    for (; n > 0; --n) {
#pragma GCC unroll 8
      for (size_t lane = 0; lane < kLanes; ++lane) at[lane] = step<kCategories>(at[lane]);
    }
  }

  // To the leaves of a group.
  template <bool kCategories>
  std::array<uint32_t, kLanes> leaves(const Group& group) const {
    constexpr uint32_t kSteps = 8;  // between two looks whether every lane has reached its leaf
    std::array<uint32_t, kLanes> at;
    std::copy_n(group.roots, kLanes, at.begin());
    for (uint32_t left = group.depth; left > 0;) {
      const uint32_t n = std::min(kSteps, left);
      const auto before = at;
      steps<kCategories>(at, n);
      left -= n;
      if (left > 0 && at == before) break;
    }
    return at;
  }
};

template <typename X, typename Sum>
template <bool kCategories>
void PackedTrees<X, Sum>::walk_block(const X* expanded, BasicMatrixView<X> rows, Sum* sums) const {
  const size_t width = std::max<size_t>(columns_.size(), 1);
  const uint32_t* outputs = outputs_.data();
  const Sum* leaves = leaves_.data();
  const bool plain_leaves = !vectors_are_leaves_ && !leaves_are_linear_;
  for (const Group& group : groups_) {
    for (size_t i = 0; i < rows.n_rows; ++i) {
      const Walk walk{nodes_.data(), category_words_.data(), expanded + i * width};
      const auto at = walk.template leaves<kCategories>(group);
      Sum* row_sums = sums + i * n_outputs_;
      if (plain_leaves && n_outputs_ == 1 && group.n_trees == kLanes) {  // nearly always
        for (const uint32_t leaf : at) *row_sums += leaves[leaf];
        continue;
      }
      for (size_t lane = 0; lane < group.n_trees; ++lane) {
        if (plain_leaves) {
          row_sums[outputs[lane]] += leaves[at[lane]];
        } else {
          add_leaf(at[lane], outputs[lane], rows.row(i), row_sums);
        }
      }
    }
    outputs += group.n_trees;
  }
}

// A leaf that is a vector or linear.
template <typename X, typename Sum>
void PackedTrees<X, Sum>::add_leaf(uint32_t leaf, uint32_t output, const X* row, Sum* sums) const {
  if (vectors_are_leaves_) {
    const Sum* values = vectors_.data() + vector_places_[leaf];
    for (size_t k = 0; k < n_outputs_; ++k) sums[k] += values[k];
    return;
  }
  Sum value = leaves_[leaf];
  if (const uint32_t place = linear_places_[leaf]; place != 0) {
    const Linear& linear = linears_[place - 1];
    Sum sum = linear.constant;
    bool any_missing = false;
    for (uint32_t i = linear.begin; i < linear.end; ++i) {
      const X x = row[linear_features_[i]];
      any_missing |= std::isnan(x);
      sum += static_cast<Sum>(linear_coefficients_[i] * static_cast<double>(x));
    }
    if (!any_missing) value = sum;
  }
  sums[output] += value;
}

template class PackedTrees<float, float>;
template class PackedTrees<float, double>;
template class PackedTrees<double, double>;

}  // namespace slipway::models
