#include "serve/worker_model.h"

#include <unistd.h>

#include <algorithm>
#include <optional>

#include "base/json.h"
#include "base/text.h"
#include "data/bytes.h"
#include "models/folder.h"
#include "models/mlmodel.h"
#include "serve/python_environment.h"
#include "serve/request_body.h"
#include "slipway_worker_embedded.h"

namespace slipway::serve {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kArrow = "application/vnd.apache.arrow.stream";

// Reads the first frame, and runs the program that is its body.
constexpr std::string_view kBootstrap =
    "import json,os,struct\n"
    "source=os.fdopen(os.dup(0),'rb')\n"
    "h,b=struct.unpack('<IQ',source.read(12))\n"
    "hello=json.loads(source.read(h))\n"
    "exec(compile(source.read(b),'slipway_worker.py','exec'))\n";

// What Python, its packages and their downloads need of our environment; the rest may be secret.
constexpr std::string_view kPassed[] = {"PATH",
                                        "HOME",
                                        "USER",
                                        "LANG",
                                        "TZ",
                                        "TMPDIR",
                                        "LD_LIBRARY_PATH",
                                        "VIRTUAL_ENV",
                                        "SSL_CERT_FILE",
                                        "SSL_CERT_DIR",
                                        "REQUESTS_CA_BUNDLE",
                                        "http_proxy",
                                        "https_proxy",
                                        "no_proxy",
                                        "HTTP_PROXY",
                                        "HTTPS_PROXY",
                                        "NO_PROXY"};
constexpr std::string_view kPassedPrefixes[] = {"LC_",       "PYTHON", "PIP_",    "OMP_", "MKL_",
                                                "OPENBLAS_", "CUDA_",  "NVIDIA_", "TF_",  "TORCH_"};

class WorkerModel final : public models::Model {
 public:
  WorkerModel(models::Signature signature, const models::Mlmodel& mlmodel,
              std::string input_example, std::unique_ptr<WorkerPool> pool)
      : signature_(std::move(signature)),
        is_plain_(is_plain(signature_, mlmodel)),
        input_example_(std::move(input_example)),
        pool_(std::move(pool)) {}

  Result<data::Batch> predict(const data::Batch& rows) const override {
    return predict_with(rows, {});
  }

  Result<data::Batch> predict_with(const data::Batch& rows,
                                   const JsonObject& params) const override {
    const auto body = TRY(data::write_ipc(rows));
    const auto answer = TRY(pool_->ask({body, kArrow, kArrow, params.empty() ? nullptr : &params}));
    auto scores = TRY(data::read_ipc(answer.body));
    // an answer's columns have all names or none
    for (size_t i = 0; scores.columns.size() > 1 && i < scores.columns.size(); ++i) {
      if (scores.columns[i].name.empty()) scores.columns[i].name = std::to_string(i);
    }
    return scores;
  }

  std::optional<Result<models::WrittenScores>> score_body(
      std::string_view body, std::string_view content_type) const override {
    const auto columns = plain_columns(body, content_type);
    auto answer = columns ? pool_->ask({*columns, kArrow, kJson, nullptr, true})
                          : pool_->ask({body, content_type, kJson, nullptr});
    if (!answer.ok()) return std::move(answer).error();
    return models::WrittenScores{std::move(answer->body), answer->n_rows};
  }

  bool scores_rows_alone() const override { return false; }
  const models::Signature& signature() const override { return signature_; }
  const std::string& input_example() const override { return input_example_; }

 private:
  // Reading JSON and holding it against the signature costs Python milliseconds: a table that is
  // just what the signature says is read here. Whatever else it is, MLflow reads it and says so.
  std::optional<std::string> plain_columns(std::string_view body,
                                           std::string_view content_type) const {
    const auto has = [&](std::string_view word) { return body.find(word) != body.npos; };
    const auto kind = lower(content_type);
    const bool is_json = kind == "application/json" || kind == "application/json; charset=utf-8";
    const bool is_table = has("\"dataframe_split\"") || has("\"dataframe_records\"");
    if (!is_plain_ || !is_json || !is_table || has("\"params\"") || has("\"index\"")) return {};
    const auto request = read_request_body(body, content_type, signature_);
    if (!request.ok()) return {};
    const auto rows = models::enforce(signature_, request->rows);
    if (!rows.ok() || rows->columns.size() != signature_.inputs.size()) return {};
    const auto any_missing = [](const data::Column& column) { return column.n_missing() > 0; };
    if (std::ranges::any_of(rows->columns, any_missing)) return {};
    auto stream = data::write_ipc(*rows);
    if (!stream.ok()) return {};
    return std::move(stream).value();
  }

