// store/experiment_rows.h — what runs and logged models need of the experiment they belong to.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "db/connection.h"

namespace slipway::store {

struct ExperimentRow {
  int64_t key = 0;
  std::string artifact_location;
};

/// Find an experiment that may be written to.
/// Errors   resource_does_not_exist; invalid_parameter_value: deleted, or the id is no integer.
Result<ExperimentRow> active_experiment(db::Connection& conn, std::string_view experiment_id);

/// Give the place `tail` below a location; the query of an address stays at its end.
std::string below_location(std::string_view location, std::string_view tail);

}  // namespace slipway::store
