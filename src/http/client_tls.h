// http/client_tls.h — TLS on the client's side of a connection that is read and written by polls.
#pragma once
#include <filesystem>
#include <memory>
#include <string>

#include "base/result.h"
#include "http/client.h"

struct ssl_ctx_st;
struct ssl_st;

namespace slipway::http {

struct FreeSession {
  void operator()(ssl_st* session) const;
};
struct FreeAuthorities {
  void operator()(ssl_ctx_st* authorities) const;
};

/// Whom a client believes. TLS 1.2 and later.
using Authorities = std::unique_ptr<ssl_ctx_st, FreeAuthorities>;
/// One connection under TLS.
using TlsSession = std::unique_ptr<ssl_st, FreeSession>;

/// Read the certificates that `trust` names, else this machine's.
/// Errors   invalid_parameter_value: the file or folder has no certificate that can be read.
Result<Authorities> load_authorities(const Trust& trust);

/// Begin TLS over the connected, non-blocking socket `fd`, which stays the caller's. The name that
/// the other side must prove is `host`, a name or an address.
Result<TlsSession> begin_tls(const Authorities& authorities, const std::string& host, int fd);

/// Say why a handshake failed, with the reason the certificate was refused for, and what to do.
std::string handshake_failure(const TlsSession& session);

}  // namespace slipway::http