  // Columns of numbers and texts, with which MLflow does nothing out of the ordinary.
  static bool is_plain(const models::Signature& signature, const models::Mlmodel& mlmodel) {
    const auto fits = [](const models::ColumnSpec& spec) {
      return spec.required && !spec.tensor && spec.type != models::ColumnType::binary &&
             spec.type != models::ColumnType::datetime;
    };
    return !signature.inputs.empty() && !signature.takes_tensors() && !mlmodel.has_type_hints &&
           std::ranges::all_of(signature.inputs, fits);
  }

  models::Signature signature_;
  bool is_plain_;
  std::string input_example_;
  std::unique_ptr<WorkerPool> pool_;
};

bool is_passed(std::string_view name) {
  return std::ranges::find(kPassed, name) != std::end(kPassed) ||
         std::ranges::any_of(kPassedPrefixes, [&](auto p) { return name.starts_with(p); });
}

void set_environment(process::Command& command, const WorkerSettings& settings) {
  command.inherits_environment = settings.inherits_environment;
  for (char** entry = environ; !settings.inherits_environment && *entry; ++entry) {
    const std::string_view text(*entry);
    const auto equals = std::min(text.find('='), text.size());
    if (!is_passed(text.substr(0, equals)) || equals == text.size()) continue;
    command.environment.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  command.environment.emplace_back("PYTHONUNBUFFERED", "1");
}

Result<process::Command> python_command(const fs::path& dir, const WorkerSettings& settings,
                                        WorkerLog& log) {
  auto python = TRY(find_python(settings.python_program));
  process::Command command;
  set_environment(command, settings);
  if (settings.python == WorkerSettings::Python::virtualenv) {
    std::erase_if(command.environment, [](const auto& pair) { return pair.first == "PYTHONPATH"; });
    command.environment.emplace_back("PYTHONPATH", "");  // others' packages would come first
    command.environment.emplace_back("PYTHONNOUSERSITE", "1");
    python = TRY(
        environment_python(dir, settings.environments, python, {command, settings.cancelled}, log));
  }
  command.argv = {python, "-c", std::string(kBootstrap), "slipway-worker", dir.string()};
  return command;
}

fs::path log_file(const fs::path& logs, std::string name) {
  if (logs.empty()) return {};
  for (auto& c : name) {
    if (c == '/' || c == '\0') c = '_';
  }
  return logs / (name + ".log");
}

Frame hello_frame(const fs::path& dir) {
  JsonObject header;
  header["model"] = fs::absolute(dir).string();
  return {to_text(Json(std::move(header))), std::string(slipway_worker_files().front().second)};
}

Result<OpenedModel> open_in_python(const fs::path& dir, const std::string& name,
                                   const models::Mlmodel& mlmodel, const WorkerSettings& settings) {
  OpenedModel opened;
  auto observe = [watch = settings.observe, name](const WorkerEvent& event) {
    if (watch) watch(name, event);
  };
  opened.log = std::make_shared<WorkerLog>(name, log_file(settings.logs, name), settings.echo,
                                           std::move(observe));
  auto command = TRY(python_command(dir, settings, *opened.log));
  auto pool = std::make_unique<WorkerPool>(std::move(command), hello_frame(dir), settings.limits,
                                           opened.log);
  TRY(pool->start(settings.cancelled));
  // a signature with types that we do not know is for the worker to hold requests against
  auto signature = models::parse_signature(mlmodel.signature_inputs, mlmodel.signature_outputs,
                                           mlmodel.signature_params);
  std::string example;
  if (!mlmodel.example_path.empty()) {
    example = TRY(models::read_model_file(dir, mlmodel.example_path));
  }
  opened.model = std::make_shared<WorkerModel>(
      signature.ok() ? std::move(signature).value() : models::Signature(), mlmodel,
      std::move(example), std::move(pool));
  return opened;
}

}  // namespace

bool needs_worker(const Error& refusal) {
  return refusal.code == Code::not_implemented || refusal.code == Code::permission_denied;
}

Result<OpenedModel> open_in_worker(const fs::path& dir, const std::string& name,
                                   const Error& refusal, const WorkerSettings& settings) {
  if (!needs_worker(refusal)) return refusal;
  const auto text = TRY(models::read_model_file(dir, "MLmodel"));
  const auto mlmodel = TRY(models::parse_mlmodel(text));
  if (!mlmodel.flavors.contains("python_function")) return refusal;
  if (settings.python == WorkerSettings::Python::refused) {
    return fail(refusal.code, "{}. Python could try: {}", refusal.message, settings.python_hint);
  }
  return open_in_python(dir, name, mlmodel, settings);
}

Result<OpenedModel> open_model(const fs::path& dir, const std::string& name,
                               const WorkerSettings& settings) {
  auto own = models::load(dir, settings.load);
  if (own.ok()) return OpenedModel{std::move(own).value(), nullptr};
  return open_in_worker(dir, name, own.error(), settings);
}

}  // namespace slipway::serve
