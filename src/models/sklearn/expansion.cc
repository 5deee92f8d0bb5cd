// Columns made of columns: products, splines, bins.
#include <algorithm>
#include <cmath>

#include "models/sklearn/families.h"
#include "models/sklearn/state.h"

namespace slipway::models::sklearn {
namespace {

constexpr size_t kMaxOutputs = 5'000'000;

/// Products of features; each is a list of their places, ascending.
class Polynomial : public Estimator {
 public:
  Polynomial(const State& state, size_t n, std::vector<std::vector<uint32_t>> products)
      : Estimator(state), n_(n), products_(std::move(products)) {}

  // numpy multiplies from the last feature of a product to the first.
  Result<Value> transform(const Value& x) const override {
    const auto ready = TRY(features(x, n_, name()));
    auto out = make_matrix(ready.n_rows, products_.size(), 1);
    out.single = ready.single;
    for (size_t i = 0; i < ready.n_rows; ++i) {
      const double* row = ready.row(i);
      double* to = out.row(i);
      for (size_t c = 0; c < products_.size(); ++c) {
        const auto& places = products_[c];
        for (size_t k = places.size(); k-- > 0;) {
          to[c] *= row[places[k]];
          if (out.single) to[c] = static_cast<float>(to[c]);
        }
      }
    }
    return Value(std::move(out));
  }

 private:
  size_t n_;
  std::vector<std::vector<uint32_t>> products_;
};

// The next combination of `size` places below n in lexicographic order; false after the last.
bool next_combination(std::vector<uint32_t>& places, size_t n, bool repeats) {
  for (size_t k = places.size(); k-- > 0;) {
    const size_t last = repeats ? n - 1 : n - places.size() + k;
    if (places[k] >= last) continue;
    ++places[k];
    for (size_t j = k + 1; j < places.size(); ++j) places[j] = places[j - 1] + (repeats ? 0 : 1);
    return true;
  }
  return false;
}

Result<EstimatorPtr> make_polynomial(const State& state) {
  const auto n = TRY(state.integer("n_features_in_"));
  const double degree = state.number_or("_max_degree", state.number_or("degree", 2));
  const double least = state.number_or("_min_degree", 0);
  TRY(state.require(n > 0 && n < 1 << 20 && degree >= 0 && degree < 64, "degree", "is odd"));
  const bool repeats = !state.truth_or("interaction_only", false);
  std::vector<std::vector<uint32_t>> products;
  if (state.truth_or("include_bias", true)) products.emplace_back();
  const auto width = static_cast<size_t>(n);
  size_t n_places = 0;
  for (auto d = static_cast<size_t>(std::max(least, 1.0)); d <= static_cast<size_t>(degree); ++d) {
    if (!repeats && d > width) break;
    std::vector<uint32_t> places(d, 0);
    for (size_t k = 0; k < d && !repeats; ++k) places[k] = static_cast<uint32_t>(k);
    do {
      products.push_back(places);
      n_places += d + 4;
      TRY(state.require(n_places < kMaxOutputs, "degree", "gives too many columns"));
    } while (next_combination(places, width, repeats));
  }
  return EstimatorPtr(new Polynomial(state, width, std::move(products)));
}

/// One feature's splines: knots, and for each B-spline its coefficient in every output.
struct Spline {
  std::vector<double> knots;
  Matrix coefficients;  // n_basis × n_outputs
  size_t degree = 3;

  size_t n_basis() const { return coefficients.n_rows; }

  // Outputs, or their first derivatives, at x; beyond the knots the outer pieces continue.
  std::vector<double> at(double x, bool derivative) const {
    const auto begin = knots.begin();
    const auto upper = std::upper_bound(begin + static_cast<ptrdiff_t>(degree),
                                        begin + static_cast<ptrdiff_t>(n_basis()), x);
    const size_t piece = std::max<size_t>(static_cast<size_t>(upper - begin), degree + 1) - 1;
    std::vector<double> basis(degree + 1, 0);
    basis[0] = 1;
    const size_t top = derivative ? degree - 1 : degree;
    for (size_t d = 1; d <= top && degree > 0; ++d) raise(basis, d, piece, x);
    if (derivative) differentiate(basis, piece);
    std::vector<double> out(coefficients.n_columns, 0);
    for (size_t b = 0; b <= degree; ++b) {
      const double* row = coefficients.row(piece - degree + b);
      for (size_t c = 0; c < out.size(); ++c) out[c] += basis[b] * row[c];
    }
    return out;
  }

