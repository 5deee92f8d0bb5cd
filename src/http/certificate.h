// http/certificate.h — the certificate that a server shows, read anew when its files change.
#pragma once
#include <boost/asio/ssl/context.hpp>
#include <chrono>
#include <filesystem>
#include <memory>

#include "base/result.h"

namespace slipway::http {

/// A certificate chain and its key, both PEM files. TLS 1.2 and later. Not for several threads.
class Certificate {
 public:
  using Context = std::shared_ptr<boost::asio::ssl::context>;

  /// Errors   invalid_parameter_value: a file cannot be read, is no PEM, is encrypted, or the two
  /// do
  ///          not belong together; the message names the file.
  static Result<std::unique_ptr<Certificate>> load(std::filesystem::path certificate_file,
                                                   std::filesystem::path key_file);

  /// Give what new connections are to use. The files are looked at once a second at most; ones that
  /// are not good (half written, say) are logged, and the last good pair stays in use.
  const Context& current();

 private:
  using FileTimes = std::pair<std::filesystem::file_time_type, std::filesystem::file_time_type>;

  Certificate(std::filesystem::path certificate_file, std::filesystem::path key_file)
      : certificate_file_(std::move(certificate_file)), key_file_(std::move(key_file)) {}
  FileTimes file_times() const;
  Result<Context> read() const;

  const std::filesystem::path certificate_file_;
  const std::filesystem::path key_file_;
  Context context_;
  FileTimes read_at_;
  std::chrono::steady_clock::time_point looked_at_;
};

}  // namespace slipway::http
