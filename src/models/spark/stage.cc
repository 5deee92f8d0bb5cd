#include "models/spark/stage.h"

#include <algorithm>

namespace slipway::models::spark {
namespace {

// Scala's class, or Python's where a stage in it is Python's.
bool is_pipeline(const Saved& saved) {
  const auto& name = saved.class_name();
  return name == "org.apache.spark.ml.PipelineModel" || name == "pyspark.ml.pipeline.PipelineModel";
}

constexpr size_t kMaxDepth = 16;

constexpr std::span<const StageRow> (*kFamilies[])() = {
    classifier_rows, cluster_rows, encoder_rows, formula_rows, regressor_rows,
    scaling_rows,    text_rows,    tree_rows,    vector_rows,  wrapper_rows,
};

Result<std::vector<Stage>> stages_of_pipeline(const Saved& saved) {
  const auto uids = TRY(saved.texts("stageUids"));
  const auto folders = saved.folders_in("stages");
  std::vector<Stage> out;
  for (size_t i = 0; i < uids.size(); ++i) {
    // 00_uid: zeros in front as the number of stages needs them
    const auto folder = std::ranges::find_if(folders, [&](const std::string& name) {
      const auto bar = name.find('_');
      const auto digits = name.substr(0, bar);
      const auto zeros = std::min(digits.find_first_not_of('0'), digits.size() - 1);
      return bar != std::string::npos && !digits.empty() &&
             digits.substr(zeros) == std::to_string(i) && name.substr(bar + 1) == uids[i];
    });
    if (folder == folders.end()) return saved.odd(fmt::format("no folder of stage '{}'", uids[i]));
    const auto inner = TRY(saved.open_inner("stages/" + *folder));
    auto stages = TRY(make_stages(inner));
    for (auto& stage : stages) out.push_back(std::move(stage));
  }
  return out;
}

}  // namespace

Result<Stage> make_stage(const Saved& saved) {
  const auto& name = saved.class_name();
  if (is_pipeline(saved)) {
    auto stages = TRY(make_stages(saved));
    return joined("PipelineModel", std::move(stages));
  }
  if (name.starts_with("org.apache.spark.ml.") || name.starts_with("pyspark.ml.")) {
    for (const auto family : kFamilies) {
      for (const auto& row : family()) {
        if (row.name == saved.name()) return row.make(saved);
      }
    }
  }
  return fail(Code::not_implemented, "{} is not evaluated; docs/models.md lists what is", name);
}

Result<std::vector<Stage>> make_stages(const Saved& saved) {
  auto& allowance = saved.allowance();
  if (allowance.depth >= kMaxDepth) {
    return fail(Code::invalid_parameter_value, "pipelines within pipelines, more than {} deep",
                kMaxDepth);
  }
  ++allowance.depth;
  Result<std::vector<Stage>> out = std::vector<Stage>();
  if (is_pipeline(saved)) {
    out = stages_of_pipeline(saved);
  } else {
    auto stage = make_stage(saved);
    if (stage.ok()) {
      out->push_back(std::move(stage).value());
    } else {
      out = std::move(stage).error();
    }
  }
  --allowance.depth;
  return out;
}

Stage joined(std::string name, std::vector<Stage> stages) {
  Stage out{std::move(name), {}, {}, false, {}};
  for (const auto& stage : stages) {
    for (const auto& column : stage.reads) {
      if (std::ranges::find(out.writes, column) == out.writes.end()) out.reads.push_back(column);
    }
    out.writes.insert(out.writes.end(), stage.writes.begin(), stage.writes.end());
    out.drops_rows = out.drops_rows || stage.drops_rows;
  }
  out.apply = [stages = std::move(stages)](Frame& frame) -> Result<void> {
    for (const auto& stage : stages) TRY(stage.apply(frame));
    return {};
  };
  return out;
}

Result<Columns> columns_of(const Saved& saved) {
  Columns out;
  if (saved.find("inputCols") != nullptr) {
    out.in = TRY(saved.texts("inputCols"));
  } else {
    auto name = TRY(saved.text("inputCol"));
    out.in.push_back(std::move(name));
  }
  if (saved.find_set("outputCols") != nullptr) {
    out.out = TRY(saved.texts("outputCols"));
  } else {
    auto name = TRY(saved.text("outputCol"));
    out.out.push_back(std::move(name));
  }
  TRY(saved.require(out.in.size() == out.out.size(), "as many output as input columns are wanted"));
  return out;
}

Result<Stage> vector_stage(const Saved& saved, size_t size,
                           std::function<Result<Vectors>(const Vectors&)> transform) {
  // selectors call it featuresCol
  auto in = TRY(saved.text(saved.find("inputCol") != nullptr ? "inputCol" : "featuresCol"));
  auto out = TRY(saved.text("outputCol"));
  Stage stage{std::string(saved.name()), {in}, {out}, false, {}};
  stage.apply = [name = stage.name, in, out, size,
                 transform = std::move(transform)](Frame& frame) -> Result<void> {
    const auto* column = TRY(frame.vectors(in));
    if (size != 0) TRY(frame.vectors(in, size, name));
    auto made = TRY(transform(*column));
    frame.set(out, std::move(made));
    return {};
  };
  return stage;
}

Result<Invalid> invalid_of(const Saved& saved) {
  const auto text = saved.text_or("handleInvalid", "error");
  if (text == "error") return Invalid::error;
  if (text == "skip") return Invalid::skip;
  if (text == "keep") return Invalid::keep;
  return saved.unsupported(fmt::format("handleInvalid '{}'", text));
}

}  // namespace slipway::models::spark
