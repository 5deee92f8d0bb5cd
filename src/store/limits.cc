#include "store/limits.h"

#include <algorithm>
#include <array>

#include "base/json.h"
#include "base/text.h"

namespace slipway::store {
namespace {

constexpr size_t kMaxKeyLength = 250;
constexpr size_t kMaxParamLength = 6000;
constexpr size_t kMaxRunTagLength = 8000;
constexpr size_t kMaxExperimentNameLength = 500;
constexpr size_t kMaxExperimentTagLength = 20'000;
constexpr size_t kMaxRegistryTagLength = 100'000;
constexpr size_t kMaxAliasLength = 255;
constexpr size_t kMaxLocationLength = 2048;

template <typename... Args>
Error invalid(fmt::format_string<Args...> format, Args&&... args) {
  return Error{Code::invalid_parameter_value, fmt::format(format, std::forward<Args>(args)...)};
}

std::string quoted(std::string_view text) {
  std::string out;
  append_ascii_quoted(out, text);
  return out;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_';
}

bool starts_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }

size_t n_characters(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), starts_character));
}

/// Blocks of code points that hold no letters or digits (Unicode 15, "Blocks.txt"); all others
/// beyond ASCII pass as letters.
constexpr std::array<std::array<uint32_t, 2>, 10> kSymbolBlocks = {{
    {0x80, 0xa9},  // controls, Latin-1 punctuation
    {0xab, 0xb1},
    {0xb6, 0xb8},
    {0xd7, 0xd7},        // ×
    {0xf7, 0xf7},        // ÷
    {0x2000, 0x206f},    // general punctuation
    {0x2190, 0x245f},    // arrows, operators, technical
    {0x2500, 0x2bff},    // boxes, shapes, dingbats, arrows
    {0xe000, 0xf8ff},    // private use
    {0x1f000, 0x1faff},  // pictographs
}};

bool is_letter(uint32_t code_point) {
  return std::none_of(kSymbolBlocks.begin(), kSymbolBlocks.end(), [&](const auto& block) {
    return code_point >= block[0] && code_point <= block[1];
  });
}

/// Take the code point that starts at `position` and step over it. The text is UTF-8.
uint32_t take_code_point(std::string_view text, size_t& position) {
  const auto lead = static_cast<unsigned char>(text[position++]);
  uint32_t code_point = lead < 0xe0 ? lead & 0x1fu : lead < 0xf0 ? lead & 0x0fu : lead & 0x07u;
  while (position < text.size() && !starts_character(text[position])) {
    code_point = (code_point << 6) | (static_cast<unsigned char>(text[position++]) & 0x3fu);
  }
  return code_point;
}

/// Letters and digits of any script, `_`, and the `others`.
bool has_only(std::string_view name, std::string_view others) {
  size_t position = 0;
  while (position < name.size()) {
    const char c = name[position];
    if (is_word(c) || others.find(c) != std::string_view::npos) {
      position += 1;
    } else if (static_cast<unsigned char>(c) < 0x80 || !is_utf8(name)) {
      return false;
    } else if (!is_letter(take_code_point(name, position))) {
      return false;
    }
  }
  return true;
}

/// The path with `.`, `..` and double slashes resolved (as POSIX reads it; two leading slashes
/// stay).
std::string normal_path(std::string_view path) {
  if (path.empty()) return ".";
  std::string start(path.starts_with('/') ? "/" : "");
  if (path.starts_with("//") && !path.starts_with("///")) start = "//";
  std::vector<std::string> parts;
  for (const std::string& part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != ".." || (start.empty() && parts.empty()) ||
        (!parts.empty() && parts.back() == "..")) {
      parts.push_back(part);
    } else if (!parts.empty()) {
      parts.pop_back();
    }
  }
  const std::string normal = start + join(parts, "/");
  return normal.empty() ? "." : normal;
}

Result<void> check_path(std::string_view name, std::string_view parameter) {
  const std::string normal = normal_path(name);
  if (normal == name && normal != "." && !normal.starts_with("..") && !normal.starts_with('/')) {
    return {};
  }
  return invalid(
      "Invalid value {} for parameter '{}' supplied: Names may be treated as files in certain "
      "cases, and must not resolve to other names when treated as such. This name would resolve "
      "to '{}'",
      quoted(name), parameter, normal);
}

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string decoded_once(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool is_code = text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
                         hex_digit(text[i + 2]) >= 0;
    if (is_code) {
      out.push_back(static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2])));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

}  // namespace

Result<void> check_name(std::string_view name, std::string_view parameter) {
  if (!has_only(name, "/.- :")) {
    return invalid(
        "Invalid value {} for parameter '{}' supplied: Names may only contain alphanumerics, "
        "underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/).",
        quoted(name), parameter);
  }
  return check_path(name, parameter);
}

