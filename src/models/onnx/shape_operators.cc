// Operators that move elements about: shapes, pieces, places.
#include <algorithm>
#include <numeric>
#include <optional>

#include "models/onnx/broadcast.h"
#include "models/onnx/operators.h"

namespace slipway::models::onnx {
namespace {

constexpr int64_t kMaxRank = 16;

Result<size_t> axis_of(int64_t axis, size_t rank) {
  const auto n = static_cast<int64_t>(rank);
  if (axis < -n || axis >= n) {
    return fail(Code::invalid_parameter_value, "axis {} of {} dimensions", axis, rank);
  }
  return static_cast<size_t>(axis < 0 ? axis + n : axis);
}

size_t product(const Shape& shape, size_t begin, size_t end) {
  size_t n = 1;
  for (size_t i = begin; i < end; ++i) n *= static_cast<size_t>(shape[i]);
  return n;
}

// Elements at the places given, in that order; all < x.size().
Tensor at_places(const Tensor& x, Shape shape, const std::vector<size_t>& places) {
  Tensor out{std::move(shape), {}};
  std::visit(
      [&](const auto& values) {
        std::decay_t<decltype(values)> taken;
        taken.reserve(places.size());
        for (const size_t place : places) taken.push_back(values[place]);
        out.values = std::move(taken);
      },
      x.values);
  return out;
}

Result<Kernel> make_reshape(const NodeView& node) {
  const bool zero_copies = node.integer("allowzero", 0) == 0;
  return Kernel([zero_copies](Inputs in) -> Result<Outputs> {
    auto shape = TRY(integers(*in[1]));
    if (shape.size() > kMaxRank) return fail(Code::invalid_parameter_value, "too many dimensions");
    std::optional<size_t> open;
    for (size_t i = 0; i < shape.size(); ++i) {
      if (shape[i] == 0 && zero_copies && i < in[0]->rank()) shape[i] = in[0]->shape[i];
      if (shape[i] == -1 && !open) {
        open = i;
        shape[i] = 1;
      }
    }
    const size_t n = TRY(count(shape));
    if (open && n > 0) shape[*open] = static_cast<int64_t>(in[0]->size() / n);
    const size_t total = TRY(count(shape));
    if (total != in[0]->size()) {
      return fail(Code::invalid_parameter_value, "the shape {} cannot become {}",
                  shape_text(in[0]->shape), shape_text(shape));
    }
    return one({std::move(shape), in[0]->values});
  });
}

Result<Kernel> make_flatten(const NodeView& node) {
  const int64_t axis = node.integer("axis", 1);
  return Kernel([axis](Inputs in) -> Result<Outputs> {
    const auto& shape = in[0]->shape;
    const auto rank = static_cast<int64_t>(shape.size());
    if (axis < -rank || axis > rank) {
      return fail(Code::invalid_parameter_value, "axis {} of {} dimensions", axis, rank);
    }
    const auto cut = static_cast<size_t>(axis < 0 ? axis + rank : axis);
    const auto head = static_cast<int64_t>(product(shape, 0, cut));
    const auto tail = static_cast<int64_t>(product(shape, cut, shape.size()));
    return one({{head, tail}, in[0]->values});
  });
}

// Axes are an attribute before version 13, and an input from then on.
Result<std::vector<int64_t>> axes_of(const std::vector<int64_t>& attribute, const Tensor* input) {
  if (input == nullptr) return attribute;
  return integers(*input);
}

Result<Kernel> make_squeeze(const NodeView& node) {
  const auto given = node.integers("axes");
  const std::vector<int64_t> attribute(given.begin(), given.end());
  return Kernel([attribute](Inputs in) -> Result<Outputs> {
    const auto axes = TRY(axes_of(attribute, in[1]));
    std::vector<bool> gone(in[0]->rank(), axes.empty());
    for (const int64_t axis : axes) {
      const size_t at = TRY(axis_of(axis, in[0]->rank()));
      gone[at] = true;
    }
    Shape shape;
    for (size_t i = 0; i < gone.size(); ++i) {
      const int64_t size = in[0]->shape[i];
      if (!gone[i] || (axes.empty() && size != 1)) {
        shape.push_back(size);
      } else if (size != 1) {
        return fail(Code::invalid_parameter_value, "axis {} has {} elements", i, size);
      }
    }
    return one({std::move(shape), in[0]->values});
  });
}

Result<Kernel> make_unsqueeze(const NodeView& node) {
  const auto given = node.integers("axes");
  const std::vector<int64_t> attribute(given.begin(), given.end());
  return Kernel([attribute](Inputs in) -> Result<Outputs> {
    const auto axes = TRY(axes_of(attribute, in[1]));
    const size_t rank = in[0]->rank() + axes.size();
    if (rank > kMaxRank) return fail(Code::invalid_parameter_value, "too many dimensions");
    std::vector<bool> is_new(rank, false);
    for (const int64_t axis : axes) {
      const size_t at = TRY(axis_of(axis, rank));
      is_new[at] = true;
    }
    if (static_cast<size_t>(std::ranges::count(is_new, true)) != axes.size()) {
      return fail(Code::invalid_parameter_value, "an axis is there twice");
    }
    Shape shape;
    size_t from = 0;
    for (size_t i = 0; i < rank; ++i) shape.push_back(is_new[i] ? 1 : in[0]->shape[from++]);
    return one({std::move(shape), in[0]->values});
  });
}

Result<Kernel> make_concat(const NodeView& node) {
  const int64_t given = node.integer("axis", 1);
  return Kernel([given](Inputs in) -> Result<Outputs> {
    const auto& first = *in[0];
    const size_t axis = TRY(axis_of(given, first.rank()));
    Shape shape = first.shape;
    for (size_t k = 1; k < in.size(); ++k) {
      Shape other = in[k]->shape;
      bool fits = other.size() == shape.size() && in[k]->element() == first.element();
      for (size_t i = 0; fits && i < shape.size(); ++i) fits = i == axis || other[i] == shape[i];
      if (!fits) {
        return fail(Code::invalid_parameter_value, "{} of {} cannot be put beside {} of {}",
                    element_name(in[k]->element()), shape_text(other),
                    element_name(first.element()), shape_text(shape));
      }
      shape[axis] += other[axis];
    }
    const size_t n = TRY(count(shape));
    const size_t n_parts = product(shape, 0, axis);
    return std::visit(
        [&](const auto& values) -> Result<Outputs> {
          using V = std::decay_t<decltype(values)>;
          V out;
          out.reserve(n);
          for (size_t part = 0; part < n_parts; ++part) {
            for (const auto* tensor : in) {
              const auto& from = std::get<V>(tensor->values);
              const auto size = static_cast<ptrdiff_t>(from.size() / n_parts);
              const auto begin = from.begin() + static_cast<ptrdiff_t>(part) * size;
              out.insert(out.end(), begin, begin + size);
            }
          }
          return one({std::move(shape), std::move(out)});
        },
        first.values);
  });
}

Result<Kernel> make_transpose(const NodeView& node) {
  const auto given = node.integers("perm");
  const std::vector<int64_t> order(given.begin(), given.end());
  return Kernel([order](Inputs in) -> Result<Outputs> {
    const auto& shape = in[0]->shape;
    const size_t rank = shape.size();
    std::vector<size_t> axes(rank);
    std::iota(axes.rbegin(), axes.rend(), size_t{0});
    if (!order.empty()) {
      if (order.size() != rank) return fail(Code::invalid_parameter_value, "perm does not fit");
      for (size_t i = 0; i < rank; ++i) {
        axes[i] = TRY(axis_of(order[i], rank));
      }
    }
    auto sorted = axes;
    std::ranges::sort(sorted);
    for (size_t i = 0; i < rank; ++i) {
      if (sorted[i] != i) return fail(Code::invalid_parameter_value, "perm is no order");
    }
    Shape out;
    std::vector<size_t> strides;
    for (const size_t axis : axes) {
      out.push_back(shape[axis]);
      strides.push_back(product(shape, axis + 1, rank));
    }
    std::vector<size_t> places(in[0]->size());
    std::vector<int64_t> at(rank, 0);
    size_t place = 0;
    for (auto& to : places) {
      to = place;
      for (size_t d = rank; d-- > 0;) {
        place += strides[d];
        if (++at[d] < out[d]) break;
        place -= strides[d] * static_cast<size_t>(at[d]);
        at[d] = 0;
      }
    }
    return one(at_places(*in[0], std::move(out), places));
  });
}

Result<Kernel> make_gather(const NodeView& node) {
  const int64_t given = node.integer("axis", 0);
  return Kernel([given](Inputs in) -> Result<Outputs> {
    const auto& shape = in[0]->shape;
    const size_t axis = TRY(axis_of(given, shape.size()));
    auto wanted = TRY(integers(*in[1]));
    const int64_t n = shape[axis];
    for (auto& i : wanted) {
      if (i < -n || i >= n) {
        return fail(Code::invalid_parameter_value, "element {} of {} is wanted", i, n);
      }
      if (i < 0) i += n;
    }
    Shape out(shape.begin(), shape.begin() + static_cast<ptrdiff_t>(axis));
    out.insert(out.end(), in[1]->shape.begin(), in[1]->shape.end());
    out.insert(out.end(), shape.begin() + static_cast<ptrdiff_t>(axis) + 1, shape.end());
    if (out.size() > kMaxRank) return fail(Code::invalid_parameter_value, "too many dimensions");
    const size_t total = TRY(count(out));
    const size_t n_parts = product(shape, 0, axis);
    const size_t width = product(shape, axis + 1, shape.size());
    std::vector<size_t> places;
    places.reserve(total);
    for (size_t part = 0; part < n_parts; ++part) {
      for (const auto i : wanted) {
        const size_t begin = (part * static_cast<size_t>(n) + static_cast<size_t>(i)) * width;
        for (size_t k = 0; k < width; ++k) places.push_back(begin + k);
      }
    }
    return one(at_places(*in[0], std::move(out), places));
  });
}

struct Slice {
  int64_t begin = 0;
  int64_t step = 1;
  int64_t size = 0;

