#include "store/metric_samples.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace slipway::store {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace

SeriesThinner::SeriesThinner(int64_t n_points, int64_t max_results)
    : n_points_(n_points),
      max_results_(max_results),
      n_buckets_(n_points <= max_results ? 0 : std::max<int64_t>(0, (max_results - 2) / 2)),
      least_between_(kInfinity),
      greatest_between_(-kInfinity) {}

/// The place of the i-th point at even distances; the last one is the end of the series.
int64_t SeriesThinner::even_position(int64_t i) const {
  if (n_points_ <= max_results_) return i;
  if (i >= max_results_ - 1) return n_points_ - 1;
  return i * (n_points_ / max_results_) + std::min(i, n_points_ % max_results_);
}

/// Where bucket i ends; the first and last points of the series lie in none.
int64_t SeriesThinner::bucket_end(int64_t i) const {
  const int64_t n_inner = n_points_ - 2;
  return 1 + (i + 1) * (n_inner / n_buckets_) + std::min(i + 1, n_inner % n_buckets_);
}

void SeriesThinner::add(const MetricPoint& point) {
  add_to_even(point);
  if (n_buckets_ > 0) add_to_bucket(point);
  n_added_ += 1;
}

void SeriesThinner::add_to_even(const MetricPoint& point) {
  if (n_added_ != even_position(static_cast<int64_t>(even_.size()))) {
    if (std::isnan(point.value)) nan_between_ = true;
    least_between_ = std::fmin(least_between_, point.value);
    greatest_between_ = std::fmax(greatest_between_, point.value);
    return;
  }
  if (!even_.empty()) {
    const double before = even_.back().value;
    const bool within = least_between_ >= std::fmin(before, point.value) &&
                        greatest_between_ <= std::fmax(before, point.value);
    const bool nan_shown = std::isnan(before) || std::isnan(point.value);
    const bool none_between = least_between_ > greatest_between_;
    if (!(within || none_between) || (nan_between_ && !nan_shown)) even_shows_all_ = false;
  }
  even_.push_back(point);
  least_between_ = kInfinity;
  greatest_between_ = -kInfinity;
  nan_between_ = false;
}

void SeriesThinner::add_to_bucket(const MetricPoint& point) {
  if (n_added_ == 0 || n_added_ == n_points_ - 1) {
    extremes_.push_back(point);
    return;
  }
  const bool is_number = !std::isnan(point.value);
  const bool is_first = bucket_end(n_closed_ - 1) == n_added_;
  if (is_first || (is_number && bucket_.n_numbers == 0)) {
    bucket_ = {is_number, point, point, n_added_, n_added_};
  } else if (is_number) {
    bucket_.n_numbers += 1;
    if (point.value < bucket_.least.value) {
      bucket_.least = point;
      bucket_.least_position = n_added_;
    }
    if (point.value > bucket_.greatest.value) {
      bucket_.greatest = point;
      bucket_.greatest_position = n_added_;
    }
  }
  if (n_added_ + 1 == bucket_end(n_closed_)) close_bucket();
}

void SeriesThinner::close_bucket() {
  const bool least_first = bucket_.least_position < bucket_.greatest_position;
  extremes_.push_back(least_first ? bucket_.least : bucket_.greatest);
  if (bucket_.least_position != bucket_.greatest_position) {
    extremes_.push_back(least_first ? bucket_.greatest : bucket_.least);
  }
  n_closed_ += 1;
}

std::vector<MetricPoint> SeriesThinner::points() {
  return even_shows_all_ || n_buckets_ == 0 ? std::move(even_) : std::move(extremes_);
}

}  // namespace slipway::store
