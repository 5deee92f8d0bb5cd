#include "models/save.h"

#include <algorithm>

#include "base/clock.h"
#include "base/file.h"
#include "base/id.h"
#include "models/mlmodel.h"
#include "models/slipway_model.h"
#include "slipway_flavor_embedded.h"

namespace slipway::models {
namespace {

constexpr std::string_view kMlflow = "3.17.2";
constexpr std::string_view kPython = "3.11.2";  // what the folders were tested with
// Python keeps modules by name: a change to the file needs a new name, lest two models that were
// saved by different versions of this program share one.
constexpr std::string_view kModule = "slipway_flavor_1";

// A value as MLflow's input examples have it: null where missing.
void append_cell(std::string& out, const data::Column& column, size_t row) {
  if (!column.is_valid(row)) {
    out += "null";
    return;
  }
  switch (column.type) {
    case data::Type::boolean: out += column.booleans()[row] ? "true" : "false"; break;
    case data::Type::int64:
    case data::Type::timestamp: out += std::to_string(column.int64s()[row]); break;
    case data::Type::string:
    case data::Type::binary: append_quoted(out, column.strings()[row]); break;
    case data::Type::float32:
    case data::Type::float64:
      const double value = column.number_at(row);
      value != value ? void(out += "null") : append_number(out, value);
      break;
  }
}

// {"columns": […], "data": [[…]]}, of the columns that the model reads.
std::string split_text(const std::vector<ColumnSpec>& inputs, const data::Batch& rows) {
  std::string out = "{\"columns\": [";
  std::vector<const data::Column*> columns;
  for (const auto& input : inputs) {
    const auto* column = rows.find(input.name);
    if (column == nullptr) continue;
    if (!columns.empty()) out += ", ";
    append_quoted(out, input.name);
    columns.push_back(column);
  }
  out += "], \"data\": [";
  for (size_t i = 0; i < rows.n_rows; ++i) {
    out += i == 0 ? "[" : ", [";
    for (size_t k = 0; k < columns.size(); ++k) {
      if (k > 0) out += ", ";
      append_cell(out, *columns[k], i);
    }
    out += "]";
  }
  return out + "]}";
}

// "2026-11-23 09:08:07.123000", as Python writes a datetime.
std::string python_time(int64_t time_ms) {
  std::string text = utc_text(time_ms);
  std::ranges::replace(text, 'T', ' ');
  text.pop_back();
  return text + "000";
}

/// Writes files of one folder and adds up their sizes.
struct FolderWriter {
  const std::filesystem::path& dir;
  int64_t n_bytes = 0;

  Result<void> write(std::string_view name, std::string_view bytes) {
    n_bytes += static_cast<int64_t>(bytes.size());
    return write_file(dir / name, bytes);
  }
};

struct Written {
  SlipwayModel::Estimator estimator;
  std::string_view kind;         // in MLmodel
  std::string_view path;         // of its file
  std::string bytes;             // of its file
  std::string requirement = "";  // of Python; "" = none but those that all have
};

Result<Written> written(const std::variant<XgboostBytes, LinearModel>& estimator) {
  if (const auto* linear = std::get_if<LinearModel>(&estimator)) {
    return Written{*linear, "logistic", "data/linear.json", to_pretty_text(linear->to_json())};
  }
  const auto& ubj = std::get<XgboostBytes>(estimator).ubj;
  auto model = TRY(XgboostModel::parse(ubj));
  auto requirement = "xgboost-cpu==" + model.version();
  return Written{std::move(model), "xgboost", "data/model.ubj", ubj, std::move(requirement)};
}

Result<void> write_requirements(FolderWriter& folder, const std::string& estimator) {
  std::vector<std::string> lines{fmt::format("mlflow=={}", kMlflow), "numpy>=1.23", "pandas>=2.0"};
  if (!estimator.empty()) lines.push_back(estimator);
  std::string requirements;
  std::string conda =
      fmt::format("channels:\n- conda-forge\ndependencies:\n- python={}\n- pip\n- pip:\n", kPython);
  for (const auto& line : lines) {
    requirements += line + "\n";
    conda += "  - " + line + "\n";
  }
  conda += "name: mlflow-env\n";
  TRY(folder.write("requirements.txt", requirements));
  TRY(folder.write("conda.yaml", conda));
  return folder.write("python_env.yaml",
                      fmt::format("python: {}\nbuild_dependencies:\n- pip\n- setuptools\n- wheel\n"
                                  "dependencies:\n- -r requirements.txt\n",
                                  kPython));
}

Mlmodel describe(const SaveRequest& request, const Signature& signature, std::string_view kind) {
  Mlmodel out;
  out.artifact_path = request.artifact_path;
  out.run_id = request.run_id;
  out.model_id = request.model_id;
  out.model_uuid = random_hex(16);
  out.utc_time_created = python_time(request.time_ms == 0 ? now_ms() : request.time_ms);
  out.mlflow_version = kMlflow;
  out.flavors["python_function"] = {{"code", "code"},
                                    {"data", "data"},
                                    {"env.conda", "conda.yaml"},
                                    {"env.virtualenv", "python_env.yaml"},
                                    {"loader_module", std::string(kModule)},
                                    {"python_version", std::string(kPython)}};
  out.flavors["slipway"] = {
      {"data", "data"}, {"estimator", std::string(kind)}, {"format_version", "1"}};
  out.signature_inputs = signature_text(signature.inputs);
  out.signature_outputs = signature_text(signature.outputs);
  if (request.example.n_rows > 0) {
    out.example_path = "input_example.json";
    out.serving_example_path = "serving_input_example.json";
  }
  return out;
}

}  // namespace

Result<void> save(const SaveRequest& request, const std::filesystem::path& dir) {
  auto parts = TRY(written(request.estimator));
  const auto model = TRY(SlipwayModel::make(request.preprocess, std::move(parts.estimator)));
  const auto preprocess = to_pretty_text(request.preprocess.to_json());

  TRY(make_folder(dir / "data"));
  TRY(make_folder(dir / "code"));
  FolderWriter folder{dir};
  TRY(folder.write("data/preprocess.json", preprocess));
  TRY(folder.write(parts.path, parts.bytes));
  TRY(folder.write(fmt::format("code/{}.py", kModule), slipway_flavor_files().front().second));
  TRY(write_requirements(folder, parts.requirement));
  if (request.example.n_rows > 0) {
    const auto example = split_text(model->signature().inputs, request.example);
    TRY(folder.write("input_example.json", example));
    TRY(folder.write("serving_input_example.json", "{\"dataframe_split\": " + example + "}"));
  }
  auto mlmodel = describe(request, model->signature(), parts.kind);
  mlmodel.model_size_bytes = folder.n_bytes;
  return write_file(dir / "MLmodel", mlmodel_text(mlmodel));  // last: without it there is no model
}

}  // namespace slipway::models
