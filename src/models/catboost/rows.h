// models/catboost/rows.h — rows of any columns as the ranks that trees ask for.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "data/column.h"
#include "models/catboost/oblivious.h"
#include "models/catboost/parts.h"

namespace slipway::models::catboost {

/// Where the answer of a split lies: a column of ranks, and the least rank that says yes.
struct RankPlace {
  uint32_t column = 0;
  uint8_t rank = 1;
};

/// Columns of ranks of all the splits. A number of over 255 borders has several columns; each value
/// of a category that is asked for has its own.
class Ranking {
 public:
  /// Errors   invalid_parameter_value: a feature or table that is not there.
  static Result<Ranking> make(const Parts& parts);

  size_t n_columns() const { return n_columns_; }
  /// Of each of Parts::splits, in order.
  const std::vector<RankPlace>& places() const { return places_; }
  bool has_categories() const { return !category_columns_.empty(); }

  /// Rank numbers: of each feature its kBlock values (features × kBlock); ranks
  /// [n_columns() × kBlock].
  /// hashes   of each category feature kBlock values.
  void rank(const std::vector<float>& numbers, const std::vector<uint32_t>& hashes,
            uint8_t* ranks) const;
  /// The same of one row: ranks [n_columns()], of a model without categories.
  void rank_one(const float* row, uint8_t* ranks) const;

  /// Which columns the features' numbers and the categories come from.
  const std::vector<size_t>& number_columns() const { return number_columns_; }
  const std::vector<size_t>& category_columns() const { return category_columns_; }

 private:
  struct Piece {  // of the borders of one feature of numbers
    size_t feature;
    std::vector<float> borders;
    size_t n_borders;  // behind them is padding
    bool nan_is_greatest;
  };
  struct Value {  // of a category
    size_t feature;
    uint32_t hash;
  };
  struct Test {  // an answer that is hashed
    size_t feature;
    float border;
    bool nan_is_greatest;
  };
  struct Counted {
    std::vector<size_t> categories;
    std::vector<Test> tests;
    std::vector<Value> values;
    CtrKind kind;
    size_t target_border;
    float prior, prior_weight, shift, scale;
    std::shared_ptr<const CtrTable> table;
    std::vector<std::vector<float>> borders;  // of each column of ranks

    uint64_t hash(const std::vector<float>& numbers, const std::vector<uint32_t>& hashes,
                  size_t row) const;
    float number(uint64_t hash) const;
    float value(float good, float total) const;
  };

  Result<void> add_ctr(const Parts& parts, const Ctr& ctr);
  Result<size_t> category_place(const Parts& parts, size_t index) const;

  size_t n_columns_ = 0;
  std::vector<RankPlace> places_;
  std::vector<Piece> pieces_;
  std::vector<Value> values_;
  std::vector<Counted> counted_;
  std::vector<size_t> number_columns_;
  std::vector<size_t> category_columns_;
};

}  // namespace slipway::models::catboost
