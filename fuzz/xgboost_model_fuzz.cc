// Any bytes as an XGBoost model: refused, or it predicts within bounds.
#include <cstdint>
#include <string_view>
#include <vector>

#include "models/xgboost_model.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using slipway::models::XgboostModel;
  const auto model = XgboostModel::parse({reinterpret_cast<const char*>(bytes), size});
  if (!model.ok() || model->n_features() > 1000) return 0;
  const std::vector<float> row(model->n_features(), 0.5f);
  const auto scores = model->predict({row.data(), 1, row.size()});
  return scores.ok() ? 0 : -1;
}