 private:
  // From the basis functions of degree d - 1 to those of degree d on one piece (Cox and de Boor).
  void raise(std::vector<double>& basis, size_t d, size_t piece, double x) const {
    double saved = 0;
    for (size_t r = 0; r < d; ++r) {
      const double right = knots[piece + r + 1];
      const double left = knots[piece + 1 + r - d];
      const double share = right == left ? 0 : basis[r] / (right - left);
      basis[r] = saved + (right - x) * share;
      saved = (x - left) * share;
    }
    basis[d] = saved;
  }

  void differentiate(std::vector<double>& basis, size_t piece) const {
    const auto k = static_cast<double>(degree);
    double saved = 0;
    for (size_t r = 0; r < degree; ++r) {
      const double width = knots[piece + r + 1] - knots[piece + 1 + r - degree];
      const double share = width == 0 ? 0 : k * basis[r] / width;
      basis[r] = saved - share;
      saved = share;
    }
    basis[degree] = saved;
  }
};

enum class Beyond { stop, constant, linear, go_on, periodic };

class SplineTransformer : public Estimator {
 public:
  SplineTransformer(const State& state, std::vector<Spline> splines, Beyond beyond, bool bias,
                    Layout layout)
      : Estimator(state),
        splines_(std::move(splines)),
        beyond_(beyond),
        bias_(bias),
        layout_(layout) {}

  Result<Value> transform(const Value& x) const override {
    const auto ready = TRY(features(x, splines_.size(), name()));
    const size_t width = splines_[0].coefficients.n_columns;
    const size_t kept = bias_ ? width : width - 1;
    auto out = make_matrix(ready.n_rows, splines_.size() * kept);
    out.single = ready.single;
    size_t degree = splines_[0].degree;
    for (size_t c = 0; c < splines_.size(); ++c) {
      for (size_t i = 0; i < ready.n_rows; ++i) {
        const auto values = TRY(outputs(splines_[c], ready.row(i)[c], degree));
        std::copy_n(values.begin(), kept, out.row(i) + c * kept);
      }
      // the library, too, takes one more from the second feature on
      if (beyond_ == Beyond::linear && degree <= 1) ++degree;
    }
    out.round();
    if (layout_ == Layout::sparse) return Value(to_sparse(out));
    return Value(std::move(out));
  }

 private:
  Result<std::vector<double>> outputs(const Spline& spline, double x, size_t degree) const {
    const double low = spline.knots[degree];
    const double high = spline.knots[spline.knots.size() - 1 - degree];
    if (beyond_ == Beyond::periodic) {
      const double first = spline.knots[spline.degree];
      const double length = spline.knots[spline.n_basis()] - first;
      double turned = std::fmod(x - first, length);
      if (turned < 0) turned += length;
      return spline.at(first + turned, false);
    }
    if (beyond_ == Beyond::go_on || (low <= x && x <= high)) return spline.at(x, false);
    if (beyond_ == Beyond::stop) {
      return fail(Code::invalid_parameter_value,
                  "X contains values beyond the limits of the knots");
    }
    const bool below = x < low;
    const double edge = below ? low : high;
    const auto values = spline.at(edge, false);
    std::vector<double> out(values.size(), 0);
    size_t n = degree;
    std::vector<double> slopes(values.size(), 0);
    if (beyond_ == Beyond::linear) {
      if (spline.degree > 0) slopes = spline.at(edge, true);
      if (n <= 1) ++n;
    }
    for (size_t j = 0; j < std::min(n, out.size()); ++j) {
      const size_t place = below ? j : out.size() - 1 - j;
      out[place] = values[place] + (x - edge) * slopes[place];
    }
    return out;
  }

