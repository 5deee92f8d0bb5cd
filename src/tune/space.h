// tune/space.h — what may be tuned: parameters, how each is distributed, and which depend on which.
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/random.h"
#include "base/result.h"

namespace slipway::tune {

/// The coordinates of one proposal, one for each dimension of its space: in [0, 1] along a
/// bounded range, in standard deviations along a normal one, the index of a choice's option.
/// A dimension that is not active is NaN.
using Point = std::vector<double>;

enum class Shape { uniform, normal, choice };
enum class Scale { linear, log };

/// One parameter.
struct Dimension {
  std::string name;
  Shape shape = Shape::uniform;
  Scale scale = Scale::linear;
  double low = 0, high = 1;  // the least and the greatest value; infinite along a normal one
  double step = 0;           // > 0: values are multiples of it
  // A number is origin + width · coordinate (its natural log on Scale::log). A quantised range
  // reaches half a step beyond low and high, so that each of its values is as likely.
  double origin = 0, width = 1;
  std::vector<Json> options;          // choice: what stands in the parameters
  std::vector<double> probabilities;  // of the options; their sum is 1
  int parent = -1;         // the choice on which this one depends, or -1; parents come first
  int parent_option = -1;  // the option of it that makes this one active

  /// Give the value at a coordinate, in the parameter's own units and on its grid; not of a choice.
  double value(double coordinate) const;
  /// Give the coordinate of a value; the inverse of value() on the grid.
  double coordinate(double value) const;
  /// Give the coordinate of the grid's value that is nearest; the same without a grid.
  double on_grid(double coordinate) const {
    return step > 0 ? this->coordinate(value(coordinate)) : coordinate;
  }
  /// Give the coordinate below which a share of the dimension's own distribution lies (0 < share
  /// < 1); uniform shares give coordinates drawn from it.
  double quantile(double share) const;
  double draw(Random& random) const { return quantile(random.uniform()); }
};

/// A search space. Immutable, so any number of threads may use it.
class Space {
 public:
  /// Read a space from an object of parameters, as docs/tune.md describes it:
  /// `{"max_depth": {"type": "randint", "low": 3, "high": 12}, "booster": "gbtree", …}`.
  /// Errors   invalid_parameter_value: names the parameter, what is wrong and the accepted form.
  static Result<Space> parse(const Json& json);

  std::span<const Dimension> dimensions() const { return dimensions_; }

  /// Tell whether dimension `i` is active at a point in which all before it are set.
  bool active(const Point& point, size_t i) const {
    const auto& dimension = dimensions_[i];
    return dimension.parent < 0 ||
           point[static_cast<size_t>(dimension.parent)] == dimension.parent_option;
  }

  /// Draw a point from the prior: every dimension from its own distribution.
  Point sample(Random& random) const;

  /// Write a point as parameters: the active ones and the constants that belong to them.
  JsonObject params(const Point& point) const;

  /// Find the point of some parameters, such as a stored trial's or one to evaluate first.
  /// Errors   invalid_parameter_value: a parameter is missing, unknown, or out of its range.
  Result<Point> point(const JsonObject& params) const;

 private:
  friend class SpaceReader;
  struct Constant {
    std::string name;
    Json value;
    int parent, parent_option;
  };

  std::vector<Dimension> dimensions_;
  std::vector<Constant> constants_;
};

}  // namespace slipway::tune
