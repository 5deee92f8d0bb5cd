// models/onnx/tensor.h — what flows through a graph: typed values in a shape.
#pragma once
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "base/result.h"

namespace slipway::models::onnx {

/// ONNX's element types by their numbers in files; those named here can be evaluated.
enum class Element : int32_t {
  none = 0,
  float32 = 1,
  int32 = 6,
  int64 = 7,
  string = 8,
  boolean = 9,
  float64 = 11
};

/// Spelling as ONNX has it, such as "float"; "type 10" for those that are not evaluated.
std::string element_name(Element element);

using Shape = std::vector<int64_t>;

/// Values in row-major order. A shape without dimensions is one value.
struct Tensor {
  using Values = std::variant<std::vector<float>, std::vector<double>, std::vector<int64_t>,
                              std::vector<int32_t>, std::vector<uint8_t>,  // booleans: 0 or 1
                              std::vector<std::string>>;
  Shape shape;
  Values values;

  Element element() const;
  size_t size() const {
    return std::visit([](const auto& v) { return v.size(); }, values);
  }
  size_t rank() const { return shape.size(); }
  template <typename T>
  const std::vector<T>* as() const {
    return std::get_if<std::vector<T>>(&values);
  }
  /// The value as a number; texts are NaN.
  double number_at(size_t i) const;
};

/// What a tensor may hold: a request must not make a graph fill the memory.
constexpr size_t kMaxElements = size_t{1} << 25;

/// Count the elements of a shape.
/// Errors   invalid_parameter_value: a negative size, or more than kMaxElements.
Result<size_t> count(const Shape& shape);

std::string shape_text(const Shape& shape);

/// Values of any numeric or boolean tensor as int64.
/// Errors   invalid_parameter_value: texts.
Result<std::vector<int64_t>> integers(const Tensor& tensor);

/// A number as another type, as x86 casts it: what an integer does not hold is its least value.
template <typename T, typename From>
T cast(From value) {
  if constexpr (std::is_same_v<T, uint8_t>) {
    return value != 0;
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<T>) {
    constexpr From kLimit = sizeof(T) == 8 ? From(0x1p63) : From(0x1p31);
    if (!(value >= -kLimit && value < kLimit)) return std::numeric_limits<T>::min();
    return static_cast<T>(value);
  } else {
    return static_cast<T>(value);
  }
}

/// Values of a numeric tensor as T (float, double, int64_t, int32_t, or uint8_t: truth); of texts
/// none.
template <typename T>
std::vector<T> numbers(const Tensor& tensor) {
  std::vector<T> out;
  out.reserve(tensor.size());
  std::visit(
      [&](const auto& values) {
        if constexpr (requires { static_cast<T>(values[0]); }) {
          for (const auto value : values) out.push_back(cast<T>(value));
        }
      },
      tensor.values);
  return out;
}

}  // namespace slipway::models::onnx
