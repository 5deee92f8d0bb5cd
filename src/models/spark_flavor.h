// models/spark_flavor.h — a Spark ML pipeline as mlflow.spark.log_model writes it, scored here.
#pragma once
#include <memory>
#include <string>

#include "models/mlmodel.h"
#include "models/model.h"
#include "models/spark/frame.h"
#include "models/spark/saved.h"

namespace slipway::models {

/// The stages of a pipeline that Spark ML saved. Immutable; any number of threads may use it.
class SparkPipeline {
 public:
  /// files    of the folder that PipelineModel.save() wrote, by their paths in it.
  /// Errors   not_implemented: a stage or a setting that is not evaluated, named;
  ///          invalid_parameter_value: a damaged file.
  /// Source   Spark 4.3.0, tests/spark; Spark 2 and 3 where their files differ, by their source.
  static Result<SparkPipeline> load(const spark::Files& files);
  ~SparkPipeline();
  SparkPipeline(SparkPipeline&&) noexcept;
  SparkPipeline& operator=(SparkPipeline&&) noexcept;

  /// Apply all stages: their columns are put beside those of `rows`.
  Result<spark::Frame> transform(const data::Batch& rows) const;
  Result<void> transform(spark::Frame& frame) const;
  /// Give the column `prediction`, as MLflow's pyfunc does; stages that it does not need are left
  /// out, as Spark leaves them out. Rows that a stage skips are missing.
  Result<spark::FrameColumn> predict(const data::Batch& rows) const;

  /// Names of the columns that predict() needs.
  std::vector<std::string> inputs() const;

 private:
  struct Parts;
  explicit SparkPipeline(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

/// Make a Model of a pipeline. It gives the column `prediction`; numbers and texts as one column
/// without a name, a vector as a list.
///
/// mlmodel  its signature; one of vectors is taken for none, as rows are then checked by the
/// stages.
Result<std::unique_ptr<Model>> make_spark_flavor(const spark::Files& files, const Mlmodel& mlmodel,
                                                 std::string input_example);

}  // namespace slipway::models
