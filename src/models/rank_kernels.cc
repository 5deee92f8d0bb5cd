#include "models/rank_kernels.h"

#include <cstdlib>
#include <string_view>

namespace slipway::models {

template <typename X, typename Sum>
const RankKernel<X, Sum>* rank_kernel() {
  static const auto* const kBest = []() -> const RankKernel<X, Sum>* {
    const char* asked = std::getenv("SLIPWAY_SIMD");
    const std::string_view name = asked == nullptr ? "" : asked;
    if (name == "none") return nullptr;
    if (name == "avx2") return avx2_kernel<X, Sum>();
    const auto* widest = avx512_kernel<X, Sum>();
    return widest != nullptr ? widest : avx2_kernel<X, Sum>();
  }();
  return kBest;
}

template const RankKernel<float, float>* rank_kernel();
template const RankKernel<float, double>* rank_kernel();
template const RankKernel<double, double>* rank_kernel();

}  // namespace slipway::models
