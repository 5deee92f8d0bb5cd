#include "models/sklearn/kernel.h"

#include <cmath>

namespace slipway::models::sklearn {

Result<Kernel> Kernel::make(const State& state, double gamma) {
  Kernel out;
  const auto name = state.text_or("kernel", "a function");
  if (name == "linear") {
    out.kind = Kind::linear;
  } else if (name == "poly" || name == "polynomial") {
    out.kind = Kind::polynomial;
  } else if (name == "rbf") {
    out.kind = Kind::radial;
  } else if (name == "sigmoid") {
    out.kind = Kind::sigmoid;
  } else {
    return state.unsupported("kernel " + name);
  }
  out.gamma = gamma;
  out.offset = state.number_or("coef0", out.offset);
  out.degree = state.number_or("degree", out.degree);
  return out;
}

double Kernel::operator()(std::span<const double> a, std::span<const double> b) const {
  double sum = 0;
  if (kind == Kind::radial) {
    for (size_t c = 0; c < a.size(); ++c) sum += (a[c] - b[c]) * (a[c] - b[c]);
    return std::exp(-gamma * sum);
  }
  for (size_t c = 0; c < a.size(); ++c) sum += a[c] * b[c];
  if (kind == Kind::linear) return sum;
  const double inner = gamma * sum + offset;
  return kind == Kind::sigmoid ? std::tanh(inner) : std::pow(inner, degree);
}

Matrix kernel_matrix(const Kernel& kernel, const Matrix& x, const Matrix& points) {
  auto out = make_matrix(x.n_rows, points.n_rows);
  for (size_t i = 0; i < x.n_rows; ++i) {
    for (size_t j = 0; j < points.n_rows; ++j) {
      out.row(i)[j] = kernel({x.row(i), x.n_columns}, {points.row(j), points.n_columns});
    }
  }
  return out;
}

Result<Matrix> rows_of(const State& state, std::string_view name) {
  const auto* object = TRY(state.get(name));
  if (object->kind != objects::Kind::instance) return state.matrix(name);
  const State sparse(*object, state.allowance());
  if (!sparse.class_name().starts_with("csr_")) {
    return state.unsupported(std::string(name) + " as " + object->text);
  }
  const auto shape = TRY(sparse.integers("_shape"));
  const auto starts = TRY(sparse.integers("indptr"));
  const auto columns = TRY(sparse.integers("indices"));
  const auto values = TRY(sparse.numbers("data", columns.size()));
  constexpr int64_t kMost = int64_t{1} << 27;  // of cells, once it is dense
  TRY(state.require(
      shape.size() == 2 && shape[0] >= 0 && shape[1] > 0 && shape[0] <= kMost / shape[1], name,
      "is too large to be read as a dense matrix"));
  TRY(state.require(starts.size() == static_cast<size_t>(shape[0]) + 1, name, "is damaged"));
  auto out = make_matrix(static_cast<size_t>(shape[0]), static_cast<size_t>(shape[1]));
  for (size_t i = 0; i < out.n_rows; ++i) {
    TRY(state.require(starts[i] >= 0 && starts[i] <= starts[i + 1] &&
                          starts[i + 1] <= static_cast<int64_t>(columns.size()),
                      name, "is damaged"));
    for (auto k = static_cast<size_t>(starts[i]); k < static_cast<size_t>(starts[i + 1]); ++k) {
      TRY(state.require(columns[k] >= 0 && columns[k] < shape[1], name, "is damaged"));
      out.row(i)[static_cast<size_t>(columns[k])] += values[k];
    }
  }
  return out;
}

}  // namespace slipway::models::sklearn
