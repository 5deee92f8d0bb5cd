#include "cli/place.h"

namespace slipway::cli {

void PlaceFlags::declare(Flags& flags) {
  flags.text(data_dir, "--data-dir", "In this folder instead, whose server does not run");
  flags.text(database, "--db", "With --data-dir: the server's --db, where it has one");
  flags.server(address);
}

Result<client::Server> PlaceFlags::server() const { return client::Server::at(address); }

Result<std::unique_ptr<store::Store>> PlaceFlags::store() const {
  return store::Store::open(data_dir, database);
}

}  // namespace slipway::cli
