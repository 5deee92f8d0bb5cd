// api/principal.h — who makes a request, and what they may do.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "store/permission.h"

namespace slipway::api {

/// Who makes a request. On a server without users everyone may do everything.
struct Principal {
  std::string user_id;                          // the user's name; empty: anonymous
  std::string token_id;                         // of the token shown; empty: none
  std::shared_ptr<const store::Rights> rights;  // null on a server without users

  bool is_admin() const { return !rights || rights->is_admin(); }
  bool manages_roles() const { return !rights || rights->manages_roles(); }
  store::Permission on(store::Resource resource, std::string_view id) const {
    return rights ? rights->on(resource, id) : store::Permission::manage;
  }
  store::Readable readable(store::Resource resource) const {
    return rights ? rights->readable(resource) : store::Readable{true, {}};
  }
};

}  // namespace slipway::api
