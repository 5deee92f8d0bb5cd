// tune/tpe.h — the tree-structured Parzen estimator: looks where good trials are dense.
#pragma once
#include <cstdint>
#include <memory>

#include "tune/sampler.h"

namespace slipway::tune {

/// Make the sampler. Its first proposals spread evenly over the space; then each group of
/// parameters that are active together takes the best of some candidates by DensityRatio.
/// Source   Bergstra et al. 2011, as in tune/density.h.
std::unique_ptr<Sampler> make_tpe(const Space& space, uint64_t seed);

}  // namespace slipway::tune
