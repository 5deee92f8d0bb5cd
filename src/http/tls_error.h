// http/tls_error.h — what OpenSSL says went wrong last, as text.
#pragma once
#include <string>

namespace slipway::http {

/// Give this thread's last OpenSSL error and forget it with all before, such as "wrong version
/// number"; "the connection ended" where there is none.
std::string tls_failure();

}  // namespace slipway::http
