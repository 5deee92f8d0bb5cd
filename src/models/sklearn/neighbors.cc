// What is nearest: neighbours, and centres of clusters.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "models/sklearn/families.h"
#include "models/sklearn/kernel.h"

namespace slipway::models::sklearn {
namespace {

enum class Metric { euclidean, manhattan, chebyshev, minkowski, cosine };

struct Distance {
  Metric metric = Metric::euclidean;
  double power = 2;

  static Result<Distance> make(const State& state) {
    Distance out;
    const auto name = state.text_or("effective_metric_", state.text_or("metric", "minkowski"));
    out.power = state.number_or("p", 2);
    if (const auto* given = state.given("effective_metric_params_")) {
      if (const auto* p = objects::find(*given, "p")) {
        out.power = objects::number_of(*p).value_or(out.power);
      }
      const auto* weights = objects::find(*given, "w");
      if (weights != nullptr && weights->kind != objects::Kind::none) {
        return state.unsupported("a weighted metric");
      }
    }
    if (name == "euclidean" || name == "l2" || (name == "minkowski" && out.power == 2)) return out;
    if (name == "manhattan" || name == "l1" || name == "cityblock") {
      out.metric = Metric::manhattan;
    } else if (name == "chebyshev") {
      out.metric = Metric::chebyshev;
    } else if (name == "minkowski") {
      out.metric = out.power == 1 ? Metric::manhattan : Metric::minkowski;
    } else if (name == "cosine") {
      out.metric = Metric::cosine;
    } else {
      return state.unsupported("metric " + name);
    }
    return out;
  }

  double operator()(const double* a, const double* b, size_t n) const {
    double sum = 0;
    if (metric == Metric::cosine) {
      double aa = 0;
      double bb = 0;
      for (size_t c = 0; c < n; ++c) {
        sum += a[c] * b[c];
        aa += a[c] * a[c];
        bb += b[c] * b[c];
      }
      return aa == 0 || bb == 0 ? 1 : std::clamp(1 - sum / std::sqrt(aa * bb), 0.0, 2.0);
    }
    for (size_t c = 0; c < n; ++c) {
      const double apart = std::abs(a[c] - b[c]);
      switch (metric) {
        case Metric::euclidean: sum += apart * apart; break;
        case Metric::manhattan: sum += apart; break;
        case Metric::chebyshev: sum = std::max(sum, apart); break;
        default: sum += std::pow(apart, power);
      }
    }
    if (metric == Metric::euclidean) return std::sqrt(sum);
    return metric == Metric::minkowski ? std::pow(sum, 1 / power) : sum;
  }
};

/// The points that were fitted, and how many of them count for a row.
struct Neighbours {
  Matrix points;
  Distance distance;
  size_t n_neighbours = 5;  // or, where it is 0, all within the radius
  double radius = 0;
  bool by_distance = false;

  struct Near {
    std::vector<size_t> places;
    std::vector<double> weights;
  };

  // The nearest, of equals the first; one at distance 0 leaves the others without weight.
  Near near(const double* row) const {
    std::vector<double> apart(points.n_rows);
    for (size_t j = 0; j < apart.size(); ++j) {
      apart[j] = distance(row, points.row(j), points.n_columns);
    }
    Near out;
    if (n_neighbours == 0) {
      for (size_t j = 0; j < apart.size(); ++j) {
        if (apart[j] <= radius) out.places.push_back(j);
      }
      weigh(apart, out);
      return out;
    }
    out.places.resize(apart.size());
    std::iota(out.places.begin(), out.places.end(), size_t{0});
    const auto middle = out.places.begin() + static_cast<ptrdiff_t>(n_neighbours);
    std::partial_sort(out.places.begin(), middle, out.places.end(), [&](size_t a, size_t b) {
      return apart[a] != apart[b] ? apart[a] < apart[b] : a < b;
    });
    out.places.resize(n_neighbours);
    weigh(apart, out);
    return out;
  }

 private:
  void weigh(const std::vector<double>& apart, Near& out) const {
    const bool same = by_distance && std::ranges::any_of(out.places, [&](size_t place) {
                        return apart[place] == 0;
                      });
    for (const auto place : out.places) {
      out.weights.push_back(!by_distance ? 1
                            : same       ? (apart[place] == 0 ? 1 : 0)
                                         : 1 / apart[place]);
    }
  }
};

Result<Neighbours> read_neighbours(const State& state) {
  Neighbours out;
  out.points = TRY(rows_of(state, "_fit_X"));
  out.distance = TRY(Distance::make(state));
  if (state.class_name().starts_with("Radius")) {
    out.n_neighbours = 0;
    out.radius = TRY(state.number("radius"));
  } else {
    const auto n = TRY(state.integer("n_neighbors"));
    TRY(state.require(n > 0 && static_cast<size_t>(n) <= out.points.n_rows, "n_neighbors",
                      "is more than there are points"));
    out.n_neighbours = static_cast<size_t>(n);
  }
  const auto* weights = state.given("weights");
  const auto name = state.text_or("weights", weights == nullptr ? "uniform" : "a function");
  if (name != "uniform" && name != "distance") return state.unsupported("weights by " + name);
  out.by_distance = name == "distance";
  return out;
}

class NeighbourClassifier : public Estimator {
 public:
  NeighbourClassifier(const State& state, Neighbours neighbours, std::vector<size_t> labels,
                      data::Column classes)
      : Estimator(state),
        neighbours_(std::move(neighbours)),
        labels_(std::move(labels)),
        classes_(std::move(classes)) {}