Result<void> check_length(std::string_view text, size_t max_length, std::string_view what) {
  if (text.size() <= max_length || n_characters(text) <= max_length) return {};
  return invalid("'{}' exceeds the maximum length of {} characters", what, max_length);
}

std::string truncated(std::string_view text, size_t max_length) {
  if (text.size() <= max_length) return std::string(text);
  size_t n_kept = 0;
  size_t position = 0;
  for (; position < text.size(); ++position) {
    if (!starts_character(text[position])) continue;
    if (n_kept == max_length) break;
    n_kept += 1;
  }
  return std::string(text.substr(0, position));
}

Result<void> check_metric_key(std::string_view key, std::string_view path) {
  TRY(check_name(key, fmt::format("{}name", path)));
  return check_length(key, kMaxKeyLength, "Metric name");
}

Result<Param> checked_param(const Param& param, std::string_view path) {
  TRY(check_name(param.key, fmt::format("{}key", path)));
  TRY(check_length(param.key, kMaxKeyLength, "Param key"));
  return Param{param.key, truncated(param.value, kMaxParamLength)};
}

Result<Tag> checked_run_tag(const Tag& tag, std::string_view path) {
  const std::string parameter = fmt::format("{}key", path);
  TRY(check_name(tag.key, parameter));
  TRY(check_length(tag.key, kMaxKeyLength, parameter));
  return Tag{tag.key, truncated(tag.value, kMaxRunTagLength)};
}

Result<void> check_experiment_tag(const Tag& tag) {
  TRY(check_name(tag.key, "key"));
  TRY(check_length(tag.key, kMaxKeyLength, "key"));
  return check_length(tag.value, kMaxExperimentTagLength, "value");
}

Result<void> check_registry_tag(const Tag& tag) {
  TRY(check_name(tag.key, "key"));
  TRY(check_length(tag.key, kMaxKeyLength, "key"));
  return check_length(tag.value, kMaxRegistryTagLength, "value");
}

Result<void> check_batch_size(size_t n_metrics, size_t n_params, size_t n_tags) {
  struct Count {
    std::string_view what;
    size_t limit;
    size_t n;
  };
  const Count counts[] = {{"metrics", 1000, n_metrics},
                          {"params", 100, n_params},
                          {"tags", 100, n_tags},
                          {"metrics, params, and tags", 1000, n_metrics + n_params + n_tags}};
  for (const Count& count : counts) {
    if (count.n <= count.limit) continue;
    return invalid(
        "A batch logging request can contain at most {} {}. Got {} {}. Please split up {} across "
        "multiple requests and try again.",
        count.limit, count.what, count.n, count.what, count.what);
  }
  return {};
}

Result<void> check_run_id(std::string_view run_id) {
  const auto is_allowed = [](char c) { return is_word(c) || c == '-'; };
  const bool holds = !run_id.empty() && run_id.size() <= 256 && is_word(run_id[0]) &&
                     run_id[0] != '_' && std::all_of(run_id.begin(), run_id.end(), is_allowed);
  if (holds) return {};
  return invalid("Invalid value {} for parameter 'run_id' supplied.", quoted(run_id));
}

Result<int64_t> experiment_key(std::string_view experiment_id) {
  const auto key = to_integer(experiment_id);
  if (key) return *key;
  return invalid("Invalid experiment ID '{}'. Experiment ID must be a valid integer.",
                 experiment_id);
}

Result<void> check_experiment_name(std::string_view name) {
  if (name.empty()) return invalid("Invalid experiment name: ''");
  return check_length(name, kMaxExperimentNameLength, "name");
}

std::string scheme_of(std::string_view address) {
  const size_t colon = address.find(':');
  if (colon == std::string_view::npos || colon < 2) return "";
  const std::string scheme = lower(address.substr(0, colon));
  const bool is_scheme =
      scheme[0] >= 'a' && scheme[0] <= 'z' && std::all_of(scheme.begin(), scheme.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || is_digit(c) || c == '+' || c == '-' || c == '.';
      });
  return is_scheme ? scheme : "";
}

Result<void> check_names_no_host(std::string_view address, std::string_view parameter) {
  constexpr std::string_view kNamers[] = {"ftp",   "sftp", "hdfs", "viewfs", "http",
                                          "https", "r2",   "b2",   "abfss"};
  const std::string scheme = scheme_of(address);
  const bool has_host =
      address.substr(std::min(scheme.size() + 1, address.size())).starts_with("//");
  const bool is_namer =
      std::find(std::begin(kNamers), std::end(kNamers), scheme) != std::end(kNamers);
  if (!is_namer && !(scheme == "mlflow-artifacts" && has_host)) return {};
  return invalid(
      "'{}' cannot use the '{}' scheme: the '{}' scheme addresses a host other than the tracking "
      "server's configured artifact storage",
      parameter, scheme, scheme);
}

