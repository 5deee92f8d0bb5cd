// tune/problems.h — standard problems of the field, for the tests and the benchmark.
#pragma once
#include <fmt/core.h>

#include <cmath>
#include <numbers>
#include <string>

#include "base/json.h"

namespace slipway::tune {

/// A space and the loss that is to be made small over it.
struct Problem {
  std::string name;
  std::string space;  // JSON
  double (*loss)(const JsonObject& params);
};

/// Give a number of the parameters; it is there.
inline double number(const JsonObject& params, std::string_view name) {
  return params.at({name.data(), name.size()}).to_number<double>();
}

/// Write a space of uniform parameters x0, x1 … in [0, 1].
inline std::string unit_box(int n_dimensions) {
  std::string space = "{";
  for (int i = 0; i < n_dimensions; ++i) {
    space +=
        fmt::format(R"({}"x{}": {{"type": "uniform", "low": 0, "high": 1}})", i > 0 ? ", " : "", i);
  }
  return space + "}";
}

/// Six dimensions, several valleys; the least value is −3.32237.
/// Source   Dixon and Szegő 1978.
inline double hartmann6_loss(const JsonObject& params) {
  constexpr double kAlpha[4] = {1.0, 1.2, 3.0, 3.2};
  constexpr double kA[4][6] = {{10, 3, 17, 3.5, 1.7, 8},
                               {0.05, 10, 17, 0.1, 8, 14},
                               {3, 3.5, 1.7, 10, 17, 8},
                               {17, 8, 0.05, 10, 0.1, 14}};
  constexpr double kP[4][6] = {{0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886},
                               {0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991},
                               {0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650},
                               {0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381}};
  double sum = 0;
  for (int i = 0; i < 4; ++i) {
    double inner = 0;
    for (int j = 0; j < 6; ++j) {
      inner += kA[i][j] * std::pow(number(params, fmt::format("x{}", j)) - kP[i][j], 2);
    }
    sum -= kAlpha[i] * std::exp(-inner);
  }
  return sum;
}

/// Two dimensions, three equal valleys; the least value is 0.397887.
/// Source   Branin 1972.
inline double branin_loss(const JsonObject& params) {
  constexpr double kPi = std::numbers::pi;
  const double x = number(params, "x"), y = number(params, "y");
  const double bow = y - 5.1 / (4 * kPi * kPi) * x * x + 5 / kPi * x - 6;
  return bow * bow + 10 * (1 - 1 / (8 * kPi)) * std::cos(x) + 10;
}

/// Two families with parameters of their own; the least value is 0.05 in one, 0.2 in the other,
/// which is the easier one to search.
inline double conditional_loss(const JsonObject& params) {
  if (params.at("model") == "linear") {
    return 0.5 * std::pow(std::log10(number(params, "c")) - 1, 2) + 0.2;
  }
  return std::pow(std::log10(number(params, "lr")) + 2, 2) +
         0.1 * std::pow(number(params, "depth") - 7, 2) + 0.05;
}

inline Problem hartmann6() { return {"hartmann6", unit_box(6), hartmann6_loss}; }

inline Problem branin() {
  return {"branin",
          R"({"x": {"type": "uniform", "low": -5, "high": 10},
              "y": {"type": "uniform", "low": 0, "high": 15}})",
          branin_loss};
}

inline Problem conditional() {
  return {"conditional",
          R"({"model": {"type": "choice", "options": [
                {"name": "tree", "lr": {"type": "loguniform", "low": 1e-5, "high": 1},
                                 "depth": {"type": "randint", "low": 1, "high": 16}},
                {"name": "linear", "c": {"type": "loguniform", "low": 1e-4, "high": 1e4}}]}})",
          conditional_loss};
}

}  // namespace slipway::tune
