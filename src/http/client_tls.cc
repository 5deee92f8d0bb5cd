#include "http/client_tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <cerrno>

#include "http/tls_error.h"

namespace slipway::http {
namespace {

// OpenSSL's own socket calls would raise SIGPIPE on a lost connection; these do not.
int send_bytes(BIO* bio, const char* bytes, int n_bytes) {
  BIO_clear_retry_flags(bio);
  const int fd = static_cast<int>(reinterpret_cast<intptr_t>(BIO_get_data(bio)));
  const auto n = ::send(fd, bytes, static_cast<size_t>(n_bytes), MSG_NOSIGNAL);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
  return static_cast<int>(n);
}

int receive_bytes(BIO* bio, char* bytes, int n_bytes) {
  BIO_clear_retry_flags(bio);
  const int fd = static_cast<int>(reinterpret_cast<intptr_t>(BIO_get_data(bio)));
  const auto n = ::recv(fd, bytes, static_cast<size_t>(n_bytes), 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
  if (n == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(n);
}

long control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD* make_socket_method() {
  BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
  BIO_meth_set_write(method, send_bytes);
  BIO_meth_set_read(method, receive_bytes);
  BIO_meth_set_ctrl(method, control);
  return method;
}

const BIO_METHOD* socket_method() {
  static const std::unique_ptr<BIO_METHOD, decltype(&BIO_meth_free)> method(make_socket_method(),
                                                                            BIO_meth_free);
  return method.get();
}

bool is_address(const std::string& host) {
  in6_addr bytes{};
  return inet_pton(AF_INET, host.c_str(), &bytes) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &bytes) == 1;
}

}  // namespace

void FreeSession::operator()(ssl_st* session) const { SSL_free(session); }
void FreeAuthorities::operator()(ssl_ctx_st* authorities) const { SSL_CTX_free(authorities); }

std::string tls_failure() {
  const auto code = ERR_peek_last_error();
  ERR_clear_error();
  if (code == 0) return "the connection ended";
  const char* reason = ERR_reason_error_string(code);
  return reason ? reason : "error " + std::to_string(code);
}

Result<Authorities> load_authorities(const Trust& trust) {
  Authorities authorities(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_min_proto_version(authorities.get(), TLS1_2_VERSION);
  SSL_CTX_set_mode(authorities.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (trust.check == Trust::Check::nothing) return authorities;
  SSL_CTX_set_verify(authorities.get(), SSL_VERIFY_PEER, nullptr);
  if (trust.authorities.empty()) {
    SSL_CTX_set_default_verify_paths(authorities.get());
    return authorities;
  }
  ERR_clear_error();
  const auto path = trust.authorities.string();
  const bool is_folder = std::filesystem::is_directory(trust.authorities);
  if (SSL_CTX_load_verify_locations(authorities.get(), is_folder ? nullptr : path.c_str(),
                                    is_folder ? path.c_str() : nullptr) != 1) {
    return fail(Code::invalid_parameter_value,
                "cannot read certificates of authorities from '{}': {}", path, tls_failure());
  }
  return authorities;
}

Result<TlsSession> begin_tls(const Authorities& authorities, const std::string& host, int fd) {
  TlsSession session(SSL_new(authorities.get()));
  BIO* bio = BIO_new(socket_method());
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<intptr_t>(fd)));
  BIO_set_init(bio, 1);
  SSL_set_bio(session.get(), bio, bio);
  SSL_set_connect_state(session.get());
  bool named = false;
  if (is_address(host)) {
    named = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session.get()), host.c_str()) == 1;
  } else {
    SSL_set_hostflags(session.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    named = SSL_set1_host(session.get(), host.c_str()) == 1 &&
            SSL_set_tlsext_host_name(session.get(), host.c_str()) == 1;
  }
  if (!named) {
    return fail(Code::invalid_parameter_value, "'{}' is no name that a certificate can have", host);
  }
  return session;
}

std::string handshake_failure(const TlsSession& session) {
  const long verdict = SSL_get_verify_result(session.get());
  if (verdict == X509_V_OK) return tls_failure();
  ERR_clear_error();
  return std::string("its certificate is refused, ") + X509_verify_cert_error_string(verdict) +
         "; name the certificate of its authority with MLFLOW_TRACKING_SERVER_CERT_PATH";
}

}  // namespace slipway::http
