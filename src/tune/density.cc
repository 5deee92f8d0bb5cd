#include "tune/density.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numbers>
#include <numeric>

namespace slipway::tune {
namespace {

// Chosen by measuring on Hartmann 3 and 6, Branin, Rosenbrock, Ackley, Levy, Styblinski-Tang,
// Rastrigin, a boosted-trees-like and a categorical function, 100 trials, 20 to 60 seeds each.
//
// What made the difference, the most first (mean log10 of the regret fell from −0.5 to −1.05):
// - kernel widths from the spread of the good trials, so that the search narrows as they gather;
// - the same widths for l and g: their ratio is then the share of good trials around a candidate,
//   and what is near many bad trials is avoided at the same scale as it is sought near good ones;
// - little prior in l, and a good trial's weight by its rank, so neither outliers nor the scale of
//   the loss matter;
// - some candidates that take each dimension from another good trial.
// What made none and is therefore not here: normalising kernels cut off at the bounds, local steps
// around the best trial, a lower bound on widths that shrinks with the trials, more than 32
// candidates.
constexpr double kGoodShare = 0.1;  // of n trials, 0.1·n + 0.25·√n are good …
constexpr double kGoodRoot = 0.25;
constexpr size_t kLeastGood = 3;  // … but at least and at most so many
constexpr size_t kMostGood = 25;
constexpr double kGoodPrior = 0.2;  // weight of the prior in l, where a trial weighs 1
constexpr double kRestPrior = 1.0;
constexpr double kWidth = 0.7;        // kernel width in the spread of the good trials
constexpr double kLeastWidth = 0.01;  // of a range
constexpr double kLeastOther = 0.02;  // chance of a choice to leave the good trial's option
constexpr int kDraws = 16;            // to stay within bounds, before it is cut off

constexpr float kFar = 160;  // squared distance at which a kernel counts as 0

// The loops over all trials are short and plain, so that the compiler vectorises each of them.

void add_squares(const std::vector<float>& column, float x, std::vector<float>& distances) {
  for (size_t i = 0; i < distances.size(); ++i) {
    distances[i] += (column[i] - x) * (column[i] - x);
  }
}

void add_penalties(const std::vector<float>& column, float x, float penalty,
                   std::vector<float>& distances) {
  for (size_t i = 0; i < distances.size(); ++i) distances[i] += column[i] == x ? 0 : penalty;
}

// e^(−d/2) of each squared distance d, to 2e-6 relative: a polynomial, for std::exp is a call.
void turn_to_kernels(std::vector<float>& distances) {
  for (float& distance : distances) {
    const float power = -0.5f * std::numbers::log2e_v<float> * std::min(distance, kFar);
    const auto whole = static_cast<int32_t>(power - 0.5f);
    const float x = (power - static_cast<float>(whole)) * std::numbers::ln2_v<float>;
    const float rest =
        1 + x * (1 + x * (0.5f + x * (0.16666667f + x * (0.041666667f + x * 0.0083333333f))));
    distance = rest * std::bit_cast<float>((whole + 127) << 23);
  }
}

double sum(const std::vector<float>& values) {
  std::array<float, 4> parts{};
  size_t i = 0;
  for (; i + 4 <= values.size(); i += 4) {
    for (size_t k = 0; k < 4; ++k) parts[k] += values[i + k];
  }
  for (; i < values.size(); ++i) parts[0] += values[i];
  return static_cast<double>(parts[0]) + parts[1] + parts[2] + parts[3];
}

double spacing(const Dimension& dimension) {
  if (dimension.step <= 0) return 0;
  if (dimension.shape == Shape::normal) {
    return dimension.scale == Scale::linear ? dimension.step / dimension.width : 0;
  }
  return 1 / (std::round((dimension.high - dimension.low) / dimension.step) + 1);
}

}  // namespace

DensityRatio::DensityRatio(std::vector<const Dimension*> dimensions)
    : dimensions_(std::move(dimensions)),
      columns_(dimensions_.size()),
      widths_(dimensions_.size()),
      penalties_(dimensions_.size()),
      scaled_(dimensions_.size()) {
  for (const auto* dimension : dimensions_) {
    least_widths_.push_back(std::max(kLeastWidth, spacing(*dimension) / 2));
  }
}

void DensityRatio::add(std::span<const double> coordinates, double loss) {
  const size_t trial = losses_.size();
  for (size_t axis = 0; axis < columns_.size(); ++axis) {
    columns_[axis].push_back(static_cast<float>(coordinates[axis]));
  }
  losses_.push_back(loss);
  const auto place =
      std::ranges::upper_bound(order_, loss, {}, [&](uint32_t other) { return losses_[other]; });
  order_.insert(place, static_cast<uint32_t>(trial));
}

void DensityRatio::fit() {
  const auto n = static_cast<double>(n_trials());
  const auto wanted = static_cast<size_t>(std::ceil(kGoodShare * n + kGoodRoot * std::sqrt(n)));
  n_good_ = std::min(std::clamp(wanted, kLeastGood, kMostGood), n_trials() - 1);
  good_weights_.resize(n_good_);
  const double log_n = std::log(static_cast<double>(n_good_) + 1);
  for (size_t rank = 0; rank < n_good_; ++rank) {
    good_weights_[rank] = log_n - std::log(static_cast<double>(rank) + 1);
  }
  const double sum = std::accumulate(good_weights_.begin(), good_weights_.end(), 0.0);
  for (double& weight : good_weights_) weight *= static_cast<double>(n_good_) / sum;
  good_sum_ = static_cast<double>(n_good_) + kGoodPrior;

  distances_.resize(n_trials());
  log_kernel_ = 0;
  const double shrink =
      std::pow(static_cast<double>(n_good_) + 1, -1 / (static_cast<double>(columns_.size()) + 4));
  for (size_t axis = 0; axis < columns_.size(); ++axis) fit_width(axis, shrink);
}

void DensityRatio::fit_width(size_t axis, double shrink) {
  const Dimension& dimension = *dimensions_[axis];
  auto& scaled = scaled_[axis];
  if (dimension.shape == Shape::choice) {
    const double n_options = static_cast<double>(dimension.options.size());
    const double even = (n_options - 1) / n_options;
    widths_[axis] = std::max(kLeastOther, even / (1 + 0.3 * static_cast<double>(n_good_)));
    log_kernel_ += std::log1p(-widths_[axis]);
    const double other = widths_[axis] / std::max(n_options - 1, 1.0);
    penalties_[axis] = static_cast<float>(-2 * std::log(other / (1 - widths_[axis])));
    scaled = columns_[axis];
    return;
  }
  const bool is_normal = dimension.shape == Shape::normal;
  const double prior_mean = is_normal ? 0 : 0.5, prior_variance = is_normal ? 1 : 1.0 / 12;
  double mean = kGoodPrior * prior_mean;
  double square = kGoodPrior * (prior_mean * prior_mean + prior_variance);
  for (size_t rank = 0; rank < n_good_; ++rank) {
    const double x = columns_[axis][order_[rank]];
    mean += good_weights_[rank] * x;
    square += good_weights_[rank] * x * x;
  }
  mean /= good_sum_;
  const double spread = std::sqrt(std::max(square / good_sum_ - mean * mean, 0.0));
  widths_[axis] = std::max(kWidth * spread * shrink, least_widths_[axis]);
  log_kernel_ -= std::log(widths_[axis] * std::sqrt(2 * std::numbers::pi));
  const float scale = static_cast<float>(1 / widths_[axis]);
  scaled.resize(columns_[axis].size());
  for (size_t i = 0; i < scaled.size(); ++i) scaled[i] = columns_[axis][i] * scale;
}

size_t DensityRatio::pick(Random& random) const {
  double left = random.uniform() * good_sum_;
  for (size_t rank = 0; rank < n_good_; ++rank) {
    left -= good_weights_[rank];
    if (left < 0) return order_[rank];
  }
  return n_trials();  // the prior
}

double DensityRatio::near(size_t good, size_t axis, Random& random) const {
  const Dimension& dimension = *dimensions_[axis];
  if (good == n_trials()) return dimension.on_grid(dimension.draw(random));
  const double center = columns_[axis][good];
  if (dimension.shape == Shape::choice) {
    const size_t n_options = dimension.options.size();
    if (n_options == 1 || random.uniform() >= widths_[axis]) return center;
    const auto other = static_cast<double>(random.below(n_options - 1));
    return other < center ? other : other + 1;
  }
  double drawn = center + widths_[axis] * random.normal();
  if (dimension.shape == Shape::uniform) {
    for (int i = 0; (drawn < 0 || drawn > 1) && i < kDraws; ++i) {
      drawn = center + widths_[axis] * random.normal();
    }
    drawn = std::clamp(drawn, 0.0, 1.0);
  }
  return dimension.on_grid(drawn);
}

void DensityRatio::draw(Random& random, std::span<double> candidate) const {
  const size_t good = pick(random);
  for (size_t axis = 0; axis < candidate.size(); ++axis) candidate[axis] = near(good, axis, random);
}

void DensityRatio::draw_mixed(Random& random, std::span<double> candidate) const {
  for (size_t axis = 0; axis < candidate.size(); ++axis) {
    candidate[axis] = near(pick(random), axis, random);
  }
}

double DensityRatio::log_prior(std::span<const double> candidate) const {
  double sum = 0;
  for (size_t axis = 0; axis < candidate.size(); ++axis) {
    const Dimension& dimension = *dimensions_[axis];
    if (dimension.shape == Shape::choice) {
      const double share = dimension.probabilities[static_cast<size_t>(candidate[axis])];
      sum += std::log(std::max(share, 1e-12));
    } else if (dimension.shape == Shape::normal) {
      sum -= 0.5 * (candidate[axis] * candidate[axis] + std::log(2 * std::numbers::pi));
    }
  }
  return sum;
}

double DensityRatio::score(std::span<const double> candidate) {
  std::ranges::fill(distances_, 0.0f);
  for (size_t axis = 0; axis < candidate.size(); ++axis) {
    if (dimensions_[axis]->shape == Shape::choice) {
      add_penalties(scaled_[axis], static_cast<float>(candidate[axis]), penalties_[axis],
                    distances_);
    } else {
      add_squares(scaled_[axis], static_cast<float>(candidate[axis] / widths_[axis]), distances_);
    }
  }
  turn_to_kernels(distances_);
  const double prior = std::exp(log_prior(candidate) - log_kernel_);
  double l = kGoodPrior * prior, g = kRestPrior * prior + sum(distances_);
  for (size_t rank = 0; rank < n_good_; ++rank) {
    const double kernel = distances_[order_[rank]];
    l += good_weights_[rank] * kernel;
    g -= kernel;
  }
  return std::log(l) - std::log(std::max(g, kRestPrior * prior));
}

}  // namespace slipway::tune
