// store/limits.h — what names and values may be: lengths, characters, formats, counts.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/values.h"

namespace slipway::store {

// All errors here are invalid_parameter_value, with MLflow's words.
// Source: mlflow 3.17.2, observed on the real server (lengths in characters, not bytes).

/// Refuse a name of a metric, param or tag that has a character other than letters, digits and
/// `_-. :/`, or that as a path would mean another one (`a//b`, `../a`). `parameter` is how the
/// message calls it.
Result<void> check_name(std::string_view name, std::string_view parameter);

/// Refuse text of more than `max_length` characters.
Result<void> check_length(std::string_view text, size_t max_length, std::string_view what);

/// Cut to at most `max_length` characters (never inside one).
std::string truncated(std::string_view text, size_t max_length);

/// Check one by one; `path` is a prefix such as "params[3]." for the message. Over-long values
/// of params and run tags are cut.
Result<void> check_metric_key(std::string_view key, std::string_view path);
Result<Param> checked_param(const Param& param, std::string_view path);
Result<Tag> checked_run_tag(const Tag& tag, std::string_view path);
Result<void> check_experiment_tag(const Tag& tag);
Result<void> check_registry_tag(const Tag& tag);

/// Refuse a batch with more than 1000 metrics, 100 params, 100 tags or 1000 of all.
Result<void> check_batch_size(size_t n_metrics, size_t n_params, size_t n_tags);

Result<void> check_run_id(std::string_view run_id);
/// Read an experiment's decimal id.
Result<int64_t> experiment_key(std::string_view experiment_id);
Result<void> check_experiment_name(std::string_view name);
/// Refuse runs:/ locations, over-long ones, those that name a host, fragments, and in a path `..`
/// and parameters.
Result<void> check_artifact_location(std::string_view location);
/// Give the scheme of an address in lower case; empty for a path (one letter is a drive).
std::string scheme_of(std::string_view address);
/// Refuse an address whose reader would connect to the host it names, such as http or ftp.
Result<void> check_names_no_host(std::string_view address, std::string_view parameter);
Result<void> check_model_name(std::string_view name);
Result<void> check_alias(std::string_view alias);
/// Refuse only an alias of other characters than letters, digits, `_` and `-`, of none, or of more
/// than 255.
Result<void> check_alias_characters(std::string_view alias);
/// Read a version's decimal number.
Result<int64_t> version_number(std::string_view version);
/// Refuse max_results outside 1..`most`.
Result<void> check_max_results(int64_t max_results, int64_t most);

/// Decode %XX codes until nothing changes; broken codes stay as they are.
std::string fully_decoded(std::string_view text);

/// Tell whether a location, however often it is decoded, has a `..` between slashes or
/// backslashes, or a control character that a later reader might drop. `....` is a plain name.
bool may_leave_its_folder(std::string_view location);

}  // namespace slipway::store
