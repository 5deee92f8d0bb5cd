#include "models/catboost/oblivious.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string_view>

// One source for each width of registers: GCC's and clang's vectors become what the target has.
#if defined(__x86_64__)
#include <immintrin.h>

#define SLIPWAY_WIDE __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2")))
#define SLIPWAY_HALF __attribute__((target("avx2")))
#endif

namespace slipway::models::catboost {
namespace {

using Bytes = uint8_t __attribute__((vector_size(kBlock)));
using Floats = float __attribute__((vector_size(kBlock)));  // 16 of them
using Ints = int32_t __attribute__((vector_size(kBlock)));

constexpr size_t kLinear = 96;  // more borders than these are searched in halves

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
    const auto bit = static_cast<uint8_t>(1u << l);
    leaf |= (Bytes)(rank >= (Bytes{} + level.rank)) & (Bytes{} + bit);
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
// Leaves' numbers of 64 rows.
SLIPWAY_WIDE inline __m512i places_of(const ObliviousTrees& all, const ObliviousTree& tree,
                                      const uint8_t* ranks) {
  __m512i leaf = _mm512_setzero_si512();
  for (uint32_t l = 0; l < tree.n_levels; ++l) {
    const Level level = all.levels[tree.first_level + l];
    const __m512i rank = _mm512_loadu_si512(ranks + level.column * kBlock);
    const auto yes = _mm512_cmpge_epu8_mask(rank, _mm512_set1_epi8(static_cast<char>(level.rank)));
    leaf = _mm512_mask_add_epi8(leaf, yes, leaf, _mm512_set1_epi8(static_cast<char>(1u << l)));
  }
  return leaf;
}

// Of up to 64 leaves in eight registers, those of eight rows.
SLIPWAY_WIDE inline __m512d chosen(const __m512d* leaves, __m512i place) {
  const __mmask8 fifth = _mm512_test_epi64_mask(place, _mm512_set1_epi64(16));
  const __mmask8 sixth = _mm512_test_epi64_mask(place, _mm512_set1_epi64(32));
  const auto low = _mm512_mask_blend_pd(fifth, _mm512_permutex2var_pd(leaves[0], place, leaves[1]),
                                        _mm512_permutex2var_pd(leaves[2], place, leaves[3]));
  const auto high = _mm512_mask_blend_pd(fifth, _mm512_permutex2var_pd(leaves[4], place, leaves[5]),
                                         _mm512_permutex2var_pd(leaves[6], place, leaves[7]));
  return _mm512_mask_blend_pd(sixth, low, high);
}

SLIPWAY_WIDE void add_wide(const ObliviousTrees& all, const uint8_t* ranks, double* sums) {
  for (const auto& tree : all.trees) {
    if (tree.n_levels > 6 || all.n_outputs != 1) {
      if (tree.n_levels <= 8 && all.n_outputs == 1) {
        add_shallow(all, tree, ranks, sums);
      } else {
        add_any(all, tree, ranks, sums);
      }
      continue;
    }
    alignas(kBlock) uint8_t places[kBlock];
    _mm512_store_si512(places, places_of(all, tree, ranks));
    const size_t n_leaves = size_t{1} << tree.n_levels;
    const double* values = all.leaves.data() + tree.first_leaf;
    __m512d leaves[8];
    for (size_t k = 0; k < 8; ++k) {
      const auto here = n_leaves > 8 * k ? std::min<size_t>(n_leaves - 8 * k, 8) : 0;
      leaves[k] = _mm512_maskz_loadu_pd(static_cast<__mmask8>((1u << here) - 1), values + 8 * k);
    }
    for (size_t part = 0; part < kBlock / 8; ++part) {
      const auto bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(places + 8 * part));
      const auto sum = _mm512_loadu_pd(sums + 8 * part);
      const auto leaf = chosen(leaves, _mm512_cvtepu8_epi64(bytes));
      _mm512_storeu_pd(sums + 8 * part, _mm512_add_pd(sum, leaf));
    }
  }
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

uint8_t rank_number(float x, std::span<const float> borders) {
  Ints counts{};
  for (size_t at = 0; at + kPadding <= borders.size(); at += kPadding) {
    Floats some;
    load(some, borders.data() + at);
    counts -= (Floats{} + x) > some;
  }
  int32_t sum = 0;
  for (size_t i = 0; i < kPadding; ++i) sum += counts[i];
  return static_cast<uint8_t>(sum);
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
