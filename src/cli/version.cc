#include "cli/command_list.h"

namespace slipway::cli {

Result<int> version(Invocation& call) {
  Format format = Format::table;
  Flags flags(call);
  flags.format(format);
  TRY(flags.parse());
  if (format == Format::json) {
    JsonObject json;
    json["slipway"] = SLIPWAY_VERSION;
    json["mlflow_rest"] = "3.17.2";
    print(Json(std::move(json)));
    return 0;
  }
  print_line(fmt::format("slipway {} (speaks MLflow 3.17.2's REST)", SLIPWAY_VERSION));
  return 0;
}

}  // namespace slipway::cli
