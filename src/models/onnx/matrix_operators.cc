// Operators over whole rows and matrices: products, reductions, softmax, the place of the greatest.
#include <algorithm>
#include <cmath>
#include <limits>

#include "models/onnx/operators.h"

namespace slipway::models::onnx {
namespace {

Error floats_only(const Tensor& tensor) {
  return fail(Code::not_implemented, "elements of type {} are not evaluated here",
              element_name(tensor.element()));
}

struct Sides {
  size_t n = 0;  // rows of the result
  size_t k = 0;  // what is added up
  size_t m = 0;  // columns of the result
};

// a [n × k], or its transpose, times b [k × m], or its transpose; added up in double.
template <typename T>
std::vector<T> product(const std::vector<T>& a, const std::vector<T>& b, Sides sides,
                       bool a_is_turned, bool b_is_turned) {
  std::vector<T> out(sides.n * sides.m);
  std::vector<double> sums(sides.m);
  for (size_t i = 0; i < sides.n; ++i) {
    std::ranges::fill(sums, 0);
    for (size_t k = 0; k < sides.k; ++k) {
      const double x = a[a_is_turned ? k * sides.n + i : i * sides.k + k];
      if (b_is_turned) {
        for (size_t j = 0; j < sides.m; ++j) sums[j] += x * b[j * sides.k + k];
      } else {
        const T* row = b.data() + k * sides.m;
        for (size_t j = 0; j < sides.m; ++j) sums[j] += x * row[j];
      }
    }
    for (size_t j = 0; j < sides.m; ++j) out[i * sides.m + j] = static_cast<T>(sums[j]);
  }
  return out;
}

Result<Outputs> multiply(const Tensor& a, const Tensor& b) {
  // one dimension stands for a row on the left, for a column on the right
  if (a.rank() < 1 || b.rank() < 1 || b.rank() > 2) {
    return fail(Code::not_implemented, "a product of {} and {} is not evaluated",
                shape_text(a.shape), shape_text(b.shape));
  }
  Sides sides;
  sides.k = static_cast<size_t>(a.shape.back());
  sides.m = b.rank() == 2 ? static_cast<size_t>(b.shape[1]) : 1;
  if (b.shape[0] != a.shape.back()) {
    return fail(Code::invalid_parameter_value, "{} times {} is not possible", shape_text(a.shape),
                shape_text(b.shape));
  }
  Shape shape = a.shape;
  shape.pop_back();
  sides.n = TRY(count(shape));
  if (b.rank() == 2) shape.push_back(b.shape[1]);
  TRY(count(shape));
  return std::visit(
      [&](const auto& x) -> Result<Outputs> {
        using V = std::decay_t<decltype(x)>;
        if constexpr (std::is_floating_point_v<typename V::value_type>) {
          const auto* y = std::get_if<V>(&b.values);
          if (y != nullptr) return one({std::move(shape), product(x, *y, sides, false, false)});
        }
        return floats_only(a);
      },
      a.values);
}

Result<Kernel> make_multiply(const NodeView&) {
  return Kernel([](Inputs in) { return multiply(*in[0], *in[1]); });
}

struct Gemm {
  float alpha = 1;
  float beta = 1;
  bool a_is_turned = false;
  bool b_is_turned = false;

