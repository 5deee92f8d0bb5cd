// Multi-layer perceptrons.
#include <algorithm>
#include <cmath>

#include "models/sklearn/families.h"
#include "models/sklearn/state.h"

namespace slipway::models::sklearn {
namespace {

enum class Activation { identity, logistic, tanh, relu, softmax, exp };

Result<Activation> read_activation(const State& state, const std::string& name) {
  constexpr std::string_view kNames[] = {"identity", "logistic", "tanh", "relu", "softmax", "exp"};
  for (size_t i = 0; i < std::size(kNames); ++i) {
    if (kNames[i] == name) return static_cast<Activation>(i);
  }
  return state.unsupported("activation " + name);
}

void activate(Matrix& values, Activation activation) {
  if (activation == Activation::softmax) return softmax_rows(values);
  for (auto& value : values.values) {
    switch (activation) {
      case Activation::logistic: value = expit(value); break;
      case Activation::tanh: value = std::tanh(value); break;
      case Activation::relu: value = std::max(value, 0.0); break;
      case Activation::exp: value = std::exp(value); break;
      default: break;
    }
  }
  values.round();
}

struct Layer {
  Matrix weights;  // a row for each output
  std::vector<double> offsets;
};

struct Network {
  std::vector<Layer> layers;
  Activation hidden = Activation::relu;
  Activation last = Activation::identity;

  Result<Matrix> run(const Value& x, std::string_view name) const {
    auto value = TRY(features_or_sparse(x, layers[0].weights.n_columns, name));
    for (size_t i = 0; i < layers.size(); ++i) {
      auto out = times_transposed(value, layers[i].weights, layers[i].offsets);
      activate(out, i + 1 == layers.size() ? last : hidden);
      value = std::move(out);
    }
    return std::get<Matrix>(std::move(value));
  }
};

Result<Network> read_network(const State& state) {
  Network network;
  network.hidden = TRY(read_activation(state, state.text_or("activation", "relu")));
  network.last = TRY(read_activation(state, state.text_or("out_activation_", "identity")));
  const auto* weights = TRY(state.get("coefs_"));
  const auto* offsets = TRY(state.get("intercepts_"));
  const auto all_weights = items_of(*weights);
  const auto all_offsets = items_of(*offsets);
  TRY(state.require(!all_weights.empty() && all_weights.size() == all_offsets.size(), "coefs_",
                    "does not fit intercepts_"));
  for (size_t l = 0; l < all_weights.size(); ++l) {
    const auto columns = TRY(matrix_of(*all_weights[l]));
    Layer layer;
    layer.offsets = TRY(numbers_of(*all_offsets[l]));
    layer.weights = make_matrix(columns.n_columns, columns.n_rows);
    layer.weights.single = columns.single;
    for (size_t i = 0; i < columns.n_rows; ++i) {
      for (size_t j = 0; j < columns.n_columns; ++j) layer.weights.row(j)[i] = columns.row(i)[j];
    }
    const bool fits =
        network.layers.empty() || network.layers.back().weights.n_rows == layer.weights.n_columns;
    TRY(state.require(fits && layer.offsets.size() == layer.weights.n_rows &&
                          layer.weights.n_rows > 0 && layer.weights.n_columns > 0,
                      "coefs_", "has layers that do not fit each other"));
    network.layers.push_back(std::move(layer));
  }
  return network;
}

class MlpRegressor : public Estimator {
 public:
  MlpRegressor(const State& state, Network network)
      : Estimator(state), network_(std::move(network)) {}

  bool predicts_matrix() const override { return network_.layers.back().weights.n_rows > 1; }
  Result<data::Batch> predict(const Value& x) const override {
    const auto out = TRY(network_.run(x, name()));
    return unnamed_columns(out);
  }

 private:
  Network network_;
};

Result<EstimatorPtr> make_mlp_regressor(const State& state) {
  auto network = TRY(read_network(state));
  return EstimatorPtr(new MlpRegressor(state, std::move(network)));
}

class MlpClassifier : public Estimator {
 public:
  MlpClassifier(const State& state, Network network, data::Column classes, bool multilabel)
      : Estimator(state),
        network_(std::move(network)),
        classes_(std::move(classes)),
        multilabel_(multilabel) {}

  const data::Column* classes() const override { return multilabel_ ? nullptr : &classes_; }
  bool predicts_matrix() const override { return multilabel_; }
  bool has(Method method) const override { return method != Method::decision_function; }

  Result<Matrix> scores(Method method, const Value& x) const override {
    if (!has(method)) return Estimator::scores(method, x);
    auto out = TRY(network_.run(x, name()));
    if (out.n_columns == 1) {
      auto both = make_matrix(out.n_rows, 2);
      both.single = out.single;
      for (size_t i = 0; i < out.n_rows; ++i) {
        both.row(i)[0] = 1 - out.values[i];
        both.row(i)[1] = out.values[i];
      }
      both.round();
      out = std::move(both);
    }
    if (method == Method::predict_log_proba) log_of(out);
    return out;
  }

  Result<data::Batch> predict(const Value& x) const override {
    const auto out = TRY(network_.run(x, name()));
    if (!multilabel_) return one_column(take_labels(classes_, best_of(out, 0.5)));
    data::Batch batch;
    batch.n_rows = out.n_rows;
    for (size_t c = 0; c < out.n_columns; ++c) {
      std::vector<int64_t> labels(out.n_rows);
      for (size_t i = 0; i < out.n_rows; ++i) labels[i] = out.row(i)[c] > 0.5 ? 1 : 0;
      batch.columns.push_back(data::int64_column("", std::move(labels)));
    }
    return batch;
  }

 private:
  Network network_;
  data::Column classes_;
  bool multilabel_;
};

Result<EstimatorPtr> make_mlp_classifier(const State& state) {
  auto network = TRY(read_network(state));
  const auto* binarizer = TRY(state.get("_label_binarizer"));
  const State inner(*binarizer, state.allowance());
  auto classes = TRY(inner.labels("classes_"));
  const bool multilabel = inner.text_or("y_type_", "").starts_with("multilabel");
  const size_t n_outputs = network.layers.back().weights.n_rows;
  TRY(state.require(n_outputs == classes.size() || (n_outputs == 1 && classes.size() == 2),
                    "coefs_", "does not fit the classes"));
  return EstimatorPtr(new MlpClassifier(state, std::move(network), std::move(classes), multilabel));
}

constexpr EstimatorRow kRows[] = {
    {"MLPClassifier", make_mlp_classifier},
    {"MLPRegressor", make_mlp_regressor},
};

}  // namespace

std::span<const EstimatorRow> neural_rows() { return kRows; }

}  // namespace slipway::models::sklearn
