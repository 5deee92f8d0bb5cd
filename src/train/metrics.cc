#include "train/metrics.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace slipway::train {
namespace {

/// Rows with one score, and how many of them are labelled 1.
struct Group {
  double score = 0;
  size_t n_rows = 0;
  size_t n_positive = 0;
};

template <typename Score>
Result<void> check_scores(std::span<const float> labels, std::span<const Score> scores) {
  TRY(check_labels(labels));
  if (labels.size() != scores.size()) {
    return fail(Code::invalid_parameter_value, "{} labels but {} scores", labels.size(),
                scores.size());
  }
  for (size_t row = 0; row < scores.size(); ++row) {
    if (std::isnan(scores[row])) {
      return fail(Code::invalid_parameter_value, "the score of row {} is NaN; numbers are ranked",
                  row);
    }
  }
  return {};
}

Result<void> check_probabilities(std::span<const float> labels, std::span<const double> values) {
  TRY(check_scores(labels, values));
  for (size_t row = 0; row < values.size(); ++row) {
    if (values[row] < 0 || values[row] > 1) {
      return fail(Code::invalid_parameter_value,
                  "the probability of row {} is {}; it must be between 0 and 1", row, values[row]);
    }
  }
  return {};
}

/// Rows gathered by score, the highest first.
std::vector<Group> groups(std::span<const float> labels, std::span<const double> scores) {
  std::vector<std::pair<double, bool>> rows;
  rows.reserve(labels.size());
  for (size_t i = 0; i < labels.size(); ++i) rows.emplace_back(scores[i], labels[i] > 0.5f);
  std::sort(rows.begin(), rows.end(), [](auto& a, auto& b) { return a.first > b.first; });
  std::vector<Group> out;
  for (const auto& [score, positive] : rows) {
    if (out.empty() || out.back().score != score) out.push_back({score, 0, 0});
    ++out.back().n_rows;
    out.back().n_positive += positive;
  }
  return out;
}

/// Twice the number of (1, 0) pairs in the right order (a tie counts one), group by group from
/// the lowest score up.
struct PairCount {
  uint64_t n_positive = 0;
  uint64_t n_negative = 0;
  uint64_t twice = 0;

  void add(uint64_t positive, uint64_t negative) {
    twice += positive * (2 * n_negative + negative);
    n_positive += positive;
    n_negative += negative;
  }
  double auc() const {
    return static_cast<double>(twice) /
           (2 * static_cast<double>(n_positive) * static_cast<double>(n_negative));
  }
};

/// A float's bits as a number that orders as the float does; -0 is 0. No NaN.
uint32_t sortable(float value) {
  const auto bits = std::bit_cast<uint32_t>(value + 0.0f);
  return bits >> 31 ? ~bits : bits | 0x80000000u;
}

/// Sort by the bits from 1 to 33 (a radix sort of three passes); bit 0 is the label.
void sort_keys(std::vector<uint64_t>& keys) {
  constexpr int kBits = 11;
  constexpr size_t kBuckets = size_t{1} << kBits;
  std::vector<uint64_t> other(keys.size());
  for (int shift = 1; shift < 33; shift += kBits) {
    std::array<size_t, kBuckets + 1> begin{};
    for (const uint64_t key : keys) ++begin[(key >> shift & (kBuckets - 1)) + 1];
    for (size_t i = 1; i <= kBuckets; ++i) begin[i] += begin[i - 1];
    for (const uint64_t key : keys) other[begin[key >> shift & (kBuckets - 1)]++] = key;
    keys.swap(other);
  }
}

double share(size_t part, size_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

/// Keep the ends and points at least `step` apart (city-block distance along the curve).
std::vector<CurvePoint> thinned(const std::vector<CurvePoint>& points, double step) {
  std::vector<CurvePoint> out;
  for (size_t i = 0; i < points.size(); ++i) {
    const auto& point = points[i];
    if (i == 0 || i + 1 == points.size() ||
        std::abs(point.x - out.back().x) + std::abs(point.y - out.back().y) >= step) {
      out.push_back(point);
    }
  }
  return out;
}

}  // namespace

Result<void> check_labels(std::span<const float> labels) {
  if (labels.empty()) return fail(Code::invalid_parameter_value, "no rows: there are no labels");
  size_t n_positive = 0;
  for (size_t row = 0; row < labels.size(); ++row) {
    if (labels[row] != 0 && labels[row] != 1) {
      return fail(Code::invalid_parameter_value, "the label of row {} is {}; labels are 0 or 1",
                  row, labels[row]);
    }
    n_positive += labels[row] == 1;
  }
  if (n_positive == 0 || n_positive == labels.size()) {
    return fail(Code::invalid_parameter_value,
                "all {} labels are {}: rows of both classes, 0 and 1, are needed", labels.size(),
                labels[0]);
  }
  return {};
}

Result<double> auc(std::span<const float> labels, std::span<const double> scores) {
  TRY(check_scores(labels, scores));
  const auto by_score = groups(labels, scores);
  PairCount pairs;
  for (auto group = by_score.rbegin(); group != by_score.rend(); ++group) {
    pairs.add(group->n_positive, group->n_rows - group->n_positive);
  }
  return pairs.auc();
}

Result<double> auc(std::span<const float> labels, std::span<const float> scores) {
  TRY(check_scores(labels, scores));
  std::vector<uint64_t> keys(labels.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    keys[i] = uint64_t{sortable(scores[i])} << 1 | (labels[i] > 0.5f ? 1 : 0);
  }
  sort_keys(keys);
  PairCount pairs;
  for (size_t i = 0; i < keys.size();) {
    const uint64_t score = keys[i] >> 1;
    uint64_t n_rows = 0, n_positive = 0;
    for (; i < keys.size() && keys[i] >> 1 == score; ++i) {
      ++n_rows;
      n_positive += keys[i] & 1;
    }
    pairs.add(n_positive, n_rows - n_positive);
  }
  return pairs.auc();
}

Result<double> log_loss(std::span<const float> labels, std::span<const double> probabilities) {
  TRY(check_probabilities(labels, probabilities));
  constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
  double sum = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    const double p = std::clamp(probabilities[i], kEpsilon, 1 - kEpsilon);
    sum -= labels[i] > 0.5f ? std::log(p) : std::log1p(-p);
  }
  return sum / static_cast<double>(labels.size());
}

