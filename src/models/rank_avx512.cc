// Ranked trees by AVX-512 with its byte permutations (Intel since Ice Lake, AMD since Zen 4).
#include "models/rank_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define SLIPWAY_KERNEL \
  __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,bmi,bmi2,popcnt")))

namespace slipway::models {
namespace {

struct Wide {
  template <uint32_t kLines>
  SLIPWAY_KERNEL static inline uint8_t rank(const float* table, float x) {
    const __m512 value = _mm512_set1_ps(x);
    const uint32_t pivots = _mm512_cmp_ps_mask(_mm512_load_ps(table), value, _CMP_LE_OQ);
    const auto block = static_cast<uint32_t>(_mm_popcnt_u32(pivots)) * 16;
    const uint32_t rest = _mm512_cmp_ps_mask(_mm512_load_ps(table + 16 + block), value, _CMP_LE_OQ);
    return static_cast<uint8_t>(block + static_cast<uint32_t>(_mm_popcnt_u32(rest)));
  }

  // 16 of them.
  SLIPWAY_KERNEL static inline __mmask16 at_most(const double* table, __m512d value) {
    const __mmask8 low = _mm512_cmp_pd_mask(_mm512_load_pd(table), value, _CMP_LE_OQ);
    const __mmask8 high = _mm512_cmp_pd_mask(_mm512_load_pd(table + 8), value, _CMP_LE_OQ);
    return _mm512_kunpackb(high, low);
  }

  template <uint32_t kLines>
  SLIPWAY_KERNEL static inline uint8_t rank(const double* table, double x) {
    const __m512d value = _mm512_set1_pd(x);
    uint32_t pivots;
    if constexpr (kLines == 1) {
      pivots = _mm512_cmp_pd_mask(_mm512_load_pd(table), value, _CMP_LE_OQ);
    } else if constexpr (kLines == 2) {
      pivots = at_most(table, value);
    } else {
      pivots = _mm512_kunpackw(at_most(table + 16, value), at_most(table, value));
    }
    const auto block = static_cast<uint32_t>(_mm_popcnt_u32(pivots)) * 8;
    const uint32_t rest = _mm512_cmp_pd_mask(_mm512_load_pd(table + 32 + block), value, _CMP_LE_OQ);
    return static_cast<uint8_t>(block + static_cast<uint32_t>(_mm_popcnt_u32(rest)));
  }

  SLIPWAY_KERNEL static inline uint64_t greater(const uint8_t* ranks, uint8_t rank) {
    return _mm512_cmpgt_epu8_mask(_mm512_load_si512(ranks),
                                  _mm512_set1_epi8(static_cast<char>(rank)));
  }

  // Every row is in one leaf's mask; a bit of its number is set where it is in a leaf that has it.
  SLIPWAY_KERNEL static inline void number_leaves(const uint64_t* reach, uint32_t n, uint8_t* out) {
    __m512i any = _mm512_setzero_si512();
    __m512i high[5] = {any, any, any, any, any};
    for (uint32_t q = 0; q * 8 < n; ++q) {
      const __m512i masks = _mm512_load_si512(reach + q * 8);
      any = _mm512_or_si512(any, masks);
      for (uint32_t bit = 0; bit < 5; ++bit) {
        if ((q >> bit & 1) != 0) high[bit] = _mm512_or_si512(high[bit], masks);
      }
    }
    __m512i number = _mm512_setzero_si512();
    number = with_bit(number, _mm512_maskz_mov_epi64(0xAA, any), 1);
    number = with_bit(number, _mm512_maskz_mov_epi64(0xCC, any), 2);
    number = with_bit(number, _mm512_maskz_mov_epi64(0xF0, any), 4);
    for (uint32_t bit = 0; n > (8u << bit) && bit < 5; ++bit) {
      number = with_bit(number, high[bit], static_cast<char>(8u << bit));
    }
    _mm512_store_si512(out, number);
  }

  SLIPWAY_KERNEL static inline void number_rows(const uint64_t* bits, uint32_t n, uint8_t* out) {
    __m512i number = _mm512_setzero_si512();
    for (uint32_t i = 0; i < n; ++i) {
      const __m512i bit = _mm512_set1_epi8(static_cast<char>(1u << i));
      number = _mm512_mask_add_epi8(number, bits[i], number, bit);
    }
    _mm512_store_si512(out, number);
  }

  SLIPWAY_KERNEL static inline __m512i with_bit(__m512i number, __m512i masks, char bit) {
    const auto rows = static_cast<uint64_t>(_mm512_reduce_or_epi64(masks));
    return _mm512_mask_add_epi8(number, rows, number, _mm512_set1_epi8(bit));
  }