Result<void> check_artifact_location(std::string_view location) {
  constexpr std::string_view kWithParams[] = {"", "ftp", "http", "https", "sftp"};
  const std::string scheme = scheme_of(location);
  const bool has_params =
      std::find(std::begin(kWithParams), std::end(kWithParams), scheme) != std::end(kWithParams);
  if (location.find_first_of(has_params ? "#;" : "#") != std::string_view::npos) {
    return invalid("'artifact_location' URL can't include fragments or params.");
  }
  const std::string decoded = fully_decoded(location);
  const size_t query = decoded.find('?');
  if (query != std::string::npos && decoded.find("..", query) != std::string::npos) {
    return invalid("Invalid query string");
  }
  TRY(check_names_no_host(location, "artifact_location"));
  const bool names_other = location.starts_with("file://") && !location.starts_with("file:///") &&
                           !location.starts_with("file://localhost/");
  if (names_other) return invalid("{} is not a valid remote uri.", location);
  const bool is_ours = scheme.empty() || scheme == "file" || scheme == "mlflow-artifacts";
  if (is_ours && may_leave_its_folder(location)) {
    return invalid("Invalid artifact location '{}': it must not go up by '..'", location);
  }
  if (location.starts_with("runs:")) {
    return invalid("Artifact location cannot be a runs:/ URI. Given: '{}'", location);
  }
  if (n_characters(location) > kMaxLocationLength) {
    return invalid(
        "Invalid artifact path length. The length of the artifact path cannot be greater than {} "
        "characters.",
        kMaxLocationLength);
  }
  return {};
}

Result<void> check_model_name(std::string_view name) {
  if (trim(name).empty()) return invalid("Missing value for required parameter 'name'.");
  if (name.find_first_of("/:") != std::string_view::npos) {
    return invalid("Invalid model name '{}'. Names cannot contain '/' or ':'.", name);
  }
  return check_path(name, "name");
}

Result<void> check_alias_characters(std::string_view alias) {
  if (alias.empty()) return invalid("Registered model alias name cannot be empty.");
  if (has_only(alias, "-")) {
    return check_length(alias, kMaxAliasLength, "Registered model alias name");
  }
  return invalid(
      "Invalid alias name: '{}'. Names may only contain alphanumerics, underscores (_), and dashes "
      "(-).",
      alias);
}

Result<void> check_alias(std::string_view alias) {
  TRY(check_alias_characters(alias));
  if (lower(alias) == "latest") {
    return invalid("'latest' alias name (case insensitive) is reserved.");
  }
  const bool is_version = alias.size() > 1 && (alias[0] == 'v' || alias[0] == 'V') &&
                          std::all_of(alias.begin() + 1, alias.end(), is_digit);
  if (is_version) return invalid("Version alias name '{}' is reserved.", alias);
  return {};
}

Result<int64_t> version_number(std::string_view version) {
  const auto number = to_integer(version);
  if (number) return *number;
  return invalid("Parameter 'version' must be an integer, got '{}'.", version);
}

Result<void> check_max_results(int64_t max_results, int64_t most) {
  if (max_results >= 1 && max_results <= most) return {};
  const std::string accepted =
      max_results < 1 ? "a positive integer" : fmt::format("at most {}", most);
  return invalid("Invalid value {} for parameter 'max_results' supplied. It must be {}",
                 max_results, accepted);
}

std::string fully_decoded(std::string_view text) {
  std::string current(text);
  while (true) {  // each pass that changes something makes the text shorter
    std::string next = decoded_once(current);
    if (next == current) return current;
    current = std::move(next);
  }
}

bool may_leave_its_folder(std::string_view location) {
  std::string current(location);
  while (true) {
    if (has_control_character(current)) return true;
    std::string next = decoded_once(current);
    if (next == current) break;
    current = std::move(next);
  }
  std::replace(current.begin(), current.end(), '\\', '/');
  const size_t path_end = current.find_first_of("?#");
  const std::vector<std::string> parts = split(current.substr(0, path_end), '/');
  const std::vector<std::string> all_parts = split(current, '/');
  const auto is_parent = [](const std::string& part) { return part == ".."; };
  return std::any_of(parts.begin(), parts.end(), is_parent) ||
         std::any_of(all_parts.begin(), all_parts.end(), is_parent);
}

}  // namespace slipway::store
