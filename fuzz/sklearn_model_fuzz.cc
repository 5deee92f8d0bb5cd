// Any bytes as a pickle or skops file of an estimator: refused, or it scores within bounds.
#include <cstdint>
#include <string_view>
#include <vector>

#include "models/sklearn_flavor.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace slipway;
  const auto model = models::make_sklearn_flavor({reinterpret_cast<const char*>(bytes), size}, {});
  if (!model.ok()) return 0;
  for (const size_t width : {1u, 3u, 5u}) {
    data::Batch rows;
    rows.n_rows = 2;
    for (size_t c = 0; c < width; ++c) {
      rows.columns.push_back(data::float64_column("", {0.5, -1e9}));
    }
    const auto scores = (*model)->predict(rows);
    if (scores.ok() && scores->n_rows != 2) return -1;
  }
  return 0;
}
