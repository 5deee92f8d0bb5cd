// models/rank_kernels.h — the instruction sets that have a kernel for ranked trees.
#pragma once
#include "models/rank_trees.h"

namespace slipway::models {

/// Give the kernel; null where this processor lacks what it takes.
template <typename X, typename Sum>
const RankKernel<X, Sum>* avx512_kernel();
template <typename X, typename Sum>
const RankKernel<X, Sum>* avx2_kernel();

}  // namespace slipway::models