  Result<Outputs> run(Inputs in) const {
    const auto& a = *in[0];
    const auto& b = *in[1];
    if (a.rank() != 2 || b.rank() != 2) return fail(Code::invalid_parameter_value, "no matrices");
    Sides sides;
    sides.n = static_cast<size_t>(a.shape[a_is_turned ? 1 : 0]);
    sides.k = static_cast<size_t>(a.shape[a_is_turned ? 0 : 1]);
    sides.m = static_cast<size_t>(b.shape[b_is_turned ? 0 : 1]);
    if (static_cast<size_t>(b.shape[b_is_turned ? 1 : 0]) != sides.k) {
      return fail(Code::invalid_parameter_value, "{} times {} is not possible", shape_text(a.shape),
                  shape_text(b.shape));
    }
    Shape shape{static_cast<int64_t>(sides.n), static_cast<int64_t>(sides.m)};
    TRY(count(shape));
    return std::visit(
        [&](const auto& x) -> Result<Outputs> {
          using V = std::decay_t<decltype(x)>;
          if constexpr (std::is_floating_point_v<typename V::value_type>) {
            using T = typename V::value_type;
            const auto* y = std::get_if<V>(&b.values);
            const auto* c = in[2] == nullptr ? nullptr : std::get_if<V>(&in[2]->values);
            if (y == nullptr || (in[2] != nullptr && c == nullptr)) return floats_only(b);
            auto out = product(x, *y, sides, a_is_turned, b_is_turned);
            for (auto& value : out) value *= static_cast<T>(alpha);
            if (c != nullptr) TRY(add(*c, in[2]->shape, sides, out));
            return one({std::move(shape), std::move(out)});
          } else {
            return floats_only(a);
          }
        },
        a.values);
  }

  template <typename T>
  Result<void> add(const std::vector<T>& c, const Shape& shape, Sides sides,
                   std::vector<T>& out) const {
    const bool is_row = c.size() == sides.m && (shape.size() == 1 || shape[0] == 1);
    const bool is_column = c.size() == sides.n && shape.size() == 2 && shape[1] == 1;
    if (c.size() != 1 && c.size() != out.size() && !is_row && !is_column) {
      return fail(Code::invalid_parameter_value, "{} cannot be added", shape_text(shape));
    }
    for (size_t i = 0; i < out.size(); ++i) {
      const size_t place = c.size() == 1            ? 0
                           : c.size() == out.size() ? i
                           : is_row                 ? i % sides.m
                                                    : i / sides.m;
      out[i] += static_cast<T>(beta) * c[place];
    }
    return {};
  }
};

Result<Kernel> make_gemm(const NodeView& node) {
  const Gemm out{node.number("alpha", 1), node.number("beta", 1), node.integer("transA", 0) != 0,
                 node.integer("transB", 0) != 0};
  return Kernel([out](Inputs in) { return out.run(in); });
}

/// A tensor cut along one axis: [before × n × after].
struct Cut {
  size_t before = 1;
  size_t n = 1;
  size_t after = 1;

