// client/credentials.h — who a client says it is, and which servers it believes.
#pragma once
#include <string>

#include "base/result.h"
#include "http/client.h"

namespace slipway::client {

/// Empty members are not used; a name and password win over a token.
struct Credentials {
  std::string username;
  std::string password;
  std::string token;
  http::Trust trust;  // for https
};

/// Read what MLflow's own client reads: $MLFLOW_TRACKING_USERNAME and _PASSWORD, else the file
/// ~/.mlflow/credentials, $MLFLOW_TRACKING_TOKEN, $MLFLOW_TRACKING_SERVER_CERT_PATH and
/// $MLFLOW_TRACKING_INSECURE_TLS.
/// Source   names and order as in mlflow 3.17.2.
Credentials credentials_of_environment();

/// Give the value of an Authorization header; "" where there is nothing to say.
std::string authorization(const Credentials& credentials);

}  // namespace slipway::client
