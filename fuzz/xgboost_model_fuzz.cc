// Any bytes as an XGBoost model: refused, or it predicts within bounds.
#include <cstdint>
#include <string_view>
#include <vector>

#include "models/xgboost_model.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using slipway::models::XgboostModel;
  const auto model = XgboostModel::parse({reinterpret_cast<const char*>(bytes), size});
  if (!model.ok() || model->n_features() > 1000) return 0;
  const std::vector<float> rows(model->n_features() * 70, 0.5f);  // more than go by one row alone
  const auto one = model->predict({rows.data(), 1, model->n_features()});
  const auto many = model->predict({rows.data(), 70, model->n_features()});
  return one.ok() && many.ok() ? 0 : -1;
}
