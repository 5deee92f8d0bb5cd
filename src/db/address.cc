#include "db/address.h"

#include <memory>

#include "db/libpq.h"

namespace slipway::db {

bool names_a_server(std::string_view text) {
  return text.starts_with("postgresql://") || text.starts_with("postgres://");
}

Result<Address> Address::server(std::string_view uri) {
  const std::string text(uri);
  if (names_a_server(uri)) TRY(load_libpq());
  const auto free = [](PQconninfoOption* options) { libpq().PQconninfoFree(options); };
  const std::unique_ptr<PQconninfoOption, decltype(free)> options(
      names_a_server(uri) ? libpq().PQconninfoParse(text.c_str(), nullptr) : nullptr);
  if (!options) {
    return fail(
        Code::invalid_parameter_value,
        "the database's address cannot be read; accepted: embedded (in the data folder), or "
        "postgresql://user@host:5432/name with %XX for special characters");
  }
  std::string user;
  std::string host;
  std::string name;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val == nullptr || *option->val == '\0') continue;
    const std::string_view keyword = option->keyword;
    if (keyword == "user") user = std::string(option->val) + "@";
    if (keyword == "host") host = option->val + host;  // comes before its port
    if (keyword == "port") host += std::string(":") + option->val;
    if (keyword == "dbname") name = option->val;
  }
  return Address(text, "postgresql://" + user + host + "/" + name);
}

}  // namespace slipway::db
