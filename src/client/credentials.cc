#include "client/credentials.h"

#include <cstdlib>

#include "base/file.h"
#include "base/text.h"

namespace slipway::client {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

// The [mlflow] section of an INI file.
void read_file_into(const std::filesystem::path& file, Credentials& credentials) {
  const auto text = read_file(file);
  if (!text.ok()) return;  // most people have none
  bool ours = false;
  for (const auto& whole_line : split(*text, '\n')) {
    const auto line = trim(whole_line);
    if (line.starts_with('[')) ours = line == "[mlflow]";
    const auto equals = std::min(line.find('='), line.size());
    if (!ours || equals == line.size()) continue;
    const auto key = lower(trim(line.substr(0, equals)));
    const auto value = std::string(trim(line.substr(equals + 1)));
    if (key == "mlflow_tracking_username" && credentials.username.empty()) {
      credentials.username = value;
    }
    if (key == "mlflow_tracking_password" && credentials.password.empty()) {
      credentials.password = value;
    }
  }
}

}  // namespace

Credentials credentials_of_environment() {
  Credentials credentials;
  credentials.username = variable("MLFLOW_TRACKING_USERNAME");
  credentials.password = variable("MLFLOW_TRACKING_PASSWORD");
  const auto home = variable("HOME");
  if (!home.empty() && (credentials.username.empty() || credentials.password.empty())) {
    read_file_into(std::filesystem::path(home) / ".mlflow" / "credentials", credentials);
  }
  credentials.token = variable("MLFLOW_TRACKING_TOKEN");
  credentials.trust.authorities = variable("MLFLOW_TRACKING_SERVER_CERT_PATH");
  const auto insecure = lower(variable("MLFLOW_TRACKING_INSECURE_TLS"));
  if (insecure == "true" || insecure == "1") {
    credentials.trust.check = http::Trust::Check::nothing;
  }
  return credentials;
}

std::string authorization(const Credentials& credentials) {
  if (!credentials.username.empty() && !credentials.password.empty()) {
    return "Basic " + base64_encode(credentials.username + ":" + credentials.password);
  }
  return credentials.token.empty() ? "" : "Bearer " + credentials.token;
}

}  // namespace slipway::client
