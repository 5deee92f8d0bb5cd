#include "http/certificate.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/log.h"
#include "http/tls_error.h"

namespace slipway::http {
namespace {

namespace ssl = boost::asio::ssl;

constexpr std::chrono::seconds kLookEvery{1};

Error unusable(std::string_view what, const std::filesystem::path& file) {
  return fail(Code::invalid_parameter_value, "cannot use the {} '{}': {}", what, file.string(),
              tls_failure());
}

// A program without a terminal must not ask for the password of a key.
int no_password(char*, int, int, void*) { return 0; }

}  // namespace

Result<std::unique_ptr<Certificate>> Certificate::load(std::filesystem::path certificate_file,
                                                       std::filesystem::path key_file) {
  std::unique_ptr<Certificate> made(
      new Certificate(std::move(certificate_file), std::move(key_file)));
  made->read_at_ = made->file_times();
  made->looked_at_ = std::chrono::steady_clock::now();
  made->context_ = TRY(made->read());
  return made;
}

Certificate::FileTimes Certificate::file_times() const {
  std::error_code ignored;
  return {std::filesystem::last_write_time(certificate_file_, ignored),
          std::filesystem::last_write_time(key_file_, ignored)};
}

Result<Certificate::Context> Certificate::read() const {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  SSL_CTX* native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(
      native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_default_passwd_cb(native, no_password);
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(native, certificate_file_.c_str()) != 1) {
    return unusable("certificate", certificate_file_);
  }
  if (SSL_CTX_use_PrivateKey_file(native, key_file_.c_str(), SSL_FILETYPE_PEM) != 1) {
    return unusable("key", key_file_);
  }
  if (SSL_CTX_check_private_key(native) != 1) return unusable("key", key_file_);
  return context;
}

const Certificate::Context& Certificate::current() {
  const auto now = std::chrono::steady_clock::now();
  if (now - looked_at_ < kLookEvery) return context_;
  looked_at_ = now;
  const auto times = file_times();
  if (times == read_at_) return context_;
  read_at_ = times;
  auto fresh = read();
  if (fresh.ok()) {
    context_ = *std::move(fresh);
    log(Level::info, "the certificate '{}' was read anew", certificate_file_.string());
  } else {
    log(Level::error, "{}; the one from before stays in use", fresh.error().message);
  }
  return context_;
}

}  // namespace slipway::http
