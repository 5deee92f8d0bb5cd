// TreeEnsembleRegressor, TreeEnsembleClassifier and TreeEnsemble.
//
// Source: the operators' definitions in ONNX 1.23; where those are silent, ONNX Runtime 1.32 as
// observed (tests/clients/onnx_test.py).
#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>

#include "models/onnx/operators.h"
#include "models/onnx/tree_table.h"

namespace slipway::models::onnx {
namespace {

enum class Aggregate { sum, average, min, max };

/// The trees for inputs of float and of double, whichever may come.
struct Sums {
  std::shared_ptr<const TreeSums> single;
  std::shared_ptr<const TreeSums> twice;

  static Result<Sums> make(const NodeView& node, TreeTable table) {
    const auto element = node.input_element();
    const bool may_be_double = table.is_double || !element || *element == Element::float64;
    const bool may_be_single = !table.is_double && (!element || *element != Element::float64);
    Sums out;
    if (may_be_double) {
      auto copy = table;
      copy.is_double = true;
      auto made = TRY(TreeSums::make(std::move(copy)));
      out.twice = std::make_shared<const TreeSums>(std::move(made));
    }
    if (may_be_single) {
      auto made = TRY(TreeSums::make(std::move(table)));
      out.single = std::make_shared<const TreeSums>(std::move(made));
    }
    return out;
  }
  const TreeSums& any() const { return single ? *single : *twice; }

  /// Add up as the input's type asks for, and give `finish(sums)`.
  template <typename Finish>
  Result<Outputs> run(const Tensor& x, const Finish& finish) const {
    if (twice && (!single || x.element() == Element::float64)) {
      auto sums = TRY(twice->twice(x));
      return finish(std::move(sums));
    }
    auto sums = TRY(single->single(x));
    return finish(std::move(sums));
  }
};

struct Regressor {
  Sums sums;
  Aggregate aggregate = Aggregate::sum;
  PostTransform post = PostTransform::none;
  std::vector<float> base;  // one for each output, or none

  bool gives_double = false;  // TreeEnsemble keeps its input's type

  Result<Outputs> run(Inputs in) const {
    const auto extent = TRY(extent_of(*in[0]));
    const auto n_rows = static_cast<int64_t>(extent.n_rows);
    const size_t n = sums.any().n_outputs();
    const double n_trees = static_cast<double>(std::max<size_t>(sums.any().n_trees(), 1));
    return sums.run(*in[0], [&](auto values) -> Result<Outputs> {
      using X = std::decay_t<decltype(values[0])>;
      for (size_t i = 0; i < values.size(); ++i) {
        if (aggregate == Aggregate::average) values[i] /= static_cast<X>(n_trees);
        if (!base.empty()) values[i] += static_cast<X>(base[i % n]);
      }
      if constexpr (std::is_same_v<X, double>) {
        if (gives_double) {
          return one({{n_rows, static_cast<int64_t>(n)}, std::move(values)});
        }
      }
      std::vector<float> out(values.begin(), values.end());
      for (size_t i = 0; i < out.size(); i += n) transform(post, {out.data() + i, n});
      return one({{n_rows, static_cast<int64_t>(n)}, std::move(out)});
    });
  }
};

Result<std::vector<float>> base_of(const NodeView& node, size_t n) {
  std::vector<float> out;
  if (node.has("base_values_as_tensor")) {
    const auto tensor = TRY(node.tensor("base_values_as_tensor"));
    out = numbers<float>(tensor);
  } else {
    const auto floats = node.floats("base_values");
    out.assign(floats.begin(), floats.end());
  }
  if (out.size() > std::max<size_t>(n, 1)) return node.odd("base_values are too many");
  return out;
}

Result<Kernel> make_regressor(const NodeView& node) {
  const int64_t n = node.integer("n_targets", 1);
  if (n < 1 || n > 1 << 20) return node.odd("n_targets is not possible");
  Regressor out;
  const auto aggregate = node.text("aggregate_function", "SUM");
  if (aggregate == "AVERAGE") {
    out.aggregate = Aggregate::average;
  } else if (aggregate != "SUM") {
    return node.unsupported("aggregate_function " + aggregate);
  }
  out.post = TRY(post_transform_of(node));
  out.base = TRY(base_of(node, static_cast<size_t>(n)));
  if (!out.base.empty() && out.base.size() != static_cast<size_t>(n)) {
    return node.odd("base_values do not fit n_targets");
  }
  auto table = TRY(read_table(node, "target", static_cast<size_t>(n)));
  out.sums = TRY(Sums::make(node, std::move(table)));
  return Kernel([out](Inputs in) { return out.run(in); });
}

Result<Kernel> make_newer(const NodeView& node) {
  Regressor out;
  const int64_t aggregate = node.integer("aggregate_function", 1);
  if (aggregate != 0 && aggregate != 1) {
    return node.unsupported(fmt::format("aggregate_function {}", aggregate));
  }
  out.aggregate = aggregate == 0 ? Aggregate::average : Aggregate::sum;
  const int64_t post = node.integer("post_transform", 0);
  if (post < 0 || post > 4) return node.odd("post_transform is not possible");
  out.post = static_cast<PostTransform>(post);
  auto table = TRY(read_newer_table(node));
  out.gives_double = table.is_double;
  if (table.is_double && out.post != PostTransform::none) {
    return node.unsupported("post_transform of doubles");
  }
  out.sums = TRY(Sums::make(node, std::move(table)));
  return Kernel([out](Inputs in) { return out.run(in); });
}

struct Classifier {
  Sums sums;
  PostTransform post = PostTransform::none;
  std::vector<float> base;
  Labels labels;

