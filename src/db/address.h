// db/address.h — where a database is: a file, or a PostgreSQL server.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway::db {

/// A file of SQLite's, or a server's `postgresql://` URI. It may hold a password: print shown().
class Address {
 public:
  Address(std::filesystem::path file) : file_(std::move(file)) {}

  /// Read a URI, `postgresql://user@host:5432/name?sslmode=require` and whatever else libpq knows.
  /// Errors   invalid_parameter_value: it is none; the message does not repeat it.
  static Result<Address> server(std::string_view uri);

  bool is_server() const { return !uri_.empty(); }
  const std::filesystem::path& file() const { return file_; }
  /// The whole URI, for the library that connects alone.
  const std::string& uri() const { return uri_; }
  /// The file's path, or the URI's user, host, port and name; never a password.
  const std::string& shown() const { return is_server() ? shown_ : file_.native(); }

 private:
  Address(std::string uri, std::string shown) : uri_(std::move(uri)), shown_(std::move(shown)) {}

  std::filesystem::path file_;
  std::string uri_;
  std::string shown_;
};

/// Tell whether a text is meant as a server's URI: it begins with `postgresql://` or `postgres://`.
bool names_a_server(std::string_view text);

}  // namespace slipway::db
