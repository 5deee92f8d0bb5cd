// Stages around others: the models of searches; RFormula and what its pipelines hold.
#include "models/spark/stage.h"

namespace slipway::models::spark {
namespace {

Result<Stage> best_of_search(const Saved& saved) {
  auto& allowance = saved.allowance();
  TRY(saved.require(allowance.depth < 16, "searches within searches"));
  ++allowance.depth;
  const auto inner = TRY(saved.open_inner("bestModel"));
  auto stage = make_stage(inner);
  --allowance.depth;
  return stage;
}

Result<Stage> pruner(const Saved& saved) {
  const auto table = TRY(saved.table());
  const auto names = TRY(texts_of(table, "columnsToPrune", 0));
  Stage stage{"ColumnPruner", {}, {}, true, {}};
  stage.apply = [names](Frame& frame) -> Result<void> {
    for (const auto& name : names) frame.erase(name);
    return {};
  };
  return stage;
}

Result<Stage> rewriter(const Saved&) {
  Stage stage{"VectorAttributeRewriter", {}, {}, false, {}};
  stage.apply = [](Frame&) -> Result<void> { return {}; };
  return stage;
}

// The label is made a number where its column is there and the pipeline made none of it.
Result<Stage> formula(const Saved& saved) {
  const auto table = TRY(saved.table());
  const auto* column = TRY(column_of(table, "label"));
  const bool fits =
      column->kind == Table::Kind::values && column->n_rows >= 1 && !column->values.is_numeric();
  TRY(saved.require(fits, "its label is no text"));
  const std::string label{column->values.strings()[0]};
  const auto out = saved.text_or("labelCol", "label");
  const auto inner = TRY(saved.open_inner("pipelineModel"));
  auto stages = TRY(make_stages(inner));
  Stage last{"label", {}, {out}, false, {}};
  last.apply = [label, out](Frame& frame) -> Result<void> {
    if (label.empty() || frame.find(label) == nullptr || frame.find(out) != nullptr) return {};
    auto numbers = TRY(frame.numbers(label));
    frame.set_numbers(out, std::move(numbers));
    return {};
  };
  stages.push_back(std::move(last));
  return joined("RFormulaModel", std::move(stages));
}

constexpr StageRow kWrappers[] = {
    {"CrossValidatorModel", best_of_search},
    {"TrainValidationSplitModel", best_of_search},
};

constexpr StageRow kFormulas[] = {
    {"RFormulaModel", formula},
    {"ColumnPruner", pruner},
    {"VectorAttributeRewriter", rewriter},
};

}  // namespace

std::span<const StageRow> wrapper_rows() { return kWrappers; }

std::span<const StageRow> formula_rows() { return kFormulas; }

}  // namespace slipway::models::spark
