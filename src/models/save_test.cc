#include "models/save.h"

#include <gtest/gtest.h>

#include "models/mlmodel.h"
#include "models/slipway_model.h"
#include "models/test_data.h"

namespace slipway::models {
namespace {

namespace fs = std::filesystem;

LinearModel linear(const Preprocess& preprocess) {
  LinearModel model;
  model.intercept = 0.25;
  for (size_t i = 0; i < preprocess.n_columns(); ++i) {
    model.coefficients.push_back(0.1 * static_cast<double>(i) - 0.3);
  }
  return model;
}

// Numbers and two categories, as the golden `categories` was trained on.
data::Batch golden_rows() {
  data::Batch rows;
  rows.n_rows = 5;
  for (const char* name : {"a", "b", "c"}) {
    rows.columns.push_back(data::float64_column(name, {0.5, -0.25, kNotANumber, 1, -1}));
  }
  rows.columns.push_back(data::string_column("k", {"k0", "k1", "k2", "k3", "k0"}));
  auto last = data::string_column("m", {"m0", "m1", "m2", "", "m3"});
  last.valid = {1, 1, 1, 0, 1};
  rows.columns.push_back(std::move(last));
  return rows;
}

class Save : public testing::Test {
 protected:
  TemporaryFolder folder_ = TemporaryFolder::make().value();
  const fs::path dir_ = folder_.path() / "model";
  const data::Batch rows_ = flights();
  const Preprocess preprocess_ = *Preprocess::fit(rows_, flight_options(Encoding::one_hot));

  Result<void> save_linear() const {
    const std::variant<XgboostBytes, LinearModel> estimator = linear(preprocess_);
    return save({.preprocess = preprocess_,
                 .estimator = estimator,
                 .example = rows_,
                 .artifact_path = "model",
                 .run_id = "0123456789abcdef0123456789abcdef",
                 .model_id = "m-7",
                 .time_ms = 1'700'000'000'123},
                dir_);
  }
};

TEST_F(Save, WritesALinearModelThatLoadsTheSame) {
  const auto saved = save_linear();
  ASSERT_TRUE(saved.ok()) << saved.error().message;
  const auto loaded = load(dir_);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  const auto direct = SlipwayModel::make(preprocess_, linear(preprocess_));
  const auto expected = (*direct)->predict(rows_);
  const auto scores = (*loaded)->predict(rows_);
  ASSERT_TRUE(scores.ok()) << scores.error().message;
  ASSERT_EQ(scores->columns.size(), 1u);
  EXPECT_EQ(scores->columns[0].name, "score");
  ASSERT_EQ(scores->n_rows, 6u);
  for (size_t i = 0; i < 6; ++i) {
    EXPECT_DOUBLE_EQ(scores->columns[0].float64s()[i], expected->columns[0].float64s()[i]);
  }
  EXPECT_EQ(signature_text((*loaded)->signature().outputs),
            R"([{"type": "double", "name": "score", "required": true}])");
}

TEST_F(Save, WritesWhatMlflowReads) {
  ASSERT_TRUE(save_linear().ok());
  const auto mlmodel = parse_mlmodel(*read_file(dir_ / "MLmodel"));
  EXPECT_EQ(mlmodel->run_id, "0123456789abcdef0123456789abcdef");
  EXPECT_EQ(mlmodel->model_id, "m-7");
  EXPECT_EQ(mlmodel->utc_time_created, "2023-11-14 22:13:20.123000");
  EXPECT_EQ(mlmodel->model_uuid.size(), 32u);
  const auto& function = mlmodel->flavors.at("python_function");
  EXPECT_TRUE(fs::exists(dir_ / function.at("code") / (function.at("loader_module") + ".py")));
  EXPECT_TRUE(fs::exists(dir_ / function.at("env.conda")));
  EXPECT_TRUE(fs::exists(dir_ / function.at("env.virtualenv")));
  EXPECT_EQ(*read_file(dir_ / "requirements.txt"), "mlflow==3.17.2\nnumpy>=1.23\npandas>=2.0\n");
  int64_t n_bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(dir_)) {
    if (entry.is_regular_file() && entry.path().filename() != "MLmodel") {
      n_bytes += static_cast<int64_t>(entry.file_size());
    }
  }
  EXPECT_EQ(mlmodel->model_size_bytes, n_bytes);
  const auto example = parse_json(*read_file(dir_ / "input_example.json"));
  ASSERT_TRUE(example.ok());
  EXPECT_EQ(to_text(*find(*example, "columns")),
            R"(["month", "distance", "carrier", "origin", "year", "day"])");
  EXPECT_EQ(to_text((*array_member(*example, "data"))->at(2)),
            R"([2, null, "UA", null, 2012, 29])");
  EXPECT_EQ(*read_file(dir_ / "serving_input_example.json"),
            "{\"dataframe_split\": " + *read_file(dir_ / "input_example.json") + "}");
}

TEST_F(Save, WritesAnXgboostModelThatLoadsTheSame) {
  const auto rows = golden_rows();
  const auto preprocess = Preprocess::fit(rows, {});
  const auto ubj = *read_file(golden_folder() / "models/xgboost/categories/model.ubj");
  const std::variant<XgboostBytes, LinearModel> estimator = XgboostBytes{ubj};
  const auto saved =
      save({.preprocess = *preprocess, .estimator = estimator, .example = rows}, dir_);
  ASSERT_TRUE(saved.ok()) << saved.error().message;
  EXPECT_EQ(*read_file(dir_ / "data/model.ubj"), ubj);
  EXPECT_TRUE(read_file(dir_ / "requirements.txt")->ends_with("xgboost-cpu==3.2.0\n"));
  const auto loaded = load(dir_);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  const auto matrix = *preprocess->encode(rows);
  const auto expected = XgboostModel::parse(ubj)->predict({matrix.data(), 5, 5});
  const auto scores = *(*loaded)->predict(rows);
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(scores.columns[0].float64s()[i], static_cast<double>((*expected)[i]));
  }
  EXPECT_EQ((*loaded)->input_example(), *read_file(dir_ / "input_example.json"));
}

