// models/spark/stage.h — one stage of a Spark ML pipeline, rebuilt from what was saved.
#pragma once
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "models/spark/frame.h"
#include "models/spark/saved.h"

namespace slipway::models::spark {

/// Reads columns of a frame and adds others. Immutable; any number of threads may apply it.
struct Stage {
  std::string name;                // of its class
  std::vector<std::string> reads;  // names of columns; such as are not there may be passed over
  std::vector<std::string> writes;
  bool drops_rows = false;  // or columns
  /// Errors   invalid_parameter_value: a value that Spark refuses too, or a missing column.
  std::function<Result<void>(Frame&)> apply;
};

/// One class that is read, by its name without the package.
struct StageRow {
  std::string_view name;
  Result<Stage> (*make)(const Saved& saved);
};

/// Rebuild a stage.
/// Errors   not_implemented: a class or a setting of it that is not evaluated, named;
///          invalid_parameter_value: damaged, or sizes that do not fit each other.
Result<Stage> make_stage(const Saved& saved);

/// Rebuild the stages of a PipelineModel, pipelines in it taken apart; of any other, that stage.
/// Errors   as make_stage().
Result<std::vector<Stage>> make_stages(const Saved& saved);

/// Put several stages one after another.
Stage joined(std::string name, std::vector<Stage> stages);

/// What a column pair is called: inputCol and outputCol, or inputCols and outputCols.
struct Columns {
  std::vector<std::string> in;
  std::vector<std::string> out;
};
/// Errors   invalid_parameter_value: none, or of unequal number.
Result<Columns> columns_of(const Saved& saved);

/// A stage of one column of vectors in and one out.
/// size     how long its vectors are; 0 where any are taken.
Result<Stage> vector_stage(const Saved& saved, size_t size,
                           std::function<Result<Vectors>(const Vectors&)> transform);

enum class Invalid { error, skip, keep };
/// Of handleInvalid. Errors   not_implemented: another one, named.
Result<Invalid> invalid_of(const Saved& saved);

/// Each family's classes.
std::span<const StageRow> classifier_rows();
std::span<const StageRow> cluster_rows();
std::span<const StageRow> encoder_rows();
std::span<const StageRow> formula_rows();
std::span<const StageRow> regressor_rows();
std::span<const StageRow> scaling_rows();
std::span<const StageRow> text_rows();
std::span<const StageRow> tree_rows();
std::span<const StageRow> vector_rows();
std::span<const StageRow> wrapper_rows();

}  // namespace slipway::models::spark
