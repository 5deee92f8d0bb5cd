// cli/place.h — where a command works: on a server, or in the data folder of one that does not run.
#pragma once
#include <memory>
#include <string>

#include "cli/flags.h"
#include "client/server.h"
#include "store/store.h"

namespace slipway::cli {

struct PlaceFlags {
  std::string address;
  std::string data_dir;
  std::string database;

  /// Declare --data-dir, --db and --server.
  void declare(Flags& flags);

  bool in_folder() const { return !data_dir.empty(); }
  /// Errors as client::Server::at.
  Result<client::Server> server() const;
  /// Errors as store::Store::open.
  Result<std::unique_ptr<store::Store>> store() const;
};

}  // namespace slipway::cli