TEST_F(Save, RefusesPartsThatDoNotFit) {
  auto small = linear(preprocess_);
  small.coefficients.pop_back();
  std::variant<XgboostBytes, LinearModel> estimator = small;
  EXPECT_EQ(save({.preprocess = preprocess_, .estimator = estimator}, dir_).error().message,
            "the preparation gives 11 columns, the estimator takes 10");
  estimator = XgboostBytes{"{L"};
  EXPECT_EQ(save({.preprocess = preprocess_, .estimator = estimator}, dir_).error().code,
            Code::invalid_parameter_value);
  EXPECT_FALSE(fs::exists(dir_));
}

TEST_F(Save, SaysWhichColumnIsWrong) {
  ASSERT_TRUE(save_linear().ok());
  const auto model = load(dir_).value();
  auto rows = rows_;
  rows.columns[1] = data::float64_column("month", {1, 2, 3, 4, 5.5, 6});
  EXPECT_EQ(model->predict(rows).error().message,
            "Incompatible input types for column month. Can not safely convert float64 to int64. "
            "Row 4 has 5.5.");
  rows.columns.erase(rows.columns.begin());
  EXPECT_EQ(model->predict(rows).error().message, "Model is missing inputs ['year'].");
}

void rewrite(const fs::path& path, std::string_view what, std::string_view by) {
  auto text = *read_file(path);
  ASSERT_NE(text.find(what), text.npos);
  text.replace(text.find(what), what.size(), by);
  ASSERT_TRUE(write_file(path, text).ok());
}

TEST_F(Save, LoadsNothingFromOutsideTheFolder) {
  const auto error = [&] {
    const auto model = load(dir_);
    return model.ok() ? "" : model.error().message;
  };
  ASSERT_TRUE(save_linear().ok());
  const auto elsewhere = folder_.path() / "elsewhere";
  fs::copy(dir_ / "data", elsewhere);
  rewrite(dir_ / "MLmodel", "data: data\n    estimator", "data: ../elsewhere\n    estimator");
  EXPECT_EQ(error(), "model file '../elsewhere/preprocess.json' lies outside the model's folder");
  rewrite(dir_ / "MLmodel", "../elsewhere", elsewhere.string());
  EXPECT_NE(error().find("lies outside"), std::string::npos);
  rewrite(dir_ / "MLmodel", elsewhere.string(), "data");
  EXPECT_EQ(error(), "");
  fs::remove_all(dir_ / "data");
  fs::create_directory_symlink(elsewhere, dir_ / "data");
  EXPECT_EQ(error(), "model file 'data/preprocess.json' lies outside the model's folder");
}

TEST_F(Save, NamesTheFileThatIsDamaged) {
  EXPECT_EQ(load(dir_).error().code, Code::resource_does_not_exist);
  ASSERT_TRUE(save_linear().ok());
  rewrite(dir_ / "data/linear.json", "logistic", "ridge");
  EXPECT_EQ(load(dir_).error().message.substr(0, 41), "data/linear.json: linear model 'ridge' of");
  rewrite(dir_ / "MLmodel", "  slipway:", "  pytorch:");
  EXPECT_EQ(load(dir_).error().message,
            "no flavour of this model can be loaded: it has python_function, pytorch; those that "
            "can are slipway, xgboost, lightgbm, sklearn, spark, catboost and onnx");
}

// The folder as mlflow.xgboost.log_model lays it out.
TEST_F(Save, LoadsMlflowsXgboostFlavor) {
  const auto golden = golden_folder() / "models/xgboost/binary_missing";
  ASSERT_TRUE(make_folder(dir_).ok());
  fs::copy(golden / "model.ubj", dir_ / "model.ubj");
  Mlmodel mlmodel;
  mlmodel.flavors["xgboost"] = {{"data", "model.ubj"}};
  mlmodel.mlflow_version = "3.17.2";
  ASSERT_TRUE(write_file(dir_ / "MLmodel", mlmodel_text(mlmodel)).ok());
  const auto model = load(dir_);
  ASSERT_TRUE(model.ok()) << model.error().message;

  const auto input = read_numbers(golden / "input.csv");
  data::Batch rows;
  rows.n_rows = input.n_rows;
  for (size_t f = 5; f-- > 0;) {  // found by name, not by place
    std::vector<double> values;
    for (size_t i = 0; i < input.n_rows; ++i) values.push_back(input.values[i * 5 + f]);
    rows.columns.push_back(
        data::float64_column(std::string(1, static_cast<char>('a' + f)), values));
  }
  const auto scores = (*model)->predict(rows);
  ASSERT_TRUE(scores.ok()) << scores.error().message;
  EXPECT_EQ(scores->columns[0].float32s(), read_numbers(golden / "expected.csv").values);
  EXPECT_EQ((*model)->signature().outputs[0].name, "");

  mlmodel.signature_inputs = R"([{"type": "double", "name": "a"}])";
  ASSERT_TRUE(write_file(dir_ / "MLmodel", mlmodel_text(mlmodel)).ok());
  EXPECT_EQ(load(dir_).error().message, "the signature has 1 inputs, XGBoost 5 features");
}

}  // namespace
}  // namespace slipway::models
