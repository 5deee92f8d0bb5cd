#include "models/spark_flavor.h"

#include <algorithm>
#include <set>

#include "models/spark/stage.h"

namespace slipway::models {

using spark::Frame;
using spark::Stage;
using spark::Vectors;
using spark::Words;

struct SparkPipeline::Parts {
  std::vector<Stage> stages;
  std::vector<uint8_t> needed;  // of each stage, whether predict() needs it
  std::set<std::string> inputs;
};

namespace {

constexpr std::string_view kPrediction = "prediction";

bool writes(const Stage& stage, std::string_view column) {
  return std::ranges::find(stage.writes, column) != stage.writes.end();
}

// MLflow calls the last stage's output `prediction` where no stage makes such a column.
void rename_last(std::vector<Stage>& stages) {
  const std::string name{kPrediction};
  for (const auto& stage : stages) {
    if (writes(stage, name)) return;
  }
  if (stages.empty() || stages.back().writes.size() != 1) return;
  auto& last = stages.back();
  const auto from = last.writes[0];
  last.writes = {name};
  last.apply = [from, name, apply = std::move(last.apply)](Frame& frame) -> Result<void> {
    TRY(apply(frame));
    const auto* made = TRY(frame.get(from));
    auto copy = *made;
    frame.set(name, std::move(copy));
    return {};
  };
}

// Lists of numbers come as vectors.
Frame frame_of(const data::Batch& rows) {
  Frame frame(rows.n_rows);
  for (const auto& column : rows.columns) {
    if (column.shape.size() != 1 || !column.is_numeric()) {
      frame.set(column.name, column);
      continue;
    }
    auto flat = column;
    flat.shape.clear();
    flat.valid.clear();
    auto vectors = Vectors::dense(rows.n_rows, column.shape[0]);
    for (size_t i = 0; i < vectors.values.size(); ++i) vectors.values[i] = flat.number_at(i);
    frame.set(column.name, std::move(vectors));
  }
  return frame;
}

// A signature of vectors says nothing that the stages do not check themselves.
Result<Signature> signature_of(std::string_view inputs, std::string_view outputs) {
  const auto has_vectors = [](std::string_view text) {
    return text.find("\"sparkml_vector\"") != text.npos || text.find("\"array\"") != text.npos;
  };
  return parse_signature(has_vectors(inputs) ? "" : inputs, has_vectors(outputs) ? "" : outputs);
}

// A column as the model's answer: unnamed columns, one for each place of a vector.
Result<data::Batch> answer_of(const spark::FrameColumn& column) {
  data::Batch out;
  if (const auto* cells = std::get_if<data::Column>(&column.cells)) {
    out.n_rows = cells->size();
    out.columns.push_back(*cells);
    out.columns[0].name.clear();
    return out;
  }
  if (std::holds_alternative<Words>(column.cells)) {
    return fail(Code::not_implemented, "the pipeline's prediction is a list of words");
  }
  const auto dense = TRY(std::get<Vectors>(column.cells).to_dense());
  out.n_rows = dense.n_rows;
  for (size_t c = 0; c < dense.size; ++c) {
    std::vector<double> values(dense.n_rows);
    for (size_t i = 0; i < dense.n_rows; ++i) values[i] = dense.row(i)[c];
    out.columns.push_back(data::float64_column("", std::move(values)));
  }
  return out;
}

class SparkFlavor : public Model {
 public:
  SparkFlavor(SparkPipeline pipeline, Signature signature, std::string input_example)
      : pipeline_(std::move(pipeline)),
        signature_(std::move(signature)),
        input_example_(std::move(input_example)) {}

  const Signature& signature() const override { return signature_; }
  const std::string& input_example() const override { return input_example_; }

  Result<data::Batch> predict(const data::Batch& rows) const override {
    if (signature_.inputs.empty()) {
      const auto column = TRY(pipeline_.predict(rows));
      return answer_of(column);
    }
    const auto ready = TRY(enforce(signature_, rows));
    const auto column = TRY(pipeline_.predict(ready));
    return answer_of(column);
  }

 private:
  SparkPipeline pipeline_;
  Signature signature_;
  std::string input_example_;
};

}  // namespace

SparkPipeline::SparkPipeline(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
SparkPipeline::~SparkPipeline() = default;
SparkPipeline::SparkPipeline(SparkPipeline&&) noexcept = default;
SparkPipeline& SparkPipeline::operator=(SparkPipeline&&) noexcept = default;

Result<SparkPipeline> SparkPipeline::load(const spark::Files& files) {
  size_t n_bytes = 0;
  for (const auto& [path, bytes] : files) n_bytes += bytes.size();
  spark::Allowance allowance{8 * n_bytes + (size_t{1} << 24)};
  const auto saved = TRY(spark::Saved::open(files, "", allowance));
  auto parts = std::make_unique<Parts>();
  parts->stages = TRY(spark::make_stages(saved));
  rename_last(parts->stages);
  const auto& stages = parts->stages;
  parts->needed.assign(stages.size(), 0);
  std::set<std::string> wanted{std::string(kPrediction)};
  for (size_t i = stages.size(); i-- > 0;) {
    const bool makes = std::ranges::any_of(
        stages[i].writes, [&](const std::string& name) { return wanted.contains(name); });
    if (!makes && !stages[i].drops_rows) continue;
    parts->needed[i] = 1;
    for (const auto& name : stages[i].writes) wanted.erase(name);
    wanted.insert(stages[i].reads.begin(), stages[i].reads.end());
  }
  parts->inputs = std::move(wanted);
  return SparkPipeline(std::move(parts));
}

Result<Frame> SparkPipeline::transform(const data::Batch& rows) const {
  auto frame = frame_of(rows);
  TRY(transform(frame));
  return frame;
}

Result<void> SparkPipeline::transform(Frame& frame) const {
  for (const auto& stage : parts_->stages) TRY(stage.apply(frame));
  return {};
}

Result<spark::FrameColumn> SparkPipeline::predict(const data::Batch& rows) const {
  auto frame = frame_of(rows);
  for (size_t i = 0; i < parts_->stages.size(); ++i) {
    if (parts_->needed[i] != 0) TRY(parts_->stages[i].apply(frame));
  }
  const auto* made = TRY(frame.get(std::string(kPrediction)));
  return *made;
}

std::vector<std::string> SparkPipeline::inputs() const {
  return {parts_->inputs.begin(), parts_->inputs.end()};
}

Result<std::unique_ptr<Model>> make_spark_flavor(const spark::Files& files, const Mlmodel& mlmodel,
                                                 std::string input_example) {
  auto signature = TRY(signature_of(mlmodel.signature_inputs, mlmodel.signature_outputs));
  auto pipeline = TRY(SparkPipeline::load(files));
  return std::unique_ptr<Model>(std::make_unique<SparkFlavor>(
      std::move(pipeline), std::move(signature), std::move(input_example)));
}

}  // namespace slipway::models
