// store/metric_samples.h — thins a long series to the points that a chart needs.
#pragma once
#include <cstdint>
#include <vector>

#include "store/metric_points.h"

namespace slipway::store {

/// Thins a series of a known number of points that come one by one, in order of step, timestamp
/// and value, to at most `max_results`. No more is kept than the result takes.
///
/// All points are kept where they are few enough. Else the first and the last point are, and:
/// - points at even distances, which are mlflow's choice, wherever no value between two of them
///   lies outside of the two: the line through them then shows every rise and fall;
/// - otherwise the least and the greatest value of each of (max_results - 2) / 2 even buckets. NaN
///   is kept only where a bucket has nothing else.
/// Source: mlflow 3.17.2, sqlalchemy_store._sample_rows_with_window_functions (even distances).
class SeriesThinner {
 public:
  SeriesThinner(int64_t n_points, int64_t max_results);

  /// Take the next point; called n_points times.
  void add(const MetricPoint& point);

  /// Give the points to show, in order.
  std::vector<MetricPoint> points();

 private:
  struct Extremes {
    int64_t n_numbers = 0;
    MetricPoint least;
    MetricPoint greatest;
    int64_t least_position = 0;
    int64_t greatest_position = 0;
  };

  void add_to_even(const MetricPoint& point);
  void add_to_bucket(const MetricPoint& point);
  void close_bucket();
  int64_t even_position(int64_t i) const;
  int64_t bucket_end(int64_t i) const;

  int64_t n_points_;
  int64_t max_results_;
  int64_t n_buckets_;  // 0: points at even distances are all there is
  int64_t n_added_ = 0;

  std::vector<MetricPoint> even_;
  bool even_shows_all_ = true;
  double least_between_;  // of the points after the last one of even_
  double greatest_between_;
  bool nan_between_ = false;

  std::vector<MetricPoint> extremes_;
  Extremes bucket_;
  int64_t n_closed_ = 0;
};

}  // namespace slipway::store