  const data::Column* classes() const override { return &classes_; }
  bool has(Method method) const override { return method == Method::predict_proba; }

  Result<Matrix> scores(Method method, const Value& x) const override {
    if (!has(method)) return Estimator::scores(method, x);
    const auto ready = TRY(features(x, neighbours_.points.n_columns, name()));
    auto out = make_matrix(ready.n_rows, classes_.size());
    for (size_t i = 0; i < ready.n_rows; ++i) {
      const auto near = neighbours_.near(ready.row(i));
      if (near.places.empty()) {
        return fail(Code::invalid_parameter_value,
                    "No neighbors found for the test sample of row {}, with its radius", i);
      }
      double sum = 0;
      for (size_t k = 0; k < near.places.size(); ++k) {
        out.row(i)[labels_[near.places[k]]] += near.weights[k];
        sum += near.weights[k];
      }
      for (size_t c = 0; c < out.n_columns; ++c) out.row(i)[c] /= sum;
    }
    return out;
  }

  Result<data::Batch> predict(const Value& x) const override {
    const auto shares = TRY(scores(Method::predict_proba, x));
    return one_column(take_labels(classes_, best_of(shares)));
  }

 private:
  Neighbours neighbours_;
  std::vector<size_t> labels_;
  data::Column classes_;
};

// Each point's class, of one output.
Result<std::vector<size_t>> labels_in(const State& state, const std::vector<int64_t>& places,
                                      size_t output, size_t n_outputs, size_t n_classes) {
  std::vector<size_t> labels;
  for (size_t i = output; i < places.size(); i += n_outputs) {
    TRY(state.require(places[i] >= 0 && places[i] < static_cast<int64_t>(n_classes), "_y",
                      "leads out of the classes"));
    labels.push_back(static_cast<size_t>(places[i]));
  }
  return labels;
}

/// One classifier for each output; they share what is near in all but name.
class NeighbourOutputs : public Estimator {
 public:
  NeighbourOutputs(const State& state, std::vector<std::unique_ptr<NeighbourClassifier>> outputs)
      : Estimator(state), outputs_(std::move(outputs)) {}

  bool predicts_matrix() const override { return true; }

  Result<data::Batch> predict(const Value& x) const override {
    data::Batch out;
    for (const auto& output : outputs_) {
      auto one = TRY(output->predict(x));
      out.n_rows = one.n_rows;
      out.columns.push_back(std::move(one.columns[0]));
    }
    return out;
  }

 private:
  std::vector<std::unique_ptr<NeighbourClassifier>> outputs_;
};

Result<EstimatorPtr> make_neighbour_classifier(const State& state) {
  auto neighbours = TRY(read_neighbours(state));
  const size_t n = neighbours.points.n_rows;
  if (state.given("outlier_label_") != nullptr) return state.unsupported("an outlier_label");
  const auto places = TRY(state.integers("_y"));
  if (!state.truth_or("outputs_2d_", false)) {
    auto classes = TRY(state.labels("classes_"));
    TRY(state.require(places.size() == n, "_y", "does not fit _fit_X"));
    auto labels = TRY(labels_in(state, places, 0, 1, classes.size()));
    return EstimatorPtr(new NeighbourClassifier(state, std::move(neighbours), std::move(labels),
                                                std::move(classes)));
  }
  const auto* given = TRY(state.get("classes_"));
  const auto lists = items_of(*given);
  TRY(state.require(!lists.empty() && lists.size() <= 1000 && places.size() == n * lists.size(),
                    "_y", "does not fit classes_"));
  std::vector<std::unique_ptr<NeighbourClassifier>> outputs;
  for (size_t k = 0; k < lists.size(); ++k) {
    auto classes = TRY(labels_of(*lists[k]));
    auto labels = TRY(labels_in(state, places, k, lists.size(), classes.size()));
    outputs.push_back(std::make_unique<NeighbourClassifier>(state, neighbours, std::move(labels),
                                                            std::move(classes)));
  }
  return EstimatorPtr(new NeighbourOutputs(state, std::move(outputs)));
}

class NeighbourRegressor : public Estimator {
 public:
  NeighbourRegressor(const State& state, Neighbours neighbours, Matrix targets, bool is_matrix)
      : Estimator(state),
        neighbours_(std::move(neighbours)),
        targets_(std::move(targets)),
        is_matrix_(is_matrix) {}

