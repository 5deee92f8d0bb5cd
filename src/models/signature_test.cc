#include "models/signature.h"

#include <gtest/gtest.h>

#include <limits>

namespace slipway::models {
namespace {

using data::Column;
using data::Type;

TEST(Signature, ReadsAndWritesMlflowsJson) {
  constexpr std::string_view kInputs =
      R"([{"type": "long", "name": "month", "required": true}, )"
      R"({"type": "string", "name": "carrier", "required": false}])";
  const auto signature = parse_signature(
      kInputs, R"([{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1]}}])");
  ASSERT_TRUE(signature.ok()) << signature.error().message;
  EXPECT_EQ(signature->inputs[0].type, ColumnType::long_);
  EXPECT_FALSE(signature->inputs[1].required);
  EXPECT_EQ(signature->outputs[0].type, ColumnType::float_);
  EXPECT_EQ(signature->outputs[0].name, "");
  EXPECT_EQ(signature_text(signature->inputs), kInputs);
}

TEST(Signature, NamesTheTypesItDoesNotRead) {
  const auto error = [](std::string_view inputs) {
    return parse_signature(inputs, "").error().message;
  };
  EXPECT_EQ(error(R"([{"type": "map", "name": "a"}])").substr(0, 38),
            "signature: column 'a' has type 'map'; ");
  EXPECT_EQ(error(R"({"type": "long"})"), R"(signature: not a list of columns: {"type": "long"})");
  EXPECT_FALSE(
      parse_signature(R"([{"name": "x", "type": "tensor", "tensor-spec": {"dtype": "complex64"}}])",
                      "")
          .ok());
}

TEST(Signature, OneTensorSaysNothingOfColumnsAndNamedOnesAreColumns) {
  const auto whole =
      parse_signature(R"([{"type": "tensor", "tensor-spec": {"dtype": "float32"}}])", "").value();
  EXPECT_TRUE(whole.inputs.empty());
  const auto named =
      parse_signature(R"([{"name": "x", "type": "tensor", "tensor-spec": {"dtype": "int64"}}])", "")
          .value();
  ASSERT_EQ(named.inputs.size(), 1u);
  EXPECT_EQ(named.inputs[0].name, "x");
  EXPECT_EQ(named.inputs[0].type, ColumnType::long_);
}

// As mlflow 3.17.2, mlflow.models.utils._enforce_schema, answers.
class Enforce : public testing::Test {
 protected:
  const Signature signature_{{{"a", ColumnType::long_, true},
                              {"b", ColumnType::double_, true},
                              {"s", ColumnType::string, true},
                              {"i", ColumnType::integer, false}},
                             {}};

