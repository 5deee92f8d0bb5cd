// Operators that work element by element.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text.h"
#include "models/onnx/broadcast.h"
#include "models/onnx/operators.h"

namespace slipway::models::onnx {

Result<Shape> broadcast(std::span<const Shape* const> shapes) {
  size_t rank = 0;
  for (const auto* shape : shapes) rank = std::max(rank, shape->size());
  Shape out(rank, 1);
  for (const auto* shape : shapes) {
    for (size_t i = 0; i < shape->size(); ++i) {
      auto& size = out[i + rank - shape->size()];
      const int64_t own = (*shape)[i];
      if (own == size || own == 1) continue;
      if (size != 1) {
        return fail(Code::invalid_parameter_value, "shapes {} and {} do not go together",
                    shape_text(*shapes[0]), shape_text(*shape));
      }
      size = own;
    }
  }
  TRY(count(out));
  return out;
}

namespace {

Error wrong_type(const Tensor& tensor) {
  return fail(Code::not_implemented, "elements of type {} are not evaluated here",
              element_name(tensor.element()));
}

template <typename T>
constexpr bool kIsNumber = !std::is_same_v<T, uint8_t> && !std::is_same_v<T, std::string>;

// Gives f(a, b) for each pair; both of one type.
template <typename R, typename T, typename F>
Result<Outputs> pairs(const Tensor& a, const Tensor& b, const F& f) {
  const auto* x = a.as<T>();
  const auto* y = b.as<T>();
  if (x == nullptr || y == nullptr) {
    return fail(Code::invalid_parameter_value, "{} and {} do not go together",
                element_name(a.element()), element_name(b.element()));
  }
  const Shape* shapes[] = {&a.shape, &b.shape};
  auto shape = TRY(broadcast(shapes));
  const size_t n = TRY(count(shape));
  std::vector<R> out(n);
  if (x->size() == n && y->size() == n) {
    for (size_t i = 0; i < n; ++i) out[i] = static_cast<R>(f((*x)[i], (*y)[i]));
  } else if (x->size() == n && y->size() == 1) {
    for (size_t i = 0; i < n; ++i) out[i] = static_cast<R>(f((*x)[i], (*y)[0]));
  } else {
    Places<2> places(shape, {&a.shape, &b.shape});
    for (size_t i = 0; i < n; ++i, places.next()) {
      out[i] = static_cast<R>(f((*x)[places[0]], (*y)[places[1]]));
    }
  }
  return one({std::move(shape), std::move(out)});
}

// The same for whatever numeric type the first has.
template <typename F>
Result<Outputs> arithmetic(const Tensor& a, const Tensor& b, const F& f) {
  return std::visit(
      [&](const auto& values) -> Result<Outputs> {
        using T = typename std::decay_t<decltype(values)>::value_type;
        if constexpr (kIsNumber<T>) {
          return pairs<T, T>(a, b, f);
        } else {
          return wrong_type(a);
        }
      },
      a.values);
}

// Whole numbers wrap around, and what cannot be divided is 0: nothing traps.
template <typename F>
auto wrapping(const F& f) {
  return [f](auto a, auto b) {
    using T = decltype(a);
    if constexpr (std::is_integral_v<T>) {
      using U = std::make_unsigned_t<T>;
      return static_cast<T>(f(static_cast<U>(a), static_cast<U>(b)));
    } else {
      return f(a, b);
    }
  };
}

struct Divide {
  template <typename T>
  T operator()(T a, T b) const {
    if constexpr (std::is_integral_v<T>) {
      if (b == 0) return 0;
      if (b == -1) return static_cast<T>(-static_cast<std::make_unsigned_t<T>>(a));
    }
    return a / b;
  }
};

Result<Kernel> make_add(const NodeView&) {
  return Kernel([](Inputs in) {
    return arithmetic(*in[0], *in[1], wrapping([](auto a, auto b) { return a + b; }));
  });
}
Result<Kernel> make_sub(const NodeView&) {
  return Kernel([](Inputs in) {
    return arithmetic(*in[0], *in[1], wrapping([](auto a, auto b) { return a - b; }));
  });
}
Result<Kernel> make_mul(const NodeView&) {
  return Kernel([](Inputs in) {
    return arithmetic(*in[0], *in[1], wrapping([](auto a, auto b) { return a * b; }));
  });
}
Result<Kernel> make_div(const NodeView&) {
  return Kernel([](Inputs in) { return arithmetic(*in[0], *in[1], Divide()); });
}
Result<Kernel> make_pow(const NodeView&) {
  return Kernel([](Inputs in) -> Result<Outputs> {
    const auto raise = [](auto a, auto b) {
      return cast<decltype(a)>(std::pow(static_cast<double>(a), static_cast<double>(b)));
    };
    if (in[1]->element() == in[0]->element()) return arithmetic(*in[0], *in[1], raise);
    Tensor exponent{in[1]->shape, in[0]->values};
    std::visit(
        [&](auto& v) {
          using T = typename std::decay_t<decltype(v)>::value_type;
          if constexpr (kIsNumber<T>) v = numbers<T>(*in[1]);
        },
        exponent.values);
    if (exponent.size() != in[1]->size()) return wrong_type(*in[0]);
    return arithmetic(*in[0], exponent, raise);
  });
}

// NaN wins, as numpy's maximum and ONNX Runtime have it.
template <bool kMax>
struct Extreme {
  template <typename T>
  T operator()(T a, T b) const {
    if (a != a) return a;
    if (b != b) return b;
    return kMax ? std::max(a, b) : std::min(a, b);
  }
};

template <bool kMax>
Result<Kernel> make_extreme(const NodeView&) {
  return Kernel([](Inputs in) -> Result<Outputs> {
    Tensor out = *in[0];
    for (size_t i = 1; i < in.size(); ++i) {
      auto next = TRY(arithmetic(out, *in[i], Extreme<kMax>()));
      out = std::move(next[0]);
    }
    return one(std::move(out));
  });
}

Result<Kernel> make_sum(const NodeView&) {
  return Kernel([](Inputs in) -> Result<Outputs> {
    Tensor out = *in[0];
    for (size_t i = 1; i < in.size(); ++i) {
      auto next = TRY(arithmetic(out, *in[i], wrapping([](auto a, auto b) { return a + b; })));
      out = std::move(next[0]);
    }
    return one(std::move(out));
  });
}

template <typename F>
Result<Outputs> compare(const Tensor& a, const Tensor& b, const F& f) {
  return std::visit(
      [&](const auto& values) -> Result<Outputs> {
        using T = typename std::decay_t<decltype(values)>::value_type;
        return pairs<uint8_t, T>(a, b, f);
      },
      a.values);
}

template <typename F>
Result<Kernel> make_compare(const NodeView&) {
  return Kernel([](Inputs in) { return compare(*in[0], *in[1], F()); });
}

template <typename F>
Result<Kernel> make_logic(const NodeView&) {
  return Kernel([](Inputs in) { return pairs<uint8_t, uint8_t>(*in[0], *in[1], F()); });
}

// f(x) of every element of a tensor of floats or doubles, or of whole numbers where `whole`.
template <typename F>
Result<Outputs> each(const Tensor& x, const F& f, bool whole) {
  return std::visit(
      [&](const auto& values) -> Result<Outputs> {
        using T = typename std::decay_t<decltype(values)>::value_type;
        if constexpr (kIsNumber<T>) {
          if (std::is_integral_v<T> && !whole) return wrong_type(x);
          std::vector<T> out(values.size());
          for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<T>(f(values[i]));
          return one({x.shape, std::move(out)});
        } else {
          return wrong_type(x);
        }
      },
      x.values);
}

template <auto kFunction, bool kWhole = false>
Result<Kernel> make_each(const NodeView&) {
  return Kernel(
      [](Inputs in) { return each(*in[0], [](auto x) { return kFunction(x); }, kWhole); });
}

constexpr auto kNeg = [](auto x) {
  if constexpr (std::is_integral_v<decltype(x)>) {
    return static_cast<decltype(x)>(-static_cast<std::make_unsigned_t<decltype(x)>>(x));
  } else {
    return -x;
  }
};
constexpr auto kAbs = [](auto x) { return x < 0 ? kNeg(x) : x; };
constexpr auto kExp = [](auto x) { return std::exp(x); };
constexpr auto kLog = [](auto x) { return std::log(x); };
constexpr auto kSqrt = [](auto x) { return std::sqrt(x); };
constexpr auto kTanh = [](auto x) { return std::tanh(x); };
constexpr auto kErf = [](auto x) { return std::erf(x); };
constexpr auto kFloor = [](auto x) { return std::floor(x); };
constexpr auto kCeil = [](auto x) { return std::ceil(x); };
constexpr auto kInverse = [](auto x) { return 1 / x; };
constexpr auto kRelu = [](auto x) { return x < 0 ? decltype(x)(0) : x; };
constexpr auto kSign = [](auto x) { return x > 0 ? 1 : x < 0 ? -1 : 0; };
constexpr auto kSigmoid = [](auto x) {
  const auto e = std::exp(-std::abs(x));
  return x < 0 ? e / (1 + e) : 1 / (1 + e);
};

Result<Kernel> make_not(const NodeView&) {
  return Kernel([](Inputs in) -> Result<Outputs> {
    const auto* values = in[0]->as<uint8_t>();
    if (values == nullptr) return wrong_type(*in[0]);
    std::vector<uint8_t> out(values->size());
    for (size_t i = 0; i < out.size(); ++i) out[i] = (*values)[i] == 0;
    return one({in[0]->shape, std::move(out)});
  });
}

Result<Kernel> make_is_nan(const NodeView&) {
  return Kernel([](Inputs in) -> Result<Outputs> {
    if (in[0]->element() == Element::string) return wrong_type(*in[0]);
    std::vector<uint8_t> out(in[0]->size());
    for (size_t i = 0; i < out.size(); ++i) out[i] = std::isnan(in[0]->number_at(i));
    return one({in[0]->shape, std::move(out)});
  });
}

Result<Kernel> make_identity(const NodeView&) {
  return Kernel([](Inputs in) -> Result<Outputs> { return one(*in[0]); });
}

// Before version 11 the bounds were attributes.
Result<Kernel> make_clip(const NodeView& node) {
  const float low = node.number("min", -std::numeric_limits<float>::infinity());
  const float high = node.number("max", std::numeric_limits<float>::infinity());
  return Kernel([low, high](Inputs in) -> Result<Outputs> {
    const bool bounded = (!in[1] || in[1]->size() == 1) && (!in[2] || in[2]->size() == 1);
    if (!bounded) return fail(Code::invalid_parameter_value, "a bound is one number");
    const double from = in[1] ? in[1]->number_at(0) : low;
    const double to = in[2] ? in[2]->number_at(0) : high;
    return each(
        *in[0],
        [&](auto x) {
          using T = decltype(x);
          if (static_cast<double>(x) < from) return cast<T>(from);
          return static_cast<double>(x) > to ? cast<T>(to) : x;
        },
        true);
  });
}

Result<Kernel> make_where(const NodeView&) {
  return Kernel([](Inputs in) -> Result<Outputs> {
    const auto* holds = in[0]->as<uint8_t>();
    if (holds == nullptr || in[1]->element() != in[2]->element()) return wrong_type(*in[0]);
    const Shape* shapes[] = {&in[0]->shape, &in[1]->shape, &in[2]->shape};
    auto shape = TRY(broadcast(shapes));
    const size_t n = TRY(count(shape));
    Places<3> places(shape, {shapes[0], shapes[1], shapes[2]});
    return std::visit(
        [&](const auto& yes) -> Result<Outputs> {
          using V = std::decay_t<decltype(yes)>;
          const auto& no = std::get<V>(in[2]->values);
          V out(n);
          for (size_t i = 0; i < n; ++i, places.next()) {
            out[i] = (*holds)[places[0]] ? yes[places[1]] : no[places[2]];
          }
          return one({std::move(shape), std::move(out)});
        },
        in[1]->values);
  });
}

// A number as ONNX Runtime writes it: floats with 8 digits, doubles with 17.
template <typename T>
std::string text_of(T value) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "INF" : "-INF";
    return fmt::format("{:.{}g}", value, sizeof(T) == 4 ? 8 : 17);
  } else {
    return fmt::format("{}", value);
  }
}

