// load() of models/model.h: the flavours that we can load.
#include <algorithm>

#include "models/catboost_flavor.h"
#include "models/folder.h"
#include "models/lightgbm_flavor.h"
#include "models/mlmodel.h"
#include "models/model.h"
#include "models/onnx_flavor.h"
#include "models/sklearn_flavor.h"
#include "models/slipway_model.h"
#include "models/spark_flavor.h"
#include "models/xgboost_flavor.h"

namespace slipway::models {
namespace {

namespace fs = std::filesystem;

struct Parts {
  const fs::path& dir;
  const Mlmodel& mlmodel;
  const Mlmodel::Flavor& flavor;
  std::string input_example;
  const LoadOptions& options;
};

// Put the file's name in front of what is wrong with it.
Error in_file(std::string_view file, const Error& error) {
  return {error.code, fmt::format("{}: {}", file, error.message)};
}

std::string value(const Mlmodel::Flavor& flavor, const std::string& key) {
  const auto found = flavor.find(key);
  return found == flavor.end() ? "" : found->second;
}

Result<Json> read_json(const fs::path& dir, const std::string& path) {
  const auto text = TRY(read_model_file(dir, path));
  auto json = parse_json(text);
  if (!json.ok()) return in_file(path, json.error());
  return json;
}

Result<XgboostModel> read_xgboost(const fs::path& dir, const std::string& path,
                                  XgboostTrees trees = XgboostTrees::all) {
  const auto bytes = TRY(read_model_file(dir, path));
  auto model = XgboostModel::parse(bytes, trees);
  if (!model.ok()) return in_file(path, model.error());
  return model;
}

Result<SlipwayModel::Estimator> read_estimator(const Parts& parts, const std::string& data) {
  const auto kind = value(parts.flavor, "estimator");
  if (kind == "xgboost") {
    auto model = TRY(read_xgboost(parts.dir, data + "/model.ubj"));
    return SlipwayModel::Estimator(std::move(model));
  }
  if (kind == "logistic") {
    const auto path = data + "/linear.json";
    const auto json = TRY(read_json(parts.dir, path));
    auto model = LinearModel::from_json(json);
    if (!model.ok()) return in_file(path, model.error());
    return SlipwayModel::Estimator(std::move(model).value());
  }
  return fail(Code::not_implemented, "MLmodel: slipway estimator '{}'", kind);
}

Result<std::unique_ptr<Model>> load_slipway(Parts parts) {
  const auto version = value(parts.flavor, "format_version");
  if (version != "1") {
    return fail(Code::not_implemented, "MLmodel: slipway format_version '{}'; this program reads 1",
                version);
  }
  const auto data = value(parts.flavor, "data");
  const auto path = data + "/preprocess.json";
  const auto json = TRY(read_json(parts.dir, path));
  auto preprocess = Preprocess::from_json(json);
  if (!preprocess.ok()) return in_file(path, preprocess.error());
  auto estimator = TRY(read_estimator(parts, data));
  auto model = TRY(SlipwayModel::make(std::move(preprocess).value(), std::move(estimator),
                                      std::move(parts.input_example)));
  return std::unique_ptr<Model>(std::move(model));
}

// MLflow before 1.22 did not say the class: it took only boosters.
Result<std::unique_ptr<Model>> load_xgboost(Parts parts) {
  const auto name = value(parts.flavor, "model_class");
  auto form = XgboostForm::booster;
  if (name.ends_with("Classifier")) form = XgboostForm::classifier;
  if (name.ends_with("Regressor") || name.ends_with("Ranker")) form = XgboostForm::regressor;
  const auto trees =
      form == XgboostForm::booster ? XgboostTrees::all : XgboostTrees::to_best_iteration;
  auto booster = TRY(read_xgboost(parts.dir, value(parts.flavor, "data"), trees));
  auto signature =
      TRY(parse_signature(parts.mlmodel.signature_inputs, parts.mlmodel.signature_outputs,
                          parts.mlmodel.signature_params));
  return make_xgboost_flavor(std::move(booster), form, std::move(signature),
                             std::move(parts.input_example));
}

// A pickle or skops file; what pyfunc calls stands beside it in the MLmodel.
Result<std::unique_ptr<Model>> load_estimator(Parts parts, const std::string& path) {
  const auto& flavors = parts.mlmodel.flavors;
  const auto pyfunc = flavors.find("python_function");
  SklearnSettings settings;
  if (pyfunc != flavors.end()) {
    const auto predict_fn = value(pyfunc->second, "predict_fn");
    if (!predict_fn.empty()) settings.predict_fn = predict_fn;
  }
  settings.signature_inputs = parts.mlmodel.signature_inputs;
  settings.signature_outputs = parts.mlmodel.signature_outputs;
  settings.signature_params = parts.mlmodel.signature_params;
  settings.input_example = std::move(parts.input_example);
  const auto bytes = TRY(read_model_file(parts.dir, path, size_t{4} << 30));
  auto model = make_sklearn_flavor(bytes, std::move(settings));
  if (!model.ok()) return in_file(path, model.error());
  return model;
}

// MLflow before 1.23 did not say the class: it took only boosters.
Result<std::unique_ptr<Model>> load_lightgbm(Parts parts) {
  const auto name = value(parts.flavor, "model_class");
  const auto path = value(parts.flavor, "data");
  if (!name.empty() && !name.ends_with(".Booster")) return load_estimator(std::move(parts), path);
  const auto text = TRY(read_model_file(parts.dir, path));
  auto booster = LightgbmModel::parse(text);
  if (!booster.ok()) return in_file(path, booster.error());
  auto signature =
      TRY(parse_signature(parts.mlmodel.signature_inputs, parts.mlmodel.signature_outputs,
                          parts.mlmodel.signature_params));
  return make_lightgbm_flavor(std::move(booster).value(), std::move(signature),
                              std::move(parts.input_example));
}

// The file's path stands in one of two places of the MLmodel.
Result<std::unique_ptr<Model>> load_sklearn(Parts parts) {
  const auto pyfunc = parts.mlmodel.flavors.find("python_function");
  auto path = value(parts.flavor, "pickled_model");
  if (path.empty() && pyfunc != parts.mlmodel.flavors.end()) {
    path = value(pyfunc->second, "model_path");
  }
  return load_estimator(std::move(parts), path.empty() ? "model.pkl" : path);
}

// The model's folder stands as `model_data` in its own flavour or in pyfunc's.
Result<std::unique_ptr<Model>> load_spark(Parts parts) {
  auto path = value(parts.flavor, "model_data");
  if (path.empty()) path = value(parts.flavor, "data");
  if (path.empty()) path = "sparkml";
  const auto files = TRY(read_model_files(parts.dir, path));
  auto model = make_spark_flavor(files, parts.mlmodel, std::move(parts.input_example));
  if (!model.ok()) return in_file(path, model.error());
  return model;
}

Result<std::unique_ptr<Model>> load_catboost(Parts parts) {
  const auto path = value(parts.flavor, "data");
  const auto format = value(parts.flavor, "save_format");
  if (!format.empty() && format != "cbm") {
    return fail(Code::not_implemented, "{}: CatBoost's format '{}'; read is cbm", path, format);
  }
  const auto bytes = TRY(read_model_file(parts.dir, path, size_t{4} << 30));
  auto booster = CatboostModel::parse(bytes);
  if (!booster.ok()) return in_file(path, booster.error());
  auto model = make_catboost_flavor(std::move(booster).value(), value(parts.flavor, "model_type"),
                                    parts.mlmodel, std::move(parts.input_example));
  if (!model.ok()) return in_file(path, model.error());
  return model;
}

Result<std::unique_ptr<Model>> load_onnx(Parts parts) {
  OnnxSettings settings;
  settings.dir = parts.dir;
  const auto path = value(parts.flavor, "data");
  if (!path.empty()) settings.path = path;
  settings.flavor = parts.flavor;
  settings.signature_inputs = parts.mlmodel.signature_inputs;
  settings.signature_outputs = parts.mlmodel.signature_outputs;
  settings.signature_params = parts.mlmodel.signature_params;
  settings.input_example = std::move(parts.input_example);
  return make_onnx_flavor(std::move(settings), parts.options);
}

struct FlavorRow {
  std::string_view name;
  std::string_view loader_module;  // of a python_function that is read as this flavour
  Result<std::unique_ptr<Model>> (*load)(Parts);
};

constexpr FlavorRow kFlavors[] = {
    {"slipway", "", load_slipway},
    {"xgboost", "mlflow.xgboost", load_xgboost},
    {"lightgbm", "mlflow.lightgbm", load_lightgbm},
    {"sklearn", "mlflow.sklearn", load_sklearn},
    {"spark", "mlflow.spark", load_spark},
    {"catboost", "mlflow.catboost", load_catboost},
    {"onnx", "mlflow.onnx", load_onnx},
};

}  // namespace

Result<std::unique_ptr<Model>> load(const fs::path& dir, const LoadOptions& options) {
  const auto text = TRY(read_model_file(dir, "MLmodel"));
  const auto mlmodel = TRY(parse_mlmodel(text));
  const auto pyfunc = mlmodel.flavors.find("python_function");
  for (const auto& row : kFlavors) {
    auto flavor = mlmodel.flavors.find(std::string(row.name));
    if (flavor == mlmodel.flavors.end() && pyfunc != mlmodel.flavors.end() &&
        !row.loader_module.empty() && value(pyfunc->second, "loader_module") == row.loader_module) {
      flavor = pyfunc;
    }
    if (flavor == mlmodel.flavors.end()) continue;
    Parts parts{dir, mlmodel, flavor->second, "", options};
    if (!mlmodel.example_path.empty()) {
      parts.input_example = TRY(read_model_file(dir, mlmodel.example_path));
    }
    return row.load(std::move(parts));
  }
  std::string names;
  for (const auto& [name, flavor] : mlmodel.flavors) names += (names.empty() ? "" : ", ") + name;
  return fail(Code::not_implemented,
              "no flavour of this model can be loaded: it has {}; those that can are slipway, "
              "xgboost, lightgbm, sklearn, spark, catboost and onnx",
              names.empty() ? "none" : names);
}

}  // namespace slipway::models
