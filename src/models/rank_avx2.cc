// Ranked trees by AVX2 (Intel since Haswell, AMD since Excavator).
#include "models/rank_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define SLIPWAY_KERNEL __attribute__((target("avx2,bmi,bmi2,popcnt")))

namespace slipway::models {
namespace {

struct Wide {
  SLIPWAY_KERNEL static inline uint32_t count(const float* table, __m256 value) {
    const auto low = _mm256_movemask_ps(_mm256_cmp_ps(_mm256_load_ps(table), value, _CMP_LE_OQ));
    const auto high =
        _mm256_movemask_ps(_mm256_cmp_ps(_mm256_load_ps(table + 8), value, _CMP_LE_OQ));
    return static_cast<uint32_t>(_mm_popcnt_u32(static_cast<uint32_t>(low | high << 8)));
  }

  template <uint32_t kLines>
  SLIPWAY_KERNEL static inline uint8_t rank(const float* table, float x) {
    const __m256 value = _mm256_set1_ps(x);
    const uint32_t block = count(table, value) * 16;
    return static_cast<uint8_t>(block + count(table + 16 + block, value));
  }

  SLIPWAY_KERNEL static inline uint32_t count(const double* table, __m256d value) {
    const auto low = _mm256_movemask_pd(_mm256_cmp_pd(_mm256_load_pd(table), value, _CMP_LE_OQ));
    const auto high =
        _mm256_movemask_pd(_mm256_cmp_pd(_mm256_load_pd(table + 4), value, _CMP_LE_OQ));
    return static_cast<uint32_t>(_mm_popcnt_u32(static_cast<uint32_t>(low | high << 4)));
  }

  template <uint32_t kLines>
  SLIPWAY_KERNEL static inline uint8_t rank(const double* table, double x) {
    const __m256d value = _mm256_set1_pd(x);
    uint32_t block = 0;
    for (uint32_t i = 0; i < kLines; ++i) block += count(table + 8 * i, value);
    block *= 8;
    return static_cast<uint8_t>(block + count(table + 32 + block, value));
  }

  // There is no unsigned comparison: a > b where max(a, b) is not b.
  SLIPWAY_KERNEL static inline uint32_t greater_32(const uint8_t* ranks, __m256i rank) {
    const __m256i values = _mm256_load_si256(reinterpret_cast<const __m256i*>(ranks));
    const __m256i at_most = _mm256_cmpeq_epi8(_mm256_max_epu8(values, rank), rank);
    return ~static_cast<uint32_t>(_mm256_movemask_epi8(at_most));
  }

  SLIPWAY_KERNEL static inline uint64_t greater(const uint8_t* ranks, uint8_t rank) {
    const __m256i wide = _mm256_set1_epi8(static_cast<char>(rank));
    return greater_32(ranks, wide) | static_cast<uint64_t>(greater_32(ranks + 32, wide)) << 32;
  }

  // Every row is in one leaf's mask; a bit of its number is set where it is in a leaf that has it.
  SLIPWAY_KERNEL static inline void number_leaves(const uint64_t* reach, uint32_t n, uint8_t* out) {
    __m256i low = _mm256_setzero_si256();  // of leaves 0 to 3 of 8, 4 to 7
    __m256i high = low;
    __m256i more[5] = {low, low, low, low, low};
    for (uint32_t q = 0; q * 8 < n; ++q) {
      const __m256i a = _mm256_load_si256(reinterpret_cast<const __m256i*>(reach + q * 8));
      const __m256i b = _mm256_load_si256(reinterpret_cast<const __m256i*>(reach + q * 8 + 4));
      low = _mm256_or_si256(low, a);
      high = _mm256_or_si256(high, b);
      for (uint32_t bit = 0; bit < 5; ++bit) {
        if ((q >> bit & 1) == 0) continue;
        more[bit] = _mm256_or_si256(more[bit], _mm256_or_si256(a, b));
      }
    }
    alignas(32) uint64_t lanes[4];
    __m256i number[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    _mm256_store_si256(reinterpret_cast<__m256i*>(lanes), _mm256_or_si256(low, high));
    with_bit(number, lanes[1] | lanes[3], 1);
    with_bit(number, lanes[2] | lanes[3], 2);
    with_bit(number, any(high), 4);
    for (uint32_t bit = 0; n > (8u << bit) && bit < 5; ++bit) {
      with_bit(number, any(more[bit]), static_cast<char>(8u << bit));
    }
    _mm256_store_si256(reinterpret_cast<__m256i*>(out), number[0]);
    _mm256_store_si256(reinterpret_cast<__m256i*>(out + 32), number[1]);
  }

  SLIPWAY_KERNEL static inline void number_rows(const uint64_t* bits, uint32_t n, uint8_t* out) {
    __m256i number[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    for (uint32_t i = 0; i < n; ++i) with_bit(number, bits[i], static_cast<char>(1u << i));
    _mm256_store_si256(reinterpret_cast<__m256i*>(out), number[0]);
    _mm256_store_si256(reinterpret_cast<__m256i*>(out + 32), number[1]);
  }

  SLIPWAY_KERNEL static inline uint64_t any(__m256i masks) {
    alignas(32) uint64_t lanes[4];
    _mm256_store_si256(reinterpret_cast<__m256i*>(lanes), masks);
    return lanes[0] | lanes[1] | lanes[2] | lanes[3];
  }

  // Each byte of a mask is put where its rows are, and each row looks at its bit of it.
  SLIPWAY_KERNEL static inline void with_bit(__m256i* number, uint64_t rows, char bit) {
    const __m256i spread = _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1,  //
                                            2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3);
    const __m256i own = _mm256_set1_epi64x(static_cast<int64_t>(0x8040201008040201));
    for (int half = 0; half < 2; ++half) {
      const auto part = static_cast<int32_t>(rows >> (32 * half));
      const __m256i bytes = _mm256_shuffle_epi8(_mm256_set1_epi32(part), spread);
      const __m256i is_set = _mm256_cmpeq_epi8(_mm256_and_si256(bytes, own), own);
      number[half] = _mm256_or_si256(number[half], _mm256_and_si256(is_set, _mm256_set1_epi8(bit)));
    }
  }

  template <typename Sum>
  SLIPWAY_KERNEL static inline void add_leaves(const Sum* leaves, uint32_t, const uint8_t* of,
                                               Sum* sums) {
    for (size_t i = 0; i < 64; ++i) sums[i] += leaves[of[i]];
  }
};

}  // namespace
}  // namespace slipway::models

#include "models/rank_kernel.h"

namespace slipway::models {

template <typename X, typename Sum>
const RankKernel<X, Sum>* avx2_kernel() {
  static constexpr RankKernel<X, Sum> kKernel{add_rows<X, Sum>, nullptr};
  const bool has = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("bmi2") != 0;
  return has ? &kKernel : nullptr;
}

}  // namespace slipway::models

#else

namespace slipway::models {
template <typename X, typename Sum>
const RankKernel<X, Sum>* avx2_kernel() {
  return nullptr;
}
}  // namespace slipway::models

#endif

namespace slipway::models {
template const RankKernel<float, float>* avx2_kernel();
template const RankKernel<float, double>* avx2_kernel();
template const RankKernel<double, double>* avx2_kernel();
}  // namespace slipway::models
