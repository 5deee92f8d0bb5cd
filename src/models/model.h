// models/model.h — a loaded model: columns in, columns out.
#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/column.h"
#include "models/signature.h"

namespace slipway::models {

/// The answer to a scoring request, as a model wrote it.
struct WrittenScores {
  std::string text;  // JSON
  size_t n_rows = 0;
};

/// A model ready to score. Immutable once loaded, so any number of threads may call predict().
class Model {
 public:
  virtual ~Model() = default;

  /// Score a batch of rows.
  ///
  /// rows     columns by name; those of the signature must be there, others are ignored. Numbers
  /// may
  ///          come in any numeric type that the signature's type holds exactly.
  /// Returns  one column for each output of the signature, n_rows long.
  /// Errors   invalid_parameter_value: a column is missing or has the wrong type; the message names
  ///          the column, and the row and value where there is one.
  /// Source   "Predict" in docs/FORMATS.md.
  virtual Result<data::Batch> predict(const data::Batch& rows) const = 0;

  /// As predict(), with what the request says beside its rows: checked by enforce_params(). Most
  /// flavours take none.
  virtual Result<data::Batch> predict_with(const data::Batch& rows,
                                           const JsonObject& /*params*/) const {
    return predict(rows);
  }

  /// Answer a scoring request from its bytes: only by a model that reads requests itself, as one in
  /// a worker process does; nothing for all others. Errors as predict(), and those of the worker.
  virtual std::optional<Result<WrittenScores>> score_body(
      [[maybe_unused]] std::string_view body,
      [[maybe_unused]] std::string_view content_type) const {
    return std::nullopt;
  }

  virtual const Signature& signature() const = 0;

  /// Tell whether a row's scores do not depend on the rows beside it, so that many may be scored a
  /// slice at a time.
  virtual bool scores_rows_alone() const { return true; }

  /// Tell whether predict() gives a matrix: an answer's rows are then lists, also of one column.
  virtual bool predicts_matrix() const { return false; }

  /// Tell whether an answer is a list for each output, not a row for each row: MLflow's answer to
  /// tensors where its pyfunc gives a dict of arrays.
  virtual bool predicts_columns() const { return false; }

  /// The logged input example as the JSON it was saved in ("" where there is none).
  virtual const std::string& input_example() const = 0;
};

/// What loading a model may take.
struct LoadOptions {
  /// Whether engines that we did not write may run in this process.
  enum class Engines { refused, here } engines = Engines::refused;
  /// Of ONNX Runtime, the preferred first, such as "cuda"; empty: what the MLmodel says. Where
  /// there are some, ONNX Runtime scores every ONNX model.
  std::vector<std::string> providers = {};
};

/// Load the model whose MLmodel file lies in `dir`, by the first flavour in flavors.cc that it
/// names. Errors   resource_does_not_exist: no MLmodel there; not_implemented: none of its flavours
/// is ours;
///          invalid_parameter_value: a file of it is damaged; the message says which and where.
Result<std::unique_ptr<Model>> load(const std::filesystem::path& dir,
                                    const LoadOptions& options = {});

}  // namespace slipway::models