  static Result<Cut> along(int64_t axis, const Shape& shape) {
    const auto rank = static_cast<int64_t>(shape.size());
    if (axis < -rank || axis >= rank) {
      return fail(Code::invalid_parameter_value, "axis {} of {} dimensions", axis, rank);
    }
    const auto at = static_cast<size_t>(axis < 0 ? axis + rank : axis);
    Cut cut;
    for (size_t i = 0; i < shape.size(); ++i) {
      (i < at ? cut.before : i == at ? cut.n : cut.after) *= static_cast<size_t>(shape[i]);
    }
    return cut;
  }
};

enum class Best { greatest, least };

template <Best kBest>
Result<Kernel> make_place_of(const NodeView& node) {
  const int64_t axis = node.integer("axis", 0);
  const bool keep = node.integer("keepdims", 1) != 0;
  if (node.integer("select_last_index", 0) != 0) return node.unsupported("select_last_index");
  return Kernel([axis, keep](Inputs in) -> Result<Outputs> {
    if (in[0]->element() == Element::string) return floats_only(*in[0]);
    const auto cut = TRY(Cut::along(axis, in[0]->shape));
    if (cut.n == 0) return fail(Code::invalid_parameter_value, "the best of nothing is wanted");
    Shape shape = in[0]->shape;
    const auto at =
        static_cast<size_t>(axis < 0 ? axis + static_cast<int64_t>(shape.size()) : axis);
    if (keep) {
      shape[at] = 1;
    } else {
      shape.erase(shape.begin() + static_cast<ptrdiff_t>(at));
    }
    std::vector<int64_t> out(cut.before * cut.after);
    for (size_t i = 0; i < out.size(); ++i) {
      const size_t begin = i / cut.after * cut.n * cut.after + i % cut.after;
      size_t best = 0;
      for (size_t k = 1; k < cut.n; ++k) {
        const double x = in[0]->number_at(begin + k * cut.after);
        const double y = in[0]->number_at(begin + best * cut.after);
        if (kBest == Best::greatest ? x > y : x < y) best = k;
      }
      out[i] = static_cast<int64_t>(best);
    }
    return one({std::move(shape), std::move(out)});
  });
}

enum class Softmax { plain, logarithm };

// Before version 13 all axes from the given one on are one.
template <Softmax kForm>
Result<Kernel> make_softmax(const NodeView& node) {
  const bool old = node.opset() < 13;
  const int64_t axis = node.integer("axis", old ? 1 : -1);
  return Kernel([axis, old](Inputs in) -> Result<Outputs> {
    auto cut = TRY(Cut::along(axis, in[0]->shape));
    if (old) cut = {cut.before, cut.n * cut.after, 1};
    return std::visit(
        [&](const auto& given) -> Result<Outputs> {
          using V = std::decay_t<decltype(given)>;
          if constexpr (std::is_floating_point_v<typename V::value_type>) {
            V out = given;
            for (size_t i = 0; cut.n > 0 && i < cut.before * cut.after; ++i) {
              auto* x = out.data() + i / cut.after * cut.n * cut.after + i % cut.after;
              auto max = x[0];
              for (size_t k = 1; k < cut.n; ++k) max = std::max(max, x[k * cut.after]);
              double sum = 0;
              for (size_t k = 0; k < cut.n; ++k) sum += std::exp(double{x[k * cut.after]} - max);
              for (size_t k = 0; k < cut.n; ++k) {
                auto& value = x[k * cut.after];
                const double shifted = double{value} - max;
                using T = typename V::value_type;
                value = static_cast<T>(kForm == Softmax::plain ? std::exp(shifted) / sum
                                                               : shifted - std::log(sum));
              }
            }
            return one({in[0]->shape, std::move(out)});
          } else {
            return floats_only(*in[0]);
          }
        },
        in[0]->values);
  });
}

enum class Reduce { sum, mean, max, min, sum_square, l1, l2, product, log_sum_exp };

/// Where each element of a tensor goes when some of its axes go.
class Targets {
 public:
  Targets(const Shape& shape, const std::vector<bool>& gone) : shape_(shape), at_(shape.size()) {
    strides_.assign(shape.size(), 0);
    for (size_t d = shape.size(); d-- > 0;) {
      if (gone[d]) continue;
      strides_[d] = n_;
      n_ *= static_cast<size_t>(shape[d]);
    }
  }
  size_t n() const { return n_; }
  size_t here() const { return here_; }
  void next() {
    for (size_t d = shape_.size(); d-- > 0;) {
      here_ += strides_[d];
      if (++at_[d] < shape_[d]) return;
      here_ -= strides_[d] * static_cast<size_t>(at_[d]);
      at_[d] = 0;
    }
  }

