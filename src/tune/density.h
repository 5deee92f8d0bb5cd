// tune/density.h — how much denser the good trials lie than the others, over a few dimensions.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "base/random.h"
#include "tune/space.h"

namespace slipway::tune {

/// The two densities of TPE over dimensions that are always active together: l(x) of the good
/// trials and g(x) of the others. Both are sums of product kernels and of a little prior, with one
/// kernel width a dimension for both.
///
/// Source   Bergstra, Bardenet, Bengio, Kégl: Algorithms for Hyper-Parameter Optimization,
///          NeurIPS 2011; joint kernels as in Falkner et al., BOHB, ICML 2018.
class DensityRatio {
 public:
  /// The dimensions must outlive it.
  explicit DensityRatio(std::vector<const Dimension*> dimensions);

  size_t n_trials() const { return order_.size(); }

  /// Add a finished trial. `coordinates` has one number for each dimension.
  void add(std::span<const double> coordinates, double loss);

  /// Split the trials into good ones and others and choose the kernel widths. Needs 2 trials.
  void fit();

  /// Draw a candidate near one good trial, or now and then from the prior.
  void draw(Random& random, std::span<double> candidate) const;
  /// Draw a candidate that is near a good trial of its own in each dimension.
  void draw_mixed(Random& random, std::span<double> candidate) const;

  /// Give log(l/g) at a candidate, up to a constant that is the same until the next fit().
  double score(std::span<const double> candidate);

 private:
  size_t pick(Random& random) const;
  double near(size_t good, size_t axis, Random& random) const;
  void fit_width(size_t axis, double shrink);
  double log_prior(std::span<const double> candidate) const;

  std::vector<const Dimension*> dimensions_;
  std::vector<double> least_widths_;         // a grid or a range is not searched finer than this
  std::vector<std::vector<float>> columns_;  // [dimension][trial]
  std::vector<double> losses_;               // by trial
  std::vector<uint32_t> order_;              // trials from the least loss on

  // What fit() makes.
  size_t n_good_ = 0;
  std::vector<double> good_weights_;        // by rank; their mean is 1
  double good_sum_ = 0;                     // of the weights, with the prior's
  std::vector<double> widths_;              // numbers: deviation; choices: share of other options
  std::vector<float> penalties_;            // choices: squared distance to another option
  std::vector<std::vector<float>> scaled_;  // columns in kernel widths
  std::vector<float> distances_;            // for score() alone
  double log_kernel_ = 0;                   // log of a kernel's greatest value
};

}  // namespace slipway::tune
