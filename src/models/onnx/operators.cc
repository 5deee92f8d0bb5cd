// What all families of operators use: attributes, labels, scores' last step.
#include "models/onnx/operators.h"

#include <algorithm>
#include <cmath>

namespace slipway::models::onnx {

int64_t NodeView::integer(std::string_view name, int64_t otherwise) const {
  const auto* found = node_.find(name);
  return found == nullptr ? otherwise : found->i;
}

float NodeView::number(std::string_view name, float otherwise) const {
  const auto* found = node_.find(name);
  return found == nullptr ? otherwise : found->f;
}

std::string NodeView::text(std::string_view name, std::string_view otherwise) const {
  const auto* found = node_.find(name);
  return found == nullptr ? std::string(otherwise) : found->s;
}

std::span<const int64_t> NodeView::integers(std::string_view name) const {
  const auto* found = node_.find(name);
  return found == nullptr ? std::span<const int64_t>() : found->ints;
}

std::span<const float> NodeView::floats(std::string_view name) const {
  const auto* found = node_.find(name);
  return found == nullptr ? std::span<const float>() : found->floats;
}

std::span<const std::string> NodeView::strings(std::string_view name) const {
  const auto* found = node_.find(name);
  return found == nullptr ? std::span<const std::string>() : found->strings;
}

Result<Tensor> NodeView::tensor(std::string_view name, SmallIntegers small) const {
  const auto* found = node_.find(name);
  if (found == nullptr || !found->tensor) return odd(fmt::format("it has no tensor '{}'", name));
  return tensor_of(*found->tensor, files_, small);
}

Error NodeView::odd(std::string_view why) const {
  return fail(Code::invalid_parameter_value, "{} '{}': {}", node_.op_type, node_.name, why);
}

Error NodeView::unsupported(std::string_view what) const {
  return fail(Code::not_implemented, "{} '{}': {} is not evaluated", node_.op_type, node_.name,
              what);
}

Outputs one(Tensor tensor) {
  Outputs out;
  out.push_back(std::move(tensor));
  return out;
}

Result<Extent> extent_of(const Tensor& tensor) {
  const auto& shape = tensor.shape;
  if (shape.size() == 1) return Extent{1, static_cast<size_t>(shape[0])};
  if (shape.size() == 2)
    return Extent{static_cast<size_t>(shape[0]), static_cast<size_t>(shape[1])};
  return fail(Code::invalid_parameter_value, "a matrix is wanted, not the shape {}",
              shape_text(shape));
}

Result<PostTransform> post_transform_of(const NodeView& node) {
  constexpr std::string_view kNames[] = {"NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT"};
  const auto name = node.text("post_transform", "NONE");
  const auto found = std::ranges::find(kNames, name);
  if (found == std::end(kNames)) return node.odd("post_transform " + name);
  return static_cast<PostTransform>(found - std::begin(kNames));
}

float logistic(float x) {
  const float y = 1 / (1 + std::exp(-std::abs(x)));
  return x < 0 ? 1 - y : y;
}

namespace {

// The inverse of the normal distribution as ONNX Runtime approximates it.
float probit(float x) {
  x = 2 * x - 1;
  const float sign = x < 0 ? -1.0f : 1.0f;
  const float log = std::log((1 - x) * (1 + x));
  const float v = 2 / (3.14159f * 0.147f) + 0.5f * log;
  const float v2 = 1 / 0.147f * log;
  return 1.41421356f * sign * std::sqrt(-v + std::sqrt(v * v - v2));
}

void softmax(std::span<float> row, bool keep_zeros) {
  constexpr float kZero = 1e-7f;
  const float max = *std::ranges::max_element(row);
  const float scale = std::exp(-max);
  float sum = 0;
  for (float& x : row) {
    if (keep_zeros && std::abs(x) <= kZero) {
      x *= scale;
    } else {
      x = std::exp(x - max);
    }
    sum += x;
  }
  for (float& x : row) x /= sum;
}

}  // namespace

void transform(PostTransform what, std::span<float> row) {
  if (row.empty()) return;
  switch (what) {
    case PostTransform::none: break;
    case PostTransform::softmax: softmax(row, false); break;
    case PostTransform::softmax_zero: softmax(row, true); break;
    case PostTransform::logistic:
      for (float& x : row) x = logistic(x);
      break;
    case PostTransform::probit:
      for (float& x : row) x = probit(x);
      break;
  }
}

Tensor Labels::take(const std::vector<size_t>& places) const {
  const Shape shape{static_cast<int64_t>(places.size())};
  if (!texts.empty()) {
    std::vector<std::string> out;
    for (const size_t place : places) out.push_back(texts[place]);
    return {shape, std::move(out)};
  }
  std::vector<int64_t> out;
  for (const size_t place : places) out.push_back(numbers[place]);
  return {shape, std::move(out)};
}

}  // namespace slipway::models::onnx
