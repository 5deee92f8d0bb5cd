// Any bytes as a CatBoost model: refused, or it scores within bounds.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <vector>

#include "models/catboost_model.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace slipway;
  const auto model = models::CatboostModel::parse({reinterpret_cast<const char*>(bytes), size});
  if (!model.ok()) return 0;
  const auto numbers = data::float64_column("", {0.5, -1e9, std::nan("")});
  const auto texts = data::string_column("", {"Oslo", "", "a longer text than seventeen"});
  std::vector<const data::Column*> columns;
  for (const bool is_category : model->is_category()) {
    columns.push_back(is_category ? &texts : &numbers);
  }
  const auto scores = model->predict(columns, 3);
  if (scores.ok() && scores->size() != 3 * model->n_outputs()) return -1;
  const bool plain = std::ranges::none_of(model->is_category(), [](bool c) { return c; });
  if (!plain || columns.size() > 1000) return 0;
  const std::vector<float> rows(9 * columns.size(), 0.25f);
  return model->predict(rows.data(), 9).size() == 9 * model->n_outputs() ? 0 : -1;
}