  SLIPWAY_KERNEL static inline void add_leaves(const float* leaves, uint32_t n, const uint8_t* of,
                                               float* sums) {
    const __m512 a = _mm512_load_ps(leaves);
    const __m512 b = _mm512_load_ps(leaves + 16);
    const __m512 c = _mm512_load_ps(leaves + 32);
    const __m512 d = _mm512_load_ps(leaves + 48);
    for (int i = 0; i < 64; i += 16) {
      const __m512i at =
          _mm512_cvtepu8_epi32(_mm_load_si128(reinterpret_cast<const __m128i*>(of + i)));
      __m512 values;
      if (n <= 64) {
        const __mmask16 upper = _mm512_test_epi32_mask(at, _mm512_set1_epi32(32));
        values = _mm512_permutex2var_ps(a, at, b);
        values = _mm512_mask_mov_ps(values, upper, _mm512_permutex2var_ps(c, at, d));
      } else {
        values = _mm512_i32gather_ps(at, leaves, 4);
      }
      _mm512_store_ps(sums + i, _mm512_add_ps(_mm512_load_ps(sums + i), values));
    }
  }

  SLIPWAY_KERNEL static inline void add_leaves(const double* leaves, uint32_t n, const uint8_t* of,
                                               double* sums) {
    const __m512d a = _mm512_load_pd(leaves);
    const __m512d b = _mm512_load_pd(leaves + 8);
    const __m512d c = _mm512_load_pd(leaves + 16);
    const __m512d d = _mm512_load_pd(leaves + 24);
    for (int i = 0; i < 64; i += 8) {
      const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(of + i));
      __m512d values;
      if (n <= 32) {
        const __m512i at = _mm512_cvtepu8_epi64(bytes);
        const __mmask8 upper = _mm512_test_epi64_mask(at, _mm512_set1_epi64(16));
        values = _mm512_permutex2var_pd(a, at, b);
        values = _mm512_mask_mov_pd(values, upper, _mm512_permutex2var_pd(c, at, d));
      } else {
        values = _mm512_i32gather_pd(_mm256_cvtepu8_epi32(bytes), leaves, 8);
      }
      _mm512_store_pd(sums + i, _mm512_add_pd(_mm512_load_pd(sums + i), values));
    }
  }
};

}  // namespace
}  // namespace slipway::models

#include "models/rank_kernel.h"