template <typename T>
Result<std::vector<T>> numbers_of(const std::vector<std::string>& texts) {
  std::vector<T> out;
  for (const auto& text : texts) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) {
      return fail(Code::invalid_parameter_value, "'{}' is no number", text);
    }
    out.push_back(cast<T>(value));
  }
  return out;
}

Result<Tensor> cast_to(const Tensor& x, Element to) {
  Tensor out{x.shape, {}};
  const auto* texts = x.as<std::string>();
  const auto convert = [&]<typename T>(std::vector<T> values) -> Result<void> {
    if (texts == nullptr) {
      values = numbers<T>(x);
    } else {
      values = TRY(numbers_of<T>(*texts));
    }
    out.values = std::move(values);
    return {};
  };
  switch (to) {
    case Element::float32: TRY(convert(std::vector<float>())); break;
    case Element::float64: TRY(convert(std::vector<double>())); break;
    case Element::int64: TRY(convert(std::vector<int64_t>())); break;
    case Element::int32: TRY(convert(std::vector<int32_t>())); break;
    case Element::boolean: TRY(convert(std::vector<uint8_t>())); break;
    default: {
      std::vector<std::string> strings;
      std::visit(
          [&](const auto& values) {
            for (const auto& value : values) {
              if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::string>) {
                strings.push_back(value);
              } else {
                strings.push_back(text_of(value));
              }
            }
          },
          x.values);
      out.values = std::move(strings);
    }
  }
  return out;
}

