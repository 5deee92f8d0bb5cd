// client/logged_models.h — the models that runs made, as MLflow 3 keeps them, on a server.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "client/server.h"
#include "client/tracking.h"

namespace slipway::client {

struct LoggedModel {
  std::string model_id;
  std::string experiment_id;
  std::string name;
  std::string status;  // LOGGED_MODEL_PENDING, …_READY, …_UPLOAD_FAILED
  std::string artifact_uri;
  std::string source_run_id;
};

struct NewLoggedModel {
  std::string experiment_id;
  std::string name;
  std::string source_run_id;  // "" = none
  std::string model_type;     // "" = none
  Pairs params;
  Pairs tags;
};

/// Make a pending one; its files then go to artifact_uri (upload_to).
Result<LoggedModel> create_logged_model(Server& server, const NewLoggedModel& model);
Result<LoggedModel> get_logged_model(Server& server, std::string_view model_id);

/// Say that the files are all there, or that they could not be uploaded.
enum class Upload { ready, failed };
Result<LoggedModel> finalize_logged_model(Server& server, std::string_view model_id, Upload upload);

/// Say that a run made a model at a step.
struct ModelOutput {
  std::string model_id;
  int64_t step = 0;
};
Result<void> log_outputs(Server& server, std::string_view run_id,
                         const std::vector<ModelOutput>& models);

}  // namespace slipway::client
