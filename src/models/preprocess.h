// models/preprocess.h — the fitted preparation of a model: raw columns in, float32 matrix out.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "data/column.h"
#include "models/signature.h"

namespace slipway::models {

/// How a category becomes numbers.
enum class Encoding {
  codes,   // one column: its place in the list, NaN where missing or unknown (XGBoost)
  one_hot  // a column a category: 1 or 0, all 0 where missing or unknown (linear models)
};
enum class Impute { none, mean };             // what stands where a number is missing
enum class Standardize { none, mean_scale };  // x or (x - mean) / scale

/// A column made from others before anything else: the weekday of a date, 0 = Monday, as double.
struct Weekday {
  std::string name = "weekday";
  std::string year = "year";
  std::string month = "month";
  std::string day = "day";
};

struct FitOptions {
  Encoding encoding = Encoding::codes;
  Impute impute = Impute::none;
  Standardize standardize = Standardize::none;
  size_t max_categories = 1000;      // the most frequent stay, the rest count as unknown
  std::vector<Weekday> weekdays;     // derived columns
  std::vector<std::string> columns;  // features in order, derived ones by their name;
                                     // empty = every column of the batch, then the derived ones
};

/// What is learnt from the training rows and repeated on every row that is scored. Immutable.
///
/// Numbers are computed in double and rounded to float32 once, so numpy repeats them to the bit.
/// Source   "Model folder" in docs/FORMATS.md (preprocess.json).
class Preprocess {
 public:
  /// One feature: a number, or a category (then `categories` says which).
  struct Feature {
    std::string name;
    bool is_category = false;
    std::optional<double> impute;  // numbers: in place of missing
    double mean = 0;               // numbers: (x - mean) / scale, where `standardized`
    double scale = 1;
    bool standardized = false;
    Encoding encoding = Encoding::codes;  // categories
    std::vector<std::string> categories;  // in code order

    size_t n_columns() const;
  };

  /// Learn from training rows: strings become categories (sorted by their bytes), booleans and
  /// numbers stay numbers.
  ///
  /// Errors   invalid_parameter_value: an unknown column, or one that is neither number nor string.
  static Result<Preprocess> fit(const data::Batch& rows, const FitOptions& options);

  /// Read what to_json() wrote. Errors   invalid_parameter_value: it is not such; names the part.
  static Result<Preprocess> from_json(const Json& json);
  Json to_json() const;

  /// Encode raw rows: [n_rows × n_columns()] float32, row-major.
  ///
  /// rows     has the columns of inputs(); others are ignored.
  /// Errors   invalid_parameter_value: a column is missing or has the wrong type, or a value makes
  ///          no sense (month 13): the message names column, row (from 0) and value.
  Result<std::vector<float>> encode(const data::Batch& rows) const;

  size_t n_columns() const { return n_columns_; }
  /// A name for each matrix column, such as "distance", or "carrier=UA" for one-hot ones.
  std::vector<std::string> feature_names() const;
  /// XGBoost's type of each matrix column: "q" number, "c" category code.
  std::vector<std::string> feature_types() const;
  /// The raw columns that encode() reads, with their types in a signature.
  const std::vector<ColumnSpec>& inputs() const { return inputs_; }
  const std::vector<Feature>& features() const { return features_; }

 private:
  Preprocess() = default;
  Result<void> validate();
  void encode_number(const Feature& feature, const data::Column& column, float* out) const;
  void encode_category(const Feature& feature, const data::Column& column, float* out) const;

  std::vector<ColumnSpec> inputs_;
  std::vector<Weekday> weekdays_;
  std::vector<Feature> features_;
  size_t n_columns_ = 0;
};

}  // namespace slipway::models