double log_loss_of_margins(std::span<const float> labels, std::span<const float> margins) {
  // ln(1 + e^-|m|) is summed as the logarithm of a product: every factor is at most 2, so 512 of
  // them fit a double, and the logarithm is taken once for all of them.
  constexpr size_t kFactors = 512;
  double sum = 0;
  for (size_t begin = 0; begin < labels.size(); begin += kFactors) {
    const size_t end = std::min(begin + kFactors, labels.size());
    double product = 1;
    for (size_t i = begin; i < end; ++i) {
      const double wrong_way = labels[i] > 0.5f ? -margins[i] : margins[i];
      sum += std::max(wrong_way, 0.0);
      product *= 1 + std::exp(-std::abs(wrong_way));
    }
    sum += std::log(product);
  }
  return sum / static_cast<double>(labels.size());
}

Result<double> brier(std::span<const float> labels, std::span<const double> probabilities) {
  TRY(check_probabilities(labels, probabilities));
  double sum = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    sum += (probabilities[i] - labels[i]) * (probabilities[i] - labels[i]);
  }
  return sum / static_cast<double>(labels.size());
}

double Confusion::accuracy() const { return share(true_negative + true_positive, n_rows()); }
double Confusion::precision() const { return share(true_positive, true_positive + false_positive); }
double Confusion::recall() const { return share(true_positive, true_positive + false_negative); }
double Confusion::f1() const {
  return share(2 * true_positive, 2 * true_positive + false_positive + false_negative);
}

Confusion confusion(std::span<const float> labels, std::span<const double> probabilities,
                    double threshold) {
  Confusion out;
  for (size_t i = 0; i < labels.size(); ++i) {
    const bool decided = probabilities[i] > threshold;
    if (labels[i] > 0.5f) {
      ++(decided ? out.true_positive : out.false_negative);
    } else {
      ++(decided ? out.false_positive : out.true_negative);
    }
  }
  return out;
}

Result<std::vector<CurvePoint>> roc_curve(std::span<const float> labels,
                                          std::span<const double> scores, size_t max_points) {
  TRY(check_scores(labels, scores));
  size_t n_positive = 0;
  for (const float label : labels) n_positive += label > 0.5f;
  std::vector<CurvePoint> points{{0, 0, std::numeric_limits<double>::infinity()}};
  size_t rows = 0, positive = 0;
  for (const auto& group : groups(labels, scores)) {
    rows += group.n_rows;
    positive += group.n_positive;
    points.push_back({share(rows - positive, labels.size() - n_positive),
                      share(positive, n_positive), group.score});
  }
  return thinned(points, 2.0 / static_cast<double>(std::max<size_t>(max_points, 3) - 2));
}

Result<std::vector<CurvePoint>> precision_recall_curve(std::span<const float> labels,
                                                       std::span<const double> scores,
                                                       size_t max_points) {
  TRY(check_scores(labels, scores));
  size_t n_positive = 0;
  for (const float label : labels) n_positive += label > 0.5f;
  std::vector<CurvePoint> points{{0, 1, std::numeric_limits<double>::infinity()}};
  size_t rows = 0, positive = 0;
  const double step = 1.0 / static_cast<double>(std::max<size_t>(max_points, 3) - 2);
  for (const auto& group : groups(labels, scores)) {
    rows += group.n_rows;
    positive += group.n_positive;
    const CurvePoint point{share(positive, n_positive), share(positive, rows), group.score};
    const bool is_last = rows == labels.size();
    // by recall alone: precision jumps about where few rows are decided 1
    if (is_last || point.x - points.back().x >= step) points.push_back(point);
  }
  return points;
}

}  // namespace slipway::train