  static Slice of(int64_t n, int64_t begin, int64_t end, int64_t step) {
    const auto inside = [&](int64_t i, int64_t low, int64_t high) {
      if (i < 0) i = i < -n ? low : i + n;
      return std::clamp(i, low, high);
    };
    Slice out;
    out.step = std::clamp<int64_t>(step, -(n + 1), n + 1);
    if (step > 0) {
      out.begin = inside(begin, 0, n);
      const int64_t last = inside(end, 0, n);
      out.size = std::max<int64_t>(0, (last - out.begin + out.step - 1) / out.step);
    } else {
      out.begin = inside(begin, -1, n - 1);
      const int64_t last = inside(end, -1, n - 1);
      out.size = std::max<int64_t>(0, (out.begin - last - out.step - 1) / -out.step);
    }
    return out;
  }
};

// Starts and ends are attributes before version 10.
Result<Kernel> make_slice(const NodeView& node) {
  const auto starts_given = node.integers("starts");
  const auto ends_given = node.integers("ends");
  const auto axes_given = node.integers("axes");
  const std::vector<int64_t> starts(starts_given.begin(), starts_given.end());
  const std::vector<int64_t> ends(ends_given.begin(), ends_given.end());
  const std::vector<int64_t> axes(axes_given.begin(), axes_given.end());
  return Kernel([starts, ends, axes](Inputs in) -> Result<Outputs> {
    const auto from = TRY(axes_of(starts, in[1]));
    const auto to = TRY(axes_of(ends, in[2]));
    const auto along = TRY(axes_of(axes, in[3]));
    const auto steps = TRY(axes_of({}, in[4]));
    const auto& shape = in[0]->shape;
    std::vector<Slice> slices;
    for (const int64_t n : shape) slices.push_back({0, 1, n});
    if (from.size() != to.size() || (!along.empty() && along.size() != from.size()) ||
        (!steps.empty() && steps.size() != from.size())) {
      return fail(Code::invalid_parameter_value, "starts, ends, axes and steps do not fit");
    }
    for (size_t i = 0; i < from.size(); ++i) {
      const auto place = along.empty() ? static_cast<int64_t>(i) : along[i];
      const size_t axis = TRY(axis_of(place, shape.size()));
      const int64_t step = steps.empty() ? 1 : steps[i];
      if (step == 0) return fail(Code::invalid_parameter_value, "a step of 0");
      slices[axis] = Slice::of(shape[axis], from[i], to[i], step);
    }
    Shape out;
    for (const auto& slice : slices) out.push_back(slice.size);
    std::vector<size_t> places{0};
    for (size_t d = 0; d < shape.size(); ++d) {
      std::vector<size_t> next;
      for (const size_t place : places) {
        for (int64_t i = 0; i < slices[d].size; ++i) {
          next.push_back(place * static_cast<size_t>(shape[d]) +
                         static_cast<size_t>(slices[d].begin + i * slices[d].step));
        }
      }
      places = std::move(next);
    }
    return one(at_places(*in[0], std::move(out), places));
  });
}

Result<Kernel> make_shape(const NodeView& node) {
  if (node.has("start") || node.has("end")) return node.unsupported("a part of a shape");
  return Kernel([](Inputs in) -> Result<Outputs> {
    return one({{static_cast<int64_t>(in[0]->rank())}, in[0]->shape});
  });
}

Result<Kernel> make_expand(const NodeView&) {
  return Kernel([](Inputs in) -> Result<Outputs> {
    const auto wanted = TRY(integers(*in[1]));
    if (wanted.size() > kMaxRank) return fail(Code::invalid_parameter_value, "too many dimensions");
    TRY(count(wanted));
    const Shape* shapes[] = {&in[0]->shape, &wanted};
    auto shape = TRY(broadcast(shapes));
    const size_t n = TRY(count(shape));
    std::vector<size_t> places(n);
    Places<1> at(shape, {&in[0]->shape});
    for (size_t i = 0; i < n; ++i, at.next()) places[i] = at[0];
    return one(at_places(*in[0], std::move(shape), places));
  });
}

Result<Kernel> make_constant(const NodeView& node) {
  Tensor out;
  if (node.has("value")) {
    out = TRY(node.tensor("value"));
  } else if (node.has("value_float")) {
    out.values = std::vector<float>{node.number("value_float", 0)};
  } else if (node.has("value_int")) {
    out.values = std::vector<int64_t>{node.integer("value_int", 0)};
  } else if (node.has("value_floats")) {
    const auto values = node.floats("value_floats");
    out = {{static_cast<int64_t>(values.size())}, std::vector<float>(values.begin(), values.end())};
  } else if (node.has("value_ints")) {
    const auto values = node.integers("value_ints");
    out = {{static_cast<int64_t>(values.size())},
           std::vector<int64_t>(values.begin(), values.end())};
  } else {
    return node.unsupported("this kind of constant");
  }
  return Kernel([out](Inputs) -> Result<Outputs> { return one(out); });
}

Result<Kernel> make_constant_of_shape(const NodeView& node) {
  Tensor value{{1}, std::vector<float>{0}};
  if (node.has("value")) value = TRY(node.tensor("value"));
  if (value.size() != 1) return node.odd("its value is not one");
  return Kernel([value](Inputs in) -> Result<Outputs> {
    auto shape = TRY(integers(*in[0]));
    if (shape.size() > kMaxRank) return fail(Code::invalid_parameter_value, "too many dimensions");
    const size_t n = TRY(count(shape));
    return one(at_places(value, std::move(shape), std::vector<size_t>(n, 0)));
  });
}

constexpr OperatorRow kRows[] = {
    {"Concat", 1, kAny, 1, make_concat},
    {"Constant", 0, 0, 1, make_constant},
    {"ConstantOfShape", 1, 1, 1, make_constant_of_shape},
    {"Expand", 2, 2, 1, make_expand},
    {"Flatten", 1, 1, 1, make_flatten},
    {"Gather", 2, 2, 1, make_gather},
    {"Reshape", 2, 2, 1, make_reshape},
    {"Shape", 1, 1, 1, make_shape},
    {"Slice", 1, 5, 1, make_slice},
    {"Squeeze", 1, 2, 1, make_squeeze},
    {"Transpose", 1, 1, 1, make_transpose},
    {"Unsqueeze", 1, 2, 1, make_unsqueeze},
};

}  // namespace

std::span<const OperatorRow> shape_rows() { return kRows; }

}  // namespace slipway::models::onnx