 private:
  Shape shape_;
  std::vector<int64_t> at_;
  std::vector<size_t> strides_;
  size_t n_ = 1;
  size_t here_ = 0;
};

// One number for each place that is left. `first` tells that nothing was added yet.
template <Reduce kReduce>
void add_to(double& sum, double value, bool first) {
  switch (kReduce) {
    case Reduce::sum:
    case Reduce::mean: sum += value; break;
    case Reduce::sum_square:
    case Reduce::l2: sum += value * value; break;
    case Reduce::l1: sum += std::abs(value); break;
    case Reduce::product: sum = first ? value : sum * value; break;
    case Reduce::max: sum = first ? value : std::max(sum, value); break;
    case Reduce::min: sum = first ? value : std::min(sum, value); break;
    case Reduce::log_sum_exp: {  // kept as the logarithm
      const double low = first ? value : std::min(sum, value);
      const double high = first ? value : std::max(sum, value);
      sum = first || high == low ? (first ? value : high + std::log(2.0))
                                 : high + std::log1p(std::exp(low - high));
      break;
    }
  }
}

template <Reduce kReduce>
std::vector<double> reduced(const Tensor& x, Targets targets) {
  std::vector<double> out(targets.n(), kReduce == Reduce::product ? 1 : 0);
  std::vector<uint8_t> seen(targets.n(), 0);
  for (size_t i = 0; i < x.size(); ++i, targets.next()) {
    const size_t to = targets.here();
    add_to<kReduce>(out[to], x.number_at(i), seen[to] == 0);
    seen[to] = 1;
  }
  const double n =
      out.empty() ? 1 : static_cast<double>(x.size()) / static_cast<double>(out.size());
  for (double& value : out) {
    if (kReduce == Reduce::mean) value /= n;
    if (kReduce == Reduce::l2) value = std::sqrt(value);
  }
  return out;
}

template <Reduce kReduce>
Result<Outputs> reduce(const Tensor& x, const std::vector<int64_t>& axes, bool keep) {
  const auto rank = static_cast<int64_t>(x.rank());
  std::vector<bool> gone(x.rank(), axes.empty());
  for (const int64_t axis : axes) {
    if (axis < -rank || axis >= rank) {
      return fail(Code::invalid_parameter_value, "axis {} of {} dimensions", axis, rank);
    }
    gone[static_cast<size_t>(axis < 0 ? axis + rank : axis)] = true;
  }
  Shape shape;
  for (size_t i = 0; i < gone.size(); ++i) {
    if (!gone[i] || keep) shape.push_back(gone[i] ? 1 : x.shape[i]);
  }
  return std::visit(
      [&](const auto& values) -> Result<Outputs> {
        using V = std::decay_t<decltype(values)>;
        if constexpr (std::is_arithmetic_v<typename V::value_type>) {
          V out;
          for (const double value : reduced<kReduce>(x, Targets(x.shape, gone))) {
            out.push_back(cast<typename V::value_type>(value));
          }
          return one({std::move(shape), std::move(out)});
        } else {
          return floats_only(x);
        }
      },
      x.values);
}

// Axes are an attribute at first and an input from version 13 (sums) or 18 on.
template <Reduce kReduce>
Result<Kernel> make_reduce(const NodeView& node) {
  const auto given = node.integers("axes");
  const std::vector<int64_t> attribute(given.begin(), given.end());
  const bool keep = node.integer("keepdims", 1) != 0;
  const bool none_is_none = node.integer("noop_with_empty_axes", 0) != 0;
  return Kernel([=](Inputs in) -> Result<Outputs> {
    auto axes = attribute;
    if (in[1] != nullptr) axes = TRY(integers(*in[1]));
    if (axes.empty() && none_is_none) return one(*in[0]);
    return reduce<kReduce>(*in[0], axes, keep);
  });
}

constexpr OperatorRow kRows[] = {
    {"ArgMax", 1, 1, 1, make_place_of<Best::greatest>},
    {"ArgMin", 1, 1, 1, make_place_of<Best::least>},
    {"Gemm", 2, 3, 1, make_gemm},
    {"LogSoftmax", 1, 1, 1, make_softmax<Softmax::logarithm>},
    {"MatMul", 2, 2, 1, make_multiply},
    {"ReduceL1", 1, 2, 1, make_reduce<Reduce::l1>},
    {"ReduceL2", 1, 2, 1, make_reduce<Reduce::l2>},
    {"ReduceLogSumExp", 1, 2, 1, make_reduce<Reduce::log_sum_exp>},
    {"ReduceMax", 1, 2, 1, make_reduce<Reduce::max>},
    {"ReduceMean", 1, 2, 1, make_reduce<Reduce::mean>},
    {"ReduceMin", 1, 2, 1, make_reduce<Reduce::min>},
    {"ReduceProd", 1, 2, 1, make_reduce<Reduce::product>},
    {"ReduceSum", 1, 2, 1, make_reduce<Reduce::sum>},
    {"ReduceSumSquare", 1, 2, 1, make_reduce<Reduce::sum_square>},
    {"Softmax", 1, 1, 1, make_softmax<Softmax::plain>},
};

}  // namespace

std::span<const OperatorRow> matrix_rows() { return kRows; }

}  // namespace slipway::models::onnx
