#include "models/mlmodel.h"

#include <gtest/gtest.h>

namespace slipway::models {
namespace {

// As mlflow 3.17.2 wrote it for an XGBClassifier.
constexpr std::string_view kWritten = R"(flavors:
  python_function:
    data: model.ubj
    env:
      conda: conda.yaml
      virtualenv: python_env.yaml
    loader_module: mlflow.xgboost
    python_version: 3.11.2
  xgboost:
    code: null
    data: model.ubj
    model_class: xgboost.sklearn.XGBClassifier
    model_format: ubj
    xgb_version: 3.2.0
is_signature_from_type_hint: false
mlflow_version: 3.17.2
model_id: null
model_size_bytes: 3785
model_uuid: 9f5d0a373d334e6691df5ed885b9768c
prompts: null
saved_input_example_info:
  artifact_path: input_example.json
  pandas_orient: split
  serving_input_path: serving_input_example.json
  type: dataframe
signature:
  inputs: '[{"type": "long", "name": "month", "required": true}, {"type": "double",
    "name": "dist", "required": true}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}}]'
  params: null
type_hint_from_example: false
utc_time_created: '2026-11-23 12:16:31.153845'
)";

TEST(Mlmodel, ReadsWhatMlflowWrites) {
  const auto read = parse_mlmodel(kWritten);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->model_uuid, "9f5d0a373d334e6691df5ed885b9768c");
  EXPECT_EQ(read->model_id, "");
  EXPECT_EQ(read->model_size_bytes, 3785);
  EXPECT_EQ(read->utc_time_created, "2026-11-23 12:16:31.153845");
  EXPECT_EQ(read->flavors.at("xgboost").at("data"), "model.ubj");
  EXPECT_EQ(read->flavors.at("python_function").at("env.conda"), "conda.yaml");
  EXPECT_EQ(read->signature_inputs,
            R"([{"type": "long", "name": "month", "required": true}, {"type": "double", )"
            R"("name": "dist", "required": true}])");
  EXPECT_EQ(read->example_path, "input_example.json");
  EXPECT_EQ(read->serving_example_path, "serving_input_example.json");
}

TEST(Mlmodel, ReadsBackWhatItWrites) {
  auto read = *parse_mlmodel(kWritten);
  read.run_id = "12345678901234567890123456789e10";  // must stay a text
  read.artifact_path = "it's: a \"model\" #1\n\tof two";
  read.model_id = "m-1";
  const auto text = mlmodel_text(read);
  const auto again = parse_mlmodel(text);
  ASSERT_TRUE(again.ok()) << again.error().message << "\n" << text;
  EXPECT_EQ(again->run_id, read.run_id);
  EXPECT_EQ(again->artifact_path, read.artifact_path);
  EXPECT_EQ(again->model_id, "m-1");
  EXPECT_EQ(again->flavors, read.flavors);
  EXPECT_EQ(again->signature_inputs, read.signature_inputs);
  EXPECT_EQ(again->signature_outputs, read.signature_outputs);
  EXPECT_EQ(mlmodel_text(*again), text);
}

TEST(Mlmodel, RefusesBombs) {
  EXPECT_EQ(parse_mlmodel("a: &x [1]\nb: *x\n").error().message,
            "MLmodel: yaml-cpp: error at line 2, column 4: aliases are not allowed");
  EXPECT_NE(parse_mlmodel(std::string(5000, '[')).error().message.find("nested too deep"),
            std::string::npos);
  EXPECT_EQ(parse_mlmodel(std::string(2 << 20, 'a')).error().code, Code::invalid_parameter_value);
  EXPECT_EQ(parse_mlmodel("- a\n").error().message, "MLmodel: not a map");
  EXPECT_EQ(parse_mlmodel("").error().message, "MLmodel: the file is empty");
  EXPECT_FALSE(parse_mlmodel("a: [1\nb: }").ok());
  EXPECT_TRUE(parse_mlmodel("? [a]\n: b\nflavors: {x: {? {q: 1} : 2}}\n").ok());
}

}  // namespace
}  // namespace slipway::models