  Result<Outputs> run(Inputs in) const {
    const auto extent = TRY(extent_of(*in[0]));
    const size_t n_rows = extent.n_rows;
    return sums.run(*in[0], [&](auto values) -> Result<Outputs> {
      return labels.size() == 2 ? binary(values, n_rows) : multi(values, n_rows);
    });
  }

  template <typename X>
  Outputs multi(std::vector<X>& values, size_t n_rows) const {
    const size_t n = labels.size();
    std::vector<size_t> best(n_rows, 0);
    std::vector<float> scores(n_rows * n);
    for (size_t i = 0; i < n_rows; ++i) {
      X* row = values.data() + i * n;
      std::optional<size_t> place;
      for (size_t k = 0; k < n; ++k) {
        if (base.size() == n) row[k] += static_cast<X>(base[k]);
        const bool counts = base.size() == n || sums.any().has_weights(k);
        if (counts && (!place || row[k] > row[*place])) place = k;
      }
      best[i] = place.value_or(0);
      std::copy_n(row, n, scores.data() + i * n);
      transform(post, {scores.data() + i * n, n});
    }
    return {labels.take(best), matrix(n_rows, n, std::move(scores))};
  }

  // One class' weights alone: the other's score is what is left.
  template <typename X>
  Outputs binary(std::vector<X>& values, size_t n_rows) const {
    const auto& trees = sums.any();
    bool has_second = trees.has_weights(1);
    const bool only_one = trees.has_weights(0) != has_second;
    const bool positive = trees.all_positive();
    std::vector<size_t> best(n_rows, 0);
    std::vector<float> scores(n_rows * 2);
    for (size_t i = 0; i < n_rows; ++i) {
      X* row = values.data() + i * 2;
      bool two = has_second;
      if (base.size() == 2 && has_second) {
        row[1] = static_cast<X>(base[1]) + row[0];
        row[0] = -row[1];
      } else if (base.size() == 2) {
        row[1] += static_cast<X>(base[1]);
        row[0] += static_cast<X>(base[0]);
        two = true;
      } else if (base.size() == 1) {
        row[0] += static_cast<X>(base[0]);
      }
      const X score = two ? row[1] : row[0];
      best[i] = score > (only_one && positive ? X(0.5) : X(0)) ? 1 : 0;
      float* out = scores.data() + i * 2;
      if (two) {
        out[0] = static_cast<float>(row[0]);
        out[1] = static_cast<float>(row[1]);
        transform(post, {out, 2});
      } else {
        complete(static_cast<float>(row[0]), only_one && positive, out);
      }
    }
    return {labels.take(best), matrix(n_rows, 2, std::move(scores))};
  }

  void complete(float score, bool is_probability, float* out) const {
    if (post == PostTransform::probit) {
      transform(post, {&score, 1});
      out[0] = out[1] = score;
    } else if (is_probability) {
      out[1] = score;
      out[0] = 1 - score;
    } else if (post == PostTransform::logistic) {
      out[1] = logistic(score);
      out[0] = logistic(-score);
    } else {
      out[1] = score;
      out[0] = -score;
    }
  }

  static Tensor matrix(size_t n_rows, size_t n_columns, std::vector<float> values) {
    return {{static_cast<int64_t>(n_rows), static_cast<int64_t>(n_columns)}, std::move(values)};
  }
};

Result<Kernel> make_classifier(const NodeView& node) {
  Classifier out;
  const auto texts = node.strings("classlabels_strings");
  const auto numbers = node.integers("classlabels_int64s");
  out.labels = {{texts.begin(), texts.end()}, {numbers.begin(), numbers.end()}};
  const size_t n = out.labels.size();
  if (n < 2 || n > 1u << 20 || (!texts.empty() && !numbers.empty())) {
    return node.odd("its class labels are not possible");
  }
  out.post = TRY(post_transform_of(node));
  if (n == 2 && out.post == PostTransform::probit) return node.unsupported("PROBIT of two classes");
  out.base = TRY(base_of(node, n));
  auto table = TRY(read_table(node, "class", n));
  out.sums = TRY(Sums::make(node, std::move(table)));
  return Kernel([out](Inputs in) { return out.run(in); });
}

constexpr OperatorRow kRows[] = {
    {"TreeEnsemble", 1, 1, 1, make_newer},
    {"TreeEnsembleClassifier", 1, 1, 2, make_classifier},
    {"TreeEnsembleRegressor", 1, 1, 1, make_regressor},
};

}  // namespace

std::span<const OperatorRow> tree_rows() { return kRows; }

}  // namespace slipway::models::onnx