  bool predicts_matrix() const override { return is_matrix_; }

  Result<data::Batch> predict(const Value& x) const override {
    const auto ready = TRY(features(x, neighbours_.points.n_columns, name()));
    auto out = make_matrix(ready.n_rows, targets_.n_columns);
    for (size_t i = 0; i < ready.n_rows; ++i) {
      const auto near = neighbours_.near(ready.row(i));
      double sum = 0;
      for (size_t k = 0; k < near.places.size(); ++k) {
        sum += near.weights[k];
        for (size_t c = 0; c < out.n_columns; ++c) {
          out.row(i)[c] += near.weights[k] * targets_.row(near.places[k])[c];
        }
      }
      for (size_t c = 0; c < out.n_columns; ++c) out.row(i)[c] /= sum;
    }
    return unnamed_columns(out);
  }

 private:
  Neighbours neighbours_;
  Matrix targets_;
  bool is_matrix_;
};

Result<EstimatorPtr> make_neighbour_regressor(const State& state) {
  auto neighbours = TRY(read_neighbours(state));
  auto targets = TRY(state.matrix("_y"));
  const bool is_matrix = state.find("_y")->array->n_dimensions() == 2;
  if (!is_matrix) std::swap(targets.n_rows, targets.n_columns);
  TRY(state.require(targets.n_rows == neighbours.points.n_rows && targets.n_columns > 0, "_y",
                    "does not fit _fit_X"));
  return EstimatorPtr(
      new NeighbourRegressor(state, std::move(neighbours), std::move(targets), is_matrix));
}

/// The place of the nearest centre; as a transformer, the distance to each.
class Centres : public Estimator {
 public:
  Centres(const State& state, Matrix centres) : Estimator(state), centres_(std::move(centres)) {}

  Result<Value> transform(const Value& x) const override {
    const auto ready = TRY(features(x, centres_.n_columns, name()));
    auto out = make_matrix(ready.n_rows, centres_.n_rows);
    out.single = ready.single && centres_.single;
    const Distance distance;
    for (size_t i = 0; i < ready.n_rows; ++i) {
      for (size_t k = 0; k < centres_.n_rows; ++k) {
        out.row(i)[k] = distance(ready.row(i), centres_.row(k), centres_.n_columns);
      }
    }
    out.round();
    return Value(std::move(out));
  }

  Result<data::Batch> predict(const Value& x) const override {
    const auto apart = TRY(transform(x));
    const auto& distances = std::get<Matrix>(apart);
    std::vector<int64_t> out;
    for (size_t i = 0; i < distances.n_rows; ++i) {
      const double* row = distances.row(i);
      out.push_back(std::min_element(row, row + distances.n_columns) - row);
    }
    return one_column(data::int64_column("", std::move(out)));
  }

 private:
  Matrix centres_;
};

Result<EstimatorPtr> make_centres(const State& state) {
  auto centres = TRY(state.matrix("cluster_centers_"));
  TRY(state.require(centres.n_rows > 0 && centres.n_columns > 0, "cluster_centers_", "is empty"));
  return EstimatorPtr(new Centres(state, std::move(centres)));
}

/// Fills in the mean of the nearest rows that have a value, by the distance over what both have.
class KnnImputer : public Estimator {
 public:
  KnnImputer(const State& state, Matrix points, size_t n_neighbours, bool by_distance)
      : Estimator(state),
        points_(std::move(points)),
        n_neighbours_(n_neighbours),
        by_distance_(by_distance) {
    for (size_t c = 0; c < points_.n_columns; ++c) {
      double sum = 0;
      double n = 0;
      for (size_t j = 0; j < points_.n_rows; ++j) {
        if (std::isnan(points_.row(j)[c])) continue;
        sum += points_.row(j)[c];
        ++n;
      }
      means_.push_back(n == 0 ? 0 : sum / n);
    }
  }

  std::vector<size_t> kept;        // columns that had a value when it was fitted, or all
  std::vector<size_t> indicators;  // columns whose missing cells are told