Result<Kernel> make_cast(const NodeView& node) {
  const auto to = static_cast<Element>(node.integer("to", 0));
  constexpr Element kAll[] = {Element::float32, Element::float64, Element::int64,
                              Element::int32,   Element::boolean, Element::string};
  if (std::ranges::find(kAll, to) == std::end(kAll)) {
    return node.unsupported("a cast to " + element_name(to));
  }
  return Kernel([to](Inputs in) -> Result<Outputs> {
    if (in[0]->element() == to) return one(*in[0]);
    auto out = TRY(cast_to(*in[0], to));
    return one(std::move(out));
  });
}

constexpr OperatorRow kRows[] = {
    {"Abs", 1, 1, 1, make_each<kAbs, true>},
    {"Add", 2, 2, 1, make_add},
    {"And", 2, 2, 1, make_logic<std::logical_and<>>},
    {"Cast", 1, 1, 1, make_cast},
    {"Ceil", 1, 1, 1, make_each<kCeil>},
    {"Clip", 1, 3, 1, make_clip},
    {"Div", 2, 2, 1, make_div},
    {"Equal", 2, 2, 1, make_compare<std::equal_to<>>},
    {"Erf", 1, 1, 1, make_each<kErf>},
    {"Exp", 1, 1, 1, make_each<kExp>},
    {"Floor", 1, 1, 1, make_each<kFloor>},
    {"Greater", 2, 2, 1, make_compare<std::greater<>>},
    {"GreaterOrEqual", 2, 2, 1, make_compare<std::greater_equal<>>},
    {"Identity", 1, 1, 1, make_identity},
    {"IsNaN", 1, 1, 1, make_is_nan},
    {"Less", 2, 2, 1, make_compare<std::less<>>},
    {"LessOrEqual", 2, 2, 1, make_compare<std::less_equal<>>},
    {"Log", 1, 1, 1, make_each<kLog>},
    {"Max", 1, kAny, 1, make_extreme<true>},
    {"Min", 1, kAny, 1, make_extreme<false>},
    {"Mul", 2, 2, 1, make_mul},
    {"Neg", 1, 1, 1, make_each<kNeg, true>},
    {"Not", 1, 1, 1, make_not},
    {"Or", 2, 2, 1, make_logic<std::logical_or<>>},
    {"Pow", 2, 2, 1, make_pow},
    {"Reciprocal", 1, 1, 1, make_each<kInverse>},
    {"Relu", 1, 1, 1, make_each<kRelu, true>},
    {"Sigmoid", 1, 1, 1, make_each<kSigmoid>},
    {"Sign", 1, 1, 1, make_each<kSign, true>},
    {"Sqrt", 1, 1, 1, make_each<kSqrt>},
    {"Sub", 2, 2, 1, make_sub},
    {"Sum", 1, kAny, 1, make_sum},
    {"Tanh", 1, 1, 1, make_each<kTanh>},
    {"Where", 3, 3, 1, make_where},
};

}  // namespace

std::span<const OperatorRow> arithmetic_rows() { return kRows; }

}  // namespace slipway::models::onnx