  static data::Batch batch(std::vector<Column> columns) {
    data::Batch rows;
    rows.n_rows = columns.empty() ? 0 : columns[0].size();
    rows.columns = std::move(columns);
    return rows;
  }
  static Column a() { return data::int64_column("a", {1, 2}); }
  static Column b() { return data::float64_column("b", {1.5, 2.5}); }
  static Column s() { return data::string_column("s", {"x", "y"}); }
  std::string error(std::vector<Column> columns) const {
    const auto out = enforce(signature_, batch(std::move(columns)));
    return out.ok() ? "" : out.error().message;
  }
};

TEST_F(Enforce, OrdersColumnsAndDropsExtraOnes) {
  const auto out = enforce(signature_, batch({s(), data::int64_column("z", {1, 2}), b(), a()}));
  ASSERT_TRUE(out.ok()) << out.error().message;
  ASSERT_EQ(out->columns.size(), 3u);
  EXPECT_EQ(out->columns[0].name, "a");
  EXPECT_EQ(out->columns[2].strings()[1], "y");
  EXPECT_EQ(out->n_rows, 2u);
}

TEST_F(Enforce, ListsMissingColumnsInMlflowsWords) {
  EXPECT_EQ(error({b()}), "Model is missing inputs ['a', 's'].");
  EXPECT_EQ(error({b(), data::int64_column("q", {1, 2})}),
            "Model is missing inputs ['a', 's']. Note that there were extra inputs: ['q'].");
}

TEST_F(Enforce, WidensWhereNothingIsLost) {
  const auto out =
      enforce(signature_,
              batch({data::float64_column("a", {3, -4}), data::int64_column("b", {5, 6}), s()}));
  ASSERT_TRUE(out.ok()) << out.error().message;
  EXPECT_EQ(out->columns[0].int64s(), (std::vector<int64_t>{3, -4}));
  EXPECT_EQ(out->columns[1].float64s(), (std::vector<double>{5, 6}));
  Column floats{"b", Type::float32, std::vector<float>{1.5f, 2}, {1, 0}};
  const auto widened = enforce(signature_, batch({a(), floats, s()}));
  EXPECT_EQ(widened->columns[1].float64s()[0], 1.5);
  EXPECT_FALSE(widened->columns[1].is_valid(1));
}

TEST_F(Enforce, RefusesWholeNumbersThatAreMissingOrFractional) {
  const auto nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(error({data::float64_column("a", {1, nan}), b(), s()}),
            "Incompatible input types for column a. Can not safely convert float64 to int64. Row 1 "
            "has no value. Columns of whole numbers cannot have missing values; declare the column "
            "as double.");
  EXPECT_EQ(error({data::float64_column("a", {1.5, 2}), b(), s()}),
            "Incompatible input types for column a. Can not safely convert float64 to int64. Row 0 "
            "has 1.5.");
  EXPECT_NE(error({data::float64_column("a", {1, 0x1p63}), b(), s()}), "");
  EXPECT_NE(error({a(), data::int64_column("b", {1, (int64_t{1} << 53) + 1}), s()}), "");
  EXPECT_EQ(error({a(), b(), s(), data::int64_column("i", {1, 1ll << 40})}),
            "Incompatible input types for column i. Can not safely convert int64 to int32. Row 1 "
            "has 1099511627776.");
}

TEST_F(Enforce, KeepsTextAndNumbersApart) {
  EXPECT_EQ(error({a(), data::string_column("b", {"1", "2"}), s()}),
            "Incompatible input types for column b. Can not safely convert str to float64.");
  EXPECT_EQ(error({a(), b(), data::int64_column("s", {1, 2})}),
            "Incompatible input types for column s. Can not safely convert int64 to str.");
  EXPECT_EQ(error({{"a", Type::boolean, std::vector<uint8_t>{0, 1}, {}}, b(), s()}),
            "Incompatible input types for column a. Can not safely convert bool to int64.");
}

TEST_F(Enforce, TakesAColumnWithoutAnyValueAsAnyType) {
  const Column none{"s", Type::float64, std::vector<double>{0, 0}, {0, 0}};
  const auto out = enforce(signature_, batch({a(), b(), none}));
  ASSERT_TRUE(out.ok()) << out.error().message;
  EXPECT_EQ(out->columns[2].type, Type::string);
  EXPECT_EQ(out->columns[2].n_missing(), 2u);
}

TEST_F(Enforce, CountsColumnsWithoutNames) {
  const Signature unnamed{{{"", ColumnType::long_, true}, {"", ColumnType::double_, true}}, {}};
  EXPECT_TRUE(enforce(unnamed, batch({a(), b()})).ok());
  EXPECT_EQ(enforce(unnamed, batch({a()})).error().message.substr(0, 95),
            "Model inference is missing inputs. The model signature declares 2 inputs but the "
            "provided value");
}

Signature tensors(std::string_view inputs) { return parse_signature(inputs, "").value(); }

std::string refusal(const Signature& signature, const data::Batch& rows) {
  const auto enforced = enforce_tensors(signature, rows);
  return enforced.ok() ? "enforced" : enforced.error().message;
}

TEST(EnforceTensors, BringsRowsToTheShapeAndType) {
  const auto images =
      tensors(R"([{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 2, 2]}}])");
  const Column flat{"pixels", Type::float64, std::vector<double>{1, 2, 3, 4}, {}, {4}};
  const auto batch = enforce_tensors(images, {{flat}, 1}).value();
  EXPECT_EQ(batch.columns[0].shape, (std::vector<size_t>{2, 2}));
  EXPECT_EQ(batch.columns[0].float32s(), (std::vector<float>{1, 2, 3, 4}));
  const Column three{"pixels", Type::float64, std::vector<double>{1, 2, 3}, {}, {3}};
  EXPECT_EQ(refusal(images, {{three}, 1}),
            "Shape of input (1, 3) does not match expected shape (-1, 2, 2).");
}

TEST(EnforceTensors, PutsColumnsBesideEachOther) {
  const auto matrix =
      tensors(R"([{"type": "tensor", "tensor-spec": {"dtype": "int8", "shape": [-1, 2]}}])");
  const auto batch =
      enforce_tensors(matrix,
                      {{data::int64_column("0", {1, 2}), data::float64_column("1", {3, 4})}, 2})
          .value();
  EXPECT_EQ(batch.columns[0].int64s(), (std::vector<int64_t>{1, 3, 2, 4}));
  EXPECT_EQ(refusal(matrix, {{data::int64_column("0", {1}), data::float64_column("1", {300})}, 1}),
            "input '', value 1: 300 is no int8");
  EXPECT_EQ(refusal(matrix, {{data::int64_column("0", {1}), data::string_column("1", {"a"})}, 1}),
            "column '1' is no column of single numbers, which the model's tensor is made of");
}

TEST(EnforceTensors, NamesWhatIsMissing) {
  const auto named = tensors(
      R"([{"name": "x", "type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}},
          {"name": "y", "type": "tensor", "tensor-spec": {"dtype": "str", "shape": [-1]}}])");
  EXPECT_EQ(refusal(named, {{data::int64_column("x", {1})}, 1}), "Model is missing inputs ['y'].");
  EXPECT_EQ(refusal(named, {{data::int64_column("x", {1}), data::int64_column("y", {1})}, 1}),
            "dtype of input int64 does not match expected dtype str");
}

TEST(EnforceParams, ChecksTypesAndAddsDefaults) {
  const auto signature =
      parse_signature("", "",
                      R"([{"name": "t", "type": "double", "default": 0.5, "shape": null},
                          {"name": "stop", "type": "string", "default": [], "shape": [-1]}])")
          .value();
  EXPECT_EQ(to_text(Json(enforce_params(signature, {{"t", 1}, {"other", true}}).value())),
            R"({"t": 1.0, "stop": []})");
  EXPECT_EQ(enforce_params(signature, {{"t", "hot"}}).error().message,
            "Invalid parameters found: 't': Can not safely convert `<class 'str'>` to `double` for "
            "value `\"hot\"`");
  EXPECT_EQ(enforce_params(signature, {{"stop", "x"}}).error().message,
            "Invalid parameters found: 'stop': Value must be a 1D array with shape (-1,), "
            "received str");
}

}  // namespace
}  // namespace slipway::models
