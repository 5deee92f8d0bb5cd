// train/test_data.h — small prepared data with numbers, categories and missing values, for tests.
#pragma once
#include <cmath>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "base/random.h"
#include "train/learner.h"

namespace slipway::train {

/// Where the goldens lie: tests/golden above the folder that the test is run in.
inline std::filesystem::path golden_folder() {
  auto folder = std::filesystem::current_path();
  while (!std::filesystem::exists(folder / "tests/golden") && folder != folder.parent_path()) {
    folder = folder.parent_path();
  }
  return folder / "tests/golden";
}

/// Two numbers, a category of 3 and one of 12, each missing now and then; labels follow them.
struct TestData {
  std::vector<std::string> names = {"first", "second", "few", "many"};
  std::vector<std::string> types = {"q", "q", "c", "c"};
  std::vector<float> rows[2];
  std::vector<float> labels[2];

  explicit TestData(size_t n_train = 600, size_t n_validation = 300) {
    Random random(5);
    const size_t n_rows[2] = {n_train, n_validation};
    for (int part = 0; part < 2; ++part) {
      for (size_t i = 0; i < n_rows[part]; ++i) {
        const double first = random.normal(), second = random.normal();
        const auto few = random.below(3), many = random.below(12);
        const double margin = first - 0.5 * second + (few == 1 ? 1 : 0) + (many % 3 == 0 ? 2 : -1);
        const double values[4] = {first, second, static_cast<double>(few),
                                  static_cast<double>(many)};
        for (const double value : values) {
          const bool missing = random.uniform() < 0.08;
          rows[part].push_back(missing ? std::numeric_limits<float>::quiet_NaN()
                                       : static_cast<float>(value));
        }
        labels[part].push_back(random.uniform() < 1 / (1 + std::exp(-margin)) ? 1 : 0);
      }
    }
  }

  LabelledRows part(int i) const {
    return {{rows[i].data(), labels[i].size(), names.size()}, labels[i]};
  }
  TrainingData data() const { return {part(0), part(1), names, types}; }
};

}  // namespace slipway::train
