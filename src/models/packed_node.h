// models/packed_node.h — a node of a packed tree, and what it reads.
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace slipway::models {

/// What a packed split reads: a feature, prepared so that no step of a walk asks where NaN goes.
enum class ColumnKind : uint8_t {
  plain,         // x
  negated,       // -x
  plain_zero,    // x, NaN where it is zero
  negated_zero,  // -x, NaN where it is zero
  filled,        // x, 0 where it is NaN
  category       // its code as bits
};
constexpr size_t kColumnKinds = 6;

constexpr bool is_negated(ColumnKind kind) {
  return kind == ColumnKind::negated || kind == ColumnKind::negated_zero;
}

struct PackedColumn {
  uint32_t feature;
  ColumnKind kind;
};

/// A step goes to `child` where !(x >= threshold), which takes NaN along, else to child + 1. A
/// split whose missing values go right looks at -x and has its children swapped. A leaf has
/// threshold NaN and leads to itself.
template <typename X>
struct PackedNode {
  static constexpr uint32_t kCategory = 1u << 31;
  X threshold;      // categories: where the set is in bits
  uint32_t column;  // place in the expanded row; the top bit is set where it is a category
  uint32_t child;
};

constexpr double kZeroBound = 1e-35f;  // LightGBM's: a float32 constant that is compared as double

template <typename X>
X without_zero(X x) {
  return std::abs(x) <= static_cast<X>(kZeroBound) ? std::numeric_limits<X>::quiet_NaN() : x;
}

}  // namespace slipway::models