  Result<Value> transform(const Value& x) const override {
    const auto ready = TRY(features(x, points_.n_columns, name(), Missing::accept));
    auto filled = ready;
    for (size_t i = 0; i < ready.n_rows; ++i) fill(ready.row(i), filled.row(i));
    filled.round();
    Value out = take_columns(Value(std::move(filled)), kept);
    if (indicators.empty()) return out;
    auto told = make_matrix(ready.n_rows, indicators.size());
    for (size_t i = 0; i < ready.n_rows; ++i) {
      for (size_t k = 0; k < indicators.size(); ++k) {
        told.row(i)[k] = std::isnan(ready.row(i)[indicators[k]]) ? 1 : 0;
      }
    }
    return side_by_side({out, Value(std::move(told))}, ready.n_rows, Layout::dense);
  }

 private:
  void fill(const double* row, double* to) const {
    std::vector<double> apart;
    for (size_t c = 0; c < points_.n_columns; ++c) {
      if (!std::isnan(row[c])) continue;
      if (apart.empty()) {
        for (size_t j = 0; j < points_.n_rows; ++j) apart.push_back(distance(row, points_.row(j)));
      }
      to[c] = value_of(c, apart);
    }
  }

  double value_of(size_t c, const std::vector<double>& apart) const {
    std::vector<size_t> donors;
    for (size_t j = 0; j < points_.n_rows; ++j) {
      if (!std::isnan(points_.row(j)[c]) && !std::isnan(apart[j])) donors.push_back(j);
    }
    if (donors.empty()) return means_[c];
    const size_t n = std::min(n_neighbours_, donors.size());
    std::partial_sort(
        donors.begin(), donors.begin() + static_cast<ptrdiff_t>(n), donors.end(),
        [&](size_t a, size_t b) { return apart[a] != apart[b] ? apart[a] < apart[b] : a < b; });
    const bool same = by_distance_ && apart[donors[0]] == 0;
    double sum = 0;
    double weights = 0;
    for (size_t k = 0; k < n; ++k) {
      const double d = apart[donors[k]];
      const double weight = !by_distance_ ? 1 : same ? (d == 0 ? 1 : 0) : 1 / d;
      sum += weight * points_.row(donors[k])[c];
      weights += weight;
    }
    return sum / weights;
  }

  // NaN where they have no column in common.
  double distance(const double* a, const double* b) const {
    double sum = 0;
    double present = 0;
    for (size_t c = 0; c < points_.n_columns; ++c) {
      const double apart = a[c] - b[c];
      if (std::isnan(apart)) continue;
      sum += apart * apart;
      ++present;
    }
    return std::sqrt(sum / present * static_cast<double>(points_.n_columns));
  }

  Matrix points_;
  size_t n_neighbours_;
  bool by_distance_;
  std::vector<double> means_;
};

Result<EstimatorPtr> make_knn_imputer(const State& state) {
  auto points = TRY(state.matrix("_fit_X"));
  const auto n = TRY(state.integer("n_neighbors"));
  const auto weights = state.text_or("weights", "a function");
  TRY(state.require(n > 0, "n_neighbors", "is not a count"));
  if (weights != "uniform" && weights != "distance") return state.unsupported("weights " + weights);
  if (state.text_or("metric", "nan_euclidean") != "nan_euclidean") {
    return state.unsupported("metric " + state.text_or("metric", ""));
  }
  if (!std::isnan(state.number_or("missing_values", std::nan("")))) {
    return state.unsupported("missing_values other than NaN");
  }
  const auto valid = TRY(state.integers("_valid_mask"));
  TRY(state.require(valid.size() == points.n_columns, "_valid_mask", "does not fit _fit_X"));
  const size_t width = points.n_columns;
  auto out = std::make_unique<KnnImputer>(state, std::move(points), static_cast<size_t>(n),
                                          weights == "distance");
  const bool keeps_empty = state.truth_or("keep_empty_features", false);
  for (size_t c = 0; c < width; ++c) {
    if (valid[c] != 0 || keeps_empty) out->kept.push_back(c);
  }
  const auto* indicator = state.given("indicator_");
  if (indicator != nullptr && state.truth_or("add_indicator", false)) {
    const auto places = TRY(State(*indicator, state.allowance()).integers("features_"));
    for (const auto place : places) {
      TRY(state.require(place >= 0 && static_cast<size_t>(place) < width, "indicator_",
                        "leads out of the columns"));
      out->indicators.push_back(static_cast<size_t>(place));
    }
  }
  return EstimatorPtr(std::move(out));
}

constexpr EstimatorRow kRows[] = {
    {"KMeans", make_centres},
    {"KNNImputer", make_knn_imputer},
    {"KNeighborsClassifier", make_neighbour_classifier},
    {"KNeighborsRegressor", make_neighbour_regressor},
    {"MiniBatchKMeans", make_centres},
    {"RadiusNeighborsClassifier", make_neighbour_classifier},
    {"RadiusNeighborsRegressor", make_neighbour_regressor},
};

}  // namespace

std::span<const EstimatorRow> neighbor_rows() { return kRows; }

}  // namespace slipway::models::sklearn