  std::vector<Spline> splines_;
  Beyond beyond_;
  bool bias_;
  Layout layout_;
};

Result<Spline> read_spline(const objects::Object& object, const State& owner) {
  const State state(object, owner.allowance());
  Spline spline;
  spline.knots = TRY(state.numbers(state.find("t") ? "t" : "_t"));
  spline.coefficients = TRY(state.matrix(state.find("c") ? "c" : "_c"));
  const auto degree = TRY(state.integer("k"));
  TRY(owner.require(degree >= 0 && degree < 50, "bsplines_", "has an odd degree"));
  spline.degree = static_cast<size_t>(degree);
  const size_t n = spline.knots.size();
  TRY(owner.require(n > 2 * spline.degree + 1 &&
                        spline.coefficients.n_rows == n - spline.degree - 1 &&
                        spline.coefficients.n_columns > 0 &&
                        std::is_sorted(spline.knots.begin(), spline.knots.end()),
                    "bsplines_", "has knots and coefficients that do not fit"));
  return spline;
}

Result<EstimatorPtr> make_spline(const State& state) {
  const auto* list = TRY(state.get("bsplines_"));
  std::vector<Spline> splines;
  for (const auto* item : items_of(*list)) {
    auto spline = TRY(read_spline(*item, state));
    TRY(state.require(
        splines.empty() || (spline.degree == splines[0].degree &&
                            spline.coefficients.n_columns == splines[0].coefficients.n_columns),
        "bsplines_", "are of different degrees"));
    splines.push_back(std::move(spline));
  }
  TRY(state.require(!splines.empty(), "bsplines_", "is empty"));
  const auto name = state.text_or("extrapolation", "constant");
  const auto beyond = name == "error"      ? Beyond::stop
                      : name == "linear"   ? Beyond::linear
                      : name == "continue" ? Beyond::go_on
                      : name == "periodic" ? Beyond::periodic
                                           : Beyond::constant;
  if (state.text_or("handle_missing", "error") != "error")
    return state.unsupported("handle_missing");
  const bool sparse = state.truth_or("sparse_output", false);
  return EstimatorPtr(new SplineTransformer(state, std::move(splines), beyond,
                                            state.truth_or("include_bias", true),
                                            sparse ? Layout::sparse : Layout::dense));
}

enum class Encode { ordinal, onehot, onehot_dense };

class KBins : public Estimator {
 public:
  KBins(const State& state, std::vector<std::vector<double>> edges, Encode encode)
      : Estimator(state), edges_(std::move(edges)), encode_(encode) {}

  Result<Value> transform(const Value& x) const override {
    auto ready = TRY(features(x, edges_.size(), name()));
    std::vector<size_t> offsets{0};
    for (const auto& edges : edges_) offsets.push_back(offsets.back() + edges.size() - 1);
    SparseMatrix out{ready.n_rows, offsets.back(), {0}, {}, {}};
    for (size_t i = 0; i < ready.n_rows; ++i) {
      for (size_t c = 0; c < edges_.size(); ++c) {
        const auto& edges = edges_[c];
        const auto bin = static_cast<size_t>(
            std::upper_bound(edges.begin() + 1, edges.end() - 1, ready.row(i)[c]) -
            (edges.begin() + 1));
        ready.row(i)[c] = static_cast<double>(bin);
        out.columns.push_back(static_cast<uint32_t>(offsets[c] + bin));
        out.values.push_back(1);
      }
      out.starts.push_back(out.columns.size());
    }
    if (encode_ == Encode::ordinal) return Value(std::move(ready));
    if (encode_ == Encode::onehot) return Value(std::move(out));
    auto matrix = TRY(dense(Value(std::move(out))));
    return Value(std::move(matrix));
  }

 private:
  std::vector<std::vector<double>> edges_;
  Encode encode_;
};

Result<EstimatorPtr> make_bins(const State& state) {
  const auto* list = TRY(state.get("bin_edges_"));
  std::vector<std::vector<double>> edges;
  std::vector<const objects::Object*> items = items_of(*list);
  if (items.empty()) {  // features of equally many bins may have become one array
    const auto matrix = TRY(state.matrix("bin_edges_"));
    for (size_t i = 0; i < matrix.n_rows; ++i) {
      edges.emplace_back(matrix.row(i), matrix.row(i) + matrix.n_columns);
    }
  }
  for (const auto* item : items) {
    auto values = TRY(numbers_of(*item));
    edges.push_back(std::move(values));
  }
  for (const auto& values : edges) {
    TRY(state.require(values.size() >= 2 && std::is_sorted(values.begin(), values.end()),
                      "bin_edges_", "is not ascending"));
  }
  const auto encode = state.text_or("encode", "onehot");
  return EstimatorPtr(new KBins(state, std::move(edges),
                                encode == "ordinal"        ? Encode::ordinal
                                : encode == "onehot-dense" ? Encode::onehot_dense
                                                           : Encode::onehot));
}

constexpr EstimatorRow kRows[] = {
    {"KBinsDiscretizer", make_bins},
    {"PolynomialFeatures", make_polynomial},
    {"SplineTransformer", make_spline},
};

}  // namespace

std::span<const EstimatorRow> expansion_rows() { return kRows; }

}  // namespace slipway::models::sklearn
