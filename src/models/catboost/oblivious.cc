#include "models/catboost/oblivious.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string_view>

// One source for each width of registers: GCC's and clang's vectors become what the target has.
#if defined(__x86_64__)
#define SLIPWAY_WIDE __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2")))
#define SLIPWAY_HALF __attribute__((target("avx2")))
#endif

namespace slipway::models::catboost {
namespace {

using Bytes = uint8_t __attribute__((vector_size(kBlock)));
using Floats = float __attribute__((vector_size(kBlock)));  // 16 of them
using Ints = int32_t __attribute__((vector_size(kBlock)));

constexpr size_t kLinear = 24;  // more borders than these are searched in halves

template <typename Vector, typename T>
inline __attribute__((always_inline)) void load(Vector& to, const T* from) {
  std::memcpy(&to, from, sizeof to);
}

// Trees of up to 8 levels, of one output.
inline __attribute__((always_inline)) void add_shallow(const ObliviousTrees& all,
                                                       const ObliviousTree& tree,
                                                       const uint8_t* ranks, double* sums) {
  Bytes leaf{};
  for (uint32_t l = 0; l < tree.n_levels; ++l) {
    const Level level = all.levels[tree.first_level + l];
    Bytes rank;
    load(rank, ranks + level.column * kBlock);
    const Bytes bit = Bytes{} + static_cast<uint8_t>(1u << l);
    leaf |= (Bytes)(rank >= (Bytes{} + level.rank)) & bit;
  }
  alignas(kBlock) uint8_t places[kBlock];
  std::memcpy(places, &leaf, sizeof places);
  const double* values = all.leaves.data() + tree.first_leaf;
  for (size_t i = 0; i < kBlock; ++i) sums[i] += values[places[i]];
}

void add_any(const ObliviousTrees& all, const ObliviousTree& tree, const uint8_t* ranks,
             double* sums) {
  uint32_t places[kBlock] = {};
  for (uint32_t l = 0; l < tree.n_levels; ++l) {
    const Level level = all.levels[tree.first_level + l];
    const uint8_t* rank = ranks + level.column * kBlock;
    for (size_t i = 0; i < kBlock; ++i) {
      places[i] |= static_cast<uint32_t>(rank[i] >= level.rank) << l;
    }
  }
  const double* values = all.leaves.data() + tree.first_leaf;
  for (size_t i = 0; i < kBlock; ++i) {
    for (size_t k = 0; k < all.n_outputs; ++k) {
      sums[i * all.n_outputs + k] += values[places[i] * all.n_outputs + k];
    }
  }
}

inline __attribute__((always_inline)) void add_trees(const ObliviousTrees& all,
                                                     const uint8_t* ranks, double* sums) {
  for (const auto& tree : all.trees) {
    if (tree.n_levels <= 8 && all.n_outputs == 1) {
      add_shallow(all, tree, ranks, sums);
    } else {
      add_any(all, tree, ranks, sums);
    }
  }
}

inline __attribute__((always_inline)) void rank_few(const float* x, std::span<const float> borders,
                                                    uint8_t* ranks) {
  for (size_t part = 0; part < kBlock / 16; ++part) {
    Floats values;
    load(values, x + part * 16);
    Ints counts{};
    for (const float border : borders) counts -= values > (Floats{} + border);
    for (size_t i = 0; i < 16; ++i) ranks[part * 16 + i] = static_cast<uint8_t>(counts[i]);
  }
}

void add_plain(const ObliviousTrees& all, const uint8_t* ranks, double* sums) {
  add_trees(all, ranks, sums);
}
void rank_plain(const float* x, std::span<const float> borders, uint8_t* ranks) {
  rank_few(x, borders, ranks);
}
#if defined(__x86_64__)
SLIPWAY_HALF void add_half(const ObliviousTrees& all, const uint8_t* ranks, double* sums) {
  add_trees(all, ranks, sums);
}
SLIPWAY_HALF void rank_half(const float* x, std::span<const float> borders, uint8_t* ranks) {
  rank_few(x, borders, ranks);
}
SLIPWAY_WIDE void add_wide(const ObliviousTrees& all, const uint8_t* ranks, double* sums) {
  add_trees(all, ranks, sums);
}
SLIPWAY_WIDE void rank_wide(const float* x, std::span<const float> borders, uint8_t* ranks) {
  rank_few(x, borders, ranks);
}
#endif

struct Kernels {
  void (*add)(const ObliviousTrees&, const uint8_t*, double*) = add_plain;
  void (*rank)(const float*, std::span<const float>, uint8_t*) = rank_plain;
};

const Kernels& kernels() {
  static const Kernels kBest = [] {
    Kernels out;
#if defined(__x86_64__)
    const char* asked = std::getenv("SLIPWAY_SIMD");
    const std::string_view name = asked == nullptr ? "" : asked;
    if (name != "none" && __builtin_cpu_supports("avx2")) out = {add_half, rank_half};
    if (name.empty() && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl")) {
      out = {add_wide, rank_wide};
    }
#endif
    return out;
  }();
  return kBest;
}

}  // namespace

void ObliviousTrees::add_block(const uint8_t* ranks, double* sums) const {
  kernels().add(*this, ranks, sums);
}

void ObliviousTrees::add_row(const uint8_t* ranks, double* sums) const {
  for (const auto& tree : trees) {
    size_t place = 0;
    for (uint32_t l = 0; l < tree.n_levels; ++l) {
      const Level level = levels[tree.first_level + l];
      place |= static_cast<size_t>(ranks[level.column] >= level.rank) << l;
    }
    const double* values = leaves.data() + tree.first_leaf + place * n_outputs;
    for (size_t k = 0; k < n_outputs; ++k) sums[k] += values[k];
  }
}

void rank_block(const float* x, std::span<const float> borders, uint8_t* ranks) {
  if (borders.size() <= kLinear) {
    kernels().rank(x, borders, ranks);
    return;
  }
  for (size_t i = 0; i < kBlock; ++i) {
    const auto found = std::lower_bound(borders.begin(), borders.end(), x[i]);
    ranks[i] = x[i] != x[i] ? 0 : static_cast<uint8_t>(found - borders.begin());
  }
}

}  // namespace slipway::models::catboost
