#include "models/onnx/tensor.h"

#include <limits>

namespace slipway::models::onnx {

std::string element_name(Element element) {
  switch (element) {
    case Element::none: return "none";
    case Element::float32: return "float";
    case Element::int32: return "int32";
    case Element::int64: return "int64";
    case Element::string: return "string";
    case Element::boolean: return "bool";
    case Element::float64: return "double";
  }
  return fmt::format("type {}", static_cast<int32_t>(element));
}

Element Tensor::element() const {
  constexpr Element kElements[] = {Element::float32, Element::float64, Element::int64,
                                   Element::int32,   Element::boolean, Element::string};
  return kElements[values.index()];
}

double Tensor::number_at(size_t i) const {
  return std::visit(
      [&](const auto& v) {
        if constexpr (requires { static_cast<double>(v[i]); }) {
          return static_cast<double>(v[i]);
        } else {
          return std::numeric_limits<double>::quiet_NaN();
        }
      },
      values);
}

Result<size_t> count(const Shape& shape) {
  size_t n = 1;
  bool none = false;
  for (const int64_t size : shape) {
    if (size < 0 || static_cast<uint64_t>(size) > kMaxElements) {
      return fail(Code::invalid_parameter_value, "a tensor of shape {} is not possible",
                  shape_text(shape));
    }
    none = none || size == 0;
    if (size > 0) n *= static_cast<size_t>(size);
    if (n > kMaxElements && !none) {
      return fail(Code::invalid_parameter_value, "a tensor of shape {} has more than {} elements",
                  shape_text(shape), kMaxElements);
    }
    if (n > kMaxElements) n = 1;
  }
  return none ? 0 : n;
}

std::string shape_text(const Shape& shape) {
  std::string out = "[";
  for (const int64_t size : shape) out += fmt::format("{}{}", out.size() > 1 ? "," : "", size);
  return out + "]";
}

Result<std::vector<int64_t>> integers(const Tensor& tensor) {
  if (tensor.element() == Element::string) {
    return fail(Code::invalid_parameter_value, "texts where whole numbers are wanted");
  }
  for (size_t i = 0; i < tensor.size(); ++i) {
    const double x = tensor.number_at(i);
    if (!(x >= -0x1p63 && x < 0x1p63)) {
      return fail(Code::invalid_parameter_value, "{} where a whole number is wanted", x);
    }
  }
  return numbers<int64_t>(tensor);
}

}  // namespace slipway::models::onnx
