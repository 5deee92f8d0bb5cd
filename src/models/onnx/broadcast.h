// models/onnx/broadcast.h — tensors of different shapes taken together, as numpy does.
#pragma once
#include <array>
#include <span>
#include <vector>

#include "models/onnx/tensor.h"

namespace slipway::models::onnx {

/// Give the shape that N shapes have together.
/// Errors   invalid_parameter_value: sizes differ where none is 1; too many elements.
Result<Shape> broadcast(std::span<const Shape* const> shapes);

/// Walks through the elements of a shape, and where each of N tensors has its own.
template <size_t N>
class Places {
 public:
  Places(const Shape& shape, const std::array<const Shape*, N>& of)
      : shape_(shape), at_(shape.size()) {
    for (size_t k = 0; k < N; ++k) {
      strides_[k].assign(shape.size(), 0);
      size_t stride = 1;
      const auto& own = *of[k];
      for (size_t i = own.size(); i-- > 0;) {
        if (own[i] != 1) strides_[k][i + shape.size() - own.size()] = stride;
        stride *= static_cast<size_t>(own[i]);
      }
    }
  }

  size_t operator[](size_t k) const { return places_[k]; }

  void next() {
    for (size_t d = shape_.size(); d-- > 0;) {
      for (size_t k = 0; k < N; ++k) places_[k] += strides_[k][d];
      if (++at_[d] < shape_[d]) return;
      for (size_t k = 0; k < N; ++k) places_[k] -= strides_[k][d] * static_cast<size_t>(at_[d]);
      at_[d] = 0;
    }
  }

 private:
  Shape shape_;
  std::vector<int64_t> at_;
  std::array<std::vector<size_t>, N> strides_;
  std::array<size_t, N> places_{};
};

}  // namespace slipway::models::onnx
