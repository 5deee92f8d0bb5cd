// models/catboost/parts.h — what CatBoost's files say, before it becomes a model that predicts.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"

namespace slipway::models::catboost {

struct FloatFeature {
  size_t index = 0;   // among the features of numbers
  size_t column = 0;  // among all
  std::string name;
  std::vector<float> borders;  // ascending
  bool nan_is_greatest = false;
};

struct CategoryFeature {
  size_t index = 0;
  size_t column = 0;
  std::string name;
};

/// Splits by whether a category's hash is one of these.
struct OneHot {
  size_t category = 0;  // index of its feature
  std::vector<int32_t> values;
};

/// Categories, and answers of splits, that are hashed together.
struct Combination {
  std::vector<size_t> categories;
  std::vector<std::pair<size_t, float>> floats;      // index, border
  std::vector<std::pair<size_t, int32_t>> one_hots;  // index of the category, value

  auto operator<=>(const Combination&) const = default;
};

enum class CtrKind : uint8_t { borders, buckets, binarized_mean, float_mean, counter, frequency };

using CtrKey = std::tuple<Combination, CtrKind, int32_t>;

/// A number made of how often categories came with targets.
struct Ctr {
  CtrKey key;
  size_t target_border = 0;
  float prior = 0;
  float prior_weight = 1;
  float shift = 0;
  float scale = 1;
  std::vector<float> borders;
};

struct CtrTable {
  std::unordered_map<uint64_t, uint32_t> places;  // by hash
  std::vector<int32_t> counts;                    // n_classes for each place
  std::vector<std::pair<float, int32_t>> means;   // sum and count, of the two kinds of means
  int32_t denominator = 0;
  size_t n_classes = 0;
};

/// One test: a border of a number, a value of a category, or a border of a counted number.
struct Split {
  enum class Kind : uint8_t { number, category, counted } kind = Kind::number;
  size_t feature = 0;  // place among its kind
  size_t value = 0;    // place among its borders or values
};

struct StepNode {
  uint16_t left = 0;  // how many nodes further; both 0: it is a leaf
  uint16_t right = 0;
};

struct Parts {
  size_t n_outputs = 1;
  std::vector<FloatFeature> floats;
  std::vector<CategoryFeature> categories;
  std::vector<OneHot> one_hots;
  std::vector<Ctr> ctrs;
  std::map<CtrKey, std::shared_ptr<const CtrTable>> tables;
  std::vector<Split> splits;  // all there are, in the order that trees count them
  std::vector<int32_t> tree_splits;
  std::vector<int32_t> tree_sizes;  // splits of each tree; of trees of steps: its nodes
  std::vector<double> leaves;
  std::vector<StepNode> steps;        // empty: every tree asks the same on a level
  std::vector<uint32_t> step_leaves;  // of each node, where its values begin
  double scale = 1;
  std::vector<double> biases;  // one for each output
  std::map<std::string, std::string> information;
};

/// Read a .cbm file.
/// Errors   invalid_parameter_value: damaged; not_implemented: text or embedding features.
/// Source   the schemas in catboost/libs/model/flatbuffers and files of CatBoost 1.2.10.
Result<Parts> read_binary(std::string_view bytes);

/// CityHash64 in its first version, of which categories' hashes are the lower half.
uint64_t city_hash(std::string_view text);

}  // namespace slipway::models::catboost
