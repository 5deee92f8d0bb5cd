// store/run_inputs.h — what runs read and made: datasets and logged models.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "db/connection.h"
#include "store/values.h"

namespace slipway::store {

struct Dataset {
  std::string name;
  std::string digest;
  std::string source_type;
  std::string source;
  std::string schema;   // JSON, may be empty
  std::string profile;  // JSON, may be empty
};

struct DatasetInput {
  Dataset dataset;
  std::vector<Tag> tags;  // mlflow.data.context among them
};

struct ModelOutput {
  std::string model_id;
  int64_t step = 0;
};

/// Note datasets and logged models that an active run read. A dataset is known by (name, digest)
/// within its experiment; the same input again changes nothing.
/// Errors   as log_batch; resource_does_not_exist: a model is unknown.
Result<void> log_inputs(db::Connection& conn, std::string_view run_id,
                        const std::vector<DatasetInput>& datasets,
                        const std::vector<std::string>& model_ids);

/// Note logged models that an active run made. Errors as log_inputs.
Result<void> log_outputs(db::Connection& conn, std::string_view run_id,
                         const std::vector<ModelOutput>& models);

struct DatasetSummary {
  std::string experiment_id;
  std::string name;
  std::string digest;
  std::string context;  // of the tag mlflow.data.context; may be empty
};

/// List the distinct datasets of at most 20 experiments, at most 1000 rows.
/// Errors   invalid_parameter_value: no or too many experiments.
Result<std::vector<DatasetSummary>> search_datasets(db::Connection& conn,
                                                    const std::vector<std::string>& experiment_ids);

}  // namespace slipway::store
