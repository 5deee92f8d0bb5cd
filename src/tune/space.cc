#include "tune/space.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace slipway::tune {
namespace {

constexpr double kInactive = std::numeric_limits<double>::quiet_NaN();

bool same_value(const Json& one, const Json& other) {
  if (one.is_number() && other.is_number()) {
    return one.to_number<double>() == other.to_number<double>();
  }
  return one == other;
}

Json json_value(const Dimension& dimension, double coordinate) {
  if (dimension.shape == Shape::choice) return dimension.options[static_cast<size_t>(coordinate)];
  const double value = dimension.value(coordinate);
  const bool integral = dimension.step > 0 && dimension.step == std::floor(dimension.step);
  if (integral && std::abs(value) < 0x1p53) return static_cast<int64_t>(value);
  return value;
}

Result<double> read_value(const Dimension& dimension, const Json& json) {
  const auto wrong = [&](std::string_view accepted) {
    return fail(Code::invalid_parameter_value, "parameter '{}': {} is not {}", dimension.name,
                to_text(json), accepted);
  };
  if (dimension.shape == Shape::choice) {
    for (size_t i = 0; i < dimension.options.size(); ++i) {
      if (same_value(dimension.options[i], json)) return static_cast<double>(i);
    }
    return wrong(fmt::format(
        "one of {}", to_text(JsonArray(dimension.options.begin(), dimension.options.end()))));
  }
  if (!json.is_number()) return wrong("a number");
  const double value = json.to_number<double>();
  if (!(value >= dimension.low && value <= dimension.high)) {
    return wrong(fmt::format("from {} to {}", dimension.low, dimension.high));
  }
  return dimension.coordinate(value);
}

// By bisection: exact to the last bits and drawn too seldom to need more.
double normal_quantile(double share) {
  double low = -9, high = 9;
  while (high - low > 1e-14) {
    const double middle = (low + high) / 2;
    (0.5 * std::erfc(-middle * std::numbers::sqrt2 / 2) < share ? low : high) = middle;
  }
  return low;
}

}  // namespace

double Dimension::value(double coordinate) const {
  const double scaled = origin + width * coordinate;
  const double plain = scale == Scale::log ? std::exp(scaled) : scaled;
  // also without a grid: exp(log(low)) may lie a bit below low
  return std::clamp(step > 0 ? std::round(plain / step) * step : plain, low, high);
}

double Dimension::coordinate(double value) const {
  return ((scale == Scale::log ? std::log(value) : value) - origin) / width;
}

double Dimension::quantile(double share) const {
  if (shape == Shape::uniform) return share;
  if (shape == Shape::normal) return normal_quantile(share);
  for (size_t i = 0; i + 1 < options.size(); ++i) {
    share -= probabilities[i];
    if (share < 0) return static_cast<double>(i);
  }
  return static_cast<double>(options.size() - 1);
}

Point Space::sample(Random& random) const {
  Point point(dimensions_.size(), kInactive);
  for (size_t i = 0; i < dimensions_.size(); ++i) {
    if (active(point, i)) point[i] = dimensions_[i].draw(random);
  }
  return point;
}

JsonObject Space::params(const Point& point) const {
  JsonObject params;
  for (size_t i = 0; i < dimensions_.size(); ++i) {
    if (active(point, i)) params[dimensions_[i].name] = json_value(dimensions_[i], point[i]);
  }
  for (const auto& constant : constants_) {
    const auto parent = static_cast<size_t>(constant.parent);
    if (constant.parent < 0 || point[parent] == constant.parent_option) {
      params[constant.name] = constant.value;
    }
  }
  return params;
}

Result<Point> Space::point(const JsonObject& params) const {
  Point point(dimensions_.size(), kInactive);
  for (size_t i = 0; i < dimensions_.size(); ++i) {
    if (!active(point, i)) continue;
    const Json* json = params.if_contains(dimensions_[i].name);
    if (!json) {
      return fail(Code::invalid_parameter_value, "parameter '{}' is missing in {}",
                  dimensions_[i].name, to_text(params));
    }
    point[i] = TRY(read_value(dimensions_[i], *json));
  }
  const JsonObject whole = this->params(point);
  for (const auto& member : params) {
    if (!whole.contains(member.key())) {
      return fail(Code::invalid_parameter_value, "parameter '{}' has no place in {}",
                  std::string_view(member.key().data(), member.key().size()), to_text(whole));
    }
  }
  return point;
}

}  // namespace slipway::tune