namespace slipway::models {
namespace {

// The ranks of a row, as two registers.
struct RowRanks {
  __m512i first;
  __m512i second;
};

template <typename X, typename Sum>
SLIPWAY_KERNEL inline RowRanks rank_row(const RankTrees<X, Sum>& trees, const X* row) {
  alignas(64) uint8_t ranks[128];
  for (const auto& source : trees.sources) {
    const X x = prepared(row[source.feature], source.kind);
    const uint8_t rank = Wide::rank<4>(trees.thresholds[source.first_line].values.data(), x);
    if (source.low_column >= 0) ranks[source.low_column] = rank;
    if (source.high_column >= 0) ranks[source.high_column] = x != x ? 255 : rank;
  }
  return {_mm512_load_si512(ranks), _mm512_load_si512(ranks + 64)};
}

// A bit for each node of a tree: whether its second side is taken.
template <typename X, typename Sum>
SLIPWAY_KERNEL inline uint64_t decide(const RankTrees<X, Sum>& trees, size_t tree, RowRanks row) {
  const __m512i columns = _mm512_load_si512(trees.row_columns[tree].values.data());
  const __m512i ranks = _mm512_permutex2var_epi8(row.first, columns, row.second);
  return _mm512_cmpgt_epu8_mask(ranks, _mm512_load_si512(trees.row_ranks[tree].values.data()));
}

// A leaf for each tree of a chunk. What a step writes is read only after the whole chunk is
// written: a wide load just after narrow stores would wait for them.
constexpr size_t kChunk = 128;

// Heaps of 6 levels: 8 trees go down together.
SLIPWAY_KERNEL inline void follow_heaps(const uint64_t* decisions, uint64_t* leaf, size_t n) {
  const __m512i one = _mm512_set1_epi64(1);
  for (size_t i = 0; i < n; i += 8) {
    const __m512i bits = _mm512_load_si512(decisions + i);
    __m512i at = _mm512_add_epi64(_mm512_and_si512(bits, one), one);
    for (int level = 1; level < 6; ++level) {
      const __m512i bit = _mm512_and_si512(_mm512_srlv_epi64(bits, at), one);
      at = _mm512_add_epi64(_mm512_add_epi64(at, at), _mm512_add_epi64(bit, one));
    }
    _mm512_store_si512(leaf + i, _mm512_sub_epi64(at, _mm512_set1_epi64(63)));
  }
}

// Trees of up to 32 leaves: what all nodes leave whose second side is taken.
SLIPWAY_KERNEL inline void follow_short(const Line<uint32_t>* masks, const uint64_t* decisions,
                                        uint64_t* leaf, size_t n) {
  const __m512i all = _mm512_set1_epi32(-1);
  for (size_t i = 0; i < n; ++i) {
    const __m512i first = _mm512_load_si512(masks[2 * i].values.data());
    const __m512i second = _mm512_load_si512(masks[2 * i + 1].values.data());
    const __m512i left = _mm512_and_si512(
        _mm512_mask_mov_epi32(all, static_cast<__mmask16>(decisions[i]), first),
        _mm512_mask_mov_epi32(all, static_cast<__mmask16>(decisions[i] >> 16), second));
    leaf[i] = _tzcnt_u32(static_cast<uint32_t>(_mm512_reduce_and_epi32(left)));
  }
}

SLIPWAY_KERNEL inline void follow_long(const Line<uint64_t>* masks, const uint64_t* decisions,
                                       uint64_t* leaf, size_t n) {
  for (size_t i = 0; i < n; ++i) {
    __m512i left = _mm512_set1_epi64(-1);
    for (size_t k = 0; k < 8; ++k) {
      left = _mm512_mask_and_epi64(left, static_cast<__mmask8>(decisions[i] >> (8 * k)), left,
                                   _mm512_load_si512(masks[8 * i + k].values.data()));
    }
    leaf[i] = _tzcnt_u64(static_cast<uint64_t>(_mm512_reduce_and_epi64(left)));
  }
}

template <typename X, typename Sum>
SLIPWAY_KERNEL void add_row(const RankTrees<X, Sum>& trees, const X* row, Sum* sums,
                            size_t n_outputs) {
  const RowRanks ranks = rank_row(trees, row);
  const size_t n_trees = trees.trees.size();
  using RowForm = typename RankTrees<X, Sum>::RowForm;
  const Sum* const leaves = trees.row_leaves();
  alignas(64) uint64_t decisions[kChunk] = {};
  alignas(64) uint64_t leaf[kChunk];
  for (size_t begin = 0; begin < n_trees; begin += kChunk) {
    const size_t n = n_trees - begin < kChunk ? n_trees - begin : kChunk;
    for (size_t i = 0; i < n; ++i) decisions[i] = decide(trees, begin + i, ranks);
    if (trees.row_form == RowForm::complete) {
      follow_heaps(decisions, leaf, n);
    } else if (trees.row_form == RowForm::short_masks) {
      follow_short(trees.short_masks.data() + 2 * begin, decisions, leaf, n);
    } else {
      follow_long(trees.long_masks.data() + 8 * begin, decisions, leaf, n);
    }
    const uint32_t* place = trees.row_places.data() + begin * 2;  // and shift, of each tree
    Sum sum = *sums;
    for (size_t i = 0; i < n; ++i) {
      const Sum value = leaves[place[2 * i] + (leaf[i] >> place[2 * i + 1])];
      if (n_outputs == 1) {
        sum += value;
      } else {
        sums[trees.trees[begin + i].output] += value;
      }
    }
    if (n_outputs == 1) *sums = sum;
  }
}

}  // namespace

template <typename X, typename Sum>
const RankKernel<X, Sum>* avx512_kernel() {
  static constexpr RankKernel<X, Sum> kKernel{add_rows<X, Sum>, add_row<X, Sum>};
  const bool has =
      __builtin_cpu_supports("avx512vbmi") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
      __builtin_cpu_supports("avx512dq") != 0 && __builtin_cpu_supports("avx512vl") != 0;
  return has ? &kKernel : nullptr;
}

}  // namespace slipway::models

#else

namespace slipway::models {
template <typename X, typename Sum>
const RankKernel<X, Sum>* avx512_kernel() {
  return nullptr;
}
}  // namespace slipway::models

#endif

namespace slipway::models {
template const RankKernel<float, float>* avx512_kernel();
template const RankKernel<float, double>* avx512_kernel();
template const RankKernel<double, double>* avx512_kernel();
}  // namespace slipway::models
