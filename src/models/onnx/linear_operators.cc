// LinearRegressor and LinearClassifier.
#include <algorithm>

#include "models/onnx/operators.h"

namespace slipway::models::onnx {
namespace {

struct Linear {
  std::vector<float> coefficients;  // [n_outputs × n_columns]
  std::vector<float> intercepts;    // n_outputs, or none
  size_t n_outputs = 1;
  PostTransform post = PostTransform::none;

  /// Products added up in double, as float.
  Result<std::vector<float>> scores(const Tensor& x) const {
    const auto extent = TRY(extent_of(x));
    if (extent.n_columns * n_outputs != coefficients.size()) {
      return fail(Code::invalid_parameter_value, "rows of {} columns, the model takes {}",
                  extent.n_columns, coefficients.size() / n_outputs);
    }
    const auto values = numbers<float>(x);
    if (values.size() != x.size()) return fail(Code::invalid_parameter_value, "no numbers");
    TRY(count({static_cast<int64_t>(extent.n_rows), static_cast<int64_t>(n_outputs)}));
    std::vector<float> out(extent.n_rows * n_outputs);
    for (size_t i = 0; i < extent.n_rows; ++i) {
      const float* row = values.data() + i * extent.n_columns;
      for (size_t k = 0; k < n_outputs; ++k) {
        const float* weights = coefficients.data() + k * extent.n_columns;
        double sum = intercepts.empty() ? 0 : intercepts[k];
        for (size_t c = 0; c < extent.n_columns; ++c) sum += double{row[c]} * weights[c];
        out[i * n_outputs + k] = static_cast<float>(sum);
      }
    }
    return out;
  }
};

Result<Linear> read_linear(const NodeView& node, size_t n_outputs) {
  Linear out;
  const auto coefficients = node.floats("coefficients");
  const auto intercepts = node.floats("intercepts");
  out.coefficients.assign(coefficients.begin(), coefficients.end());
  out.intercepts.assign(intercepts.begin(), intercepts.end());
  out.n_outputs = n_outputs;
  out.post = TRY(post_transform_of(node));
  if (n_outputs == 0 || coefficients.empty() || coefficients.size() % n_outputs != 0 ||
      (!intercepts.empty() && intercepts.size() != n_outputs)) {
    return node.odd("its coefficients do not fit its outputs");
  }
  return out;
}

Tensor matrix(size_t n_columns, std::vector<float> values) {
  const auto width = static_cast<int64_t>(n_columns);
  return {{static_cast<int64_t>(values.size()) / width, width}, std::move(values)};
}

Result<Kernel> make_regressor(const NodeView& node) {
  const int64_t n = node.integer("targets", 1);
  if (n < 1 || n > 1 << 20) return node.odd("targets is not possible");
  const auto linear = TRY(read_linear(node, static_cast<size_t>(n)));
  return Kernel([linear](Inputs in) -> Result<Outputs> {
    auto scores = TRY(linear.scores(*in[0]));
    for (size_t i = 0; i < scores.size(); i += linear.n_outputs) {
      transform(linear.post, {scores.data() + i, linear.n_outputs});
    }
    return one(matrix(linear.n_outputs, std::move(scores)));
  });
}

Result<Kernel> make_classifier(const NodeView& node) {
  const auto texts = node.strings("classlabels_strings");
  const auto wholes = node.integers("classlabels_ints");
  const Labels labels{{texts.begin(), texts.end()}, {wholes.begin(), wholes.end()}};
  const size_t n = labels.size();
  if (n < 2 || (!texts.empty() && !wholes.empty())) {
    return node.odd("its class labels are not possible");
  }
  if (node.floats("intercepts").size() == 1 && n == 2) {
    return node.unsupported("one row of coefficients for two classes");
  }
  const auto linear = TRY(read_linear(node, n));
  return Kernel([linear, labels, n](Inputs in) -> Result<Outputs> {
    auto scores = TRY(linear.scores(*in[0]));
    std::vector<size_t> best;
    for (size_t i = 0; i < scores.size(); i += n) {
      const auto* row = scores.data() + i;
      best.push_back(static_cast<size_t>(std::max_element(row, row + n) - row));
      transform(linear.post, {scores.data() + i, n});
    }
    return Outputs{labels.take(best), matrix(n, std::move(scores))};
  });
}

constexpr OperatorRow kRows[] = {
    {"LinearClassifier", 1, 1, 2, make_classifier},
    {"LinearRegressor", 1, 1, 1, make_regressor},
};

}  // namespace

std::span<const OperatorRow> linear_rows() { return kRows; }

}  // namespace slipway::models::onnx
