// intake/source.h — what another tracker kept, given out piece by piece.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "store/imports.h"

namespace slipway::intake {

struct SourceModel {
  store::LoggedModel model;
  store::LifecycleStage stage = store::LifecycleStage::active;
};

struct SourceRegisteredModel {
  store::RegisteredModel model;
  std::vector<store::ImportedVersion> versions;
  int64_t last_version = 0;  // the highest number ever given, also to one that was deleted
};

/// A tracker's own store, only ever read. Addresses of artifacts are as it wrote them.
///
/// Each function walks over all there is and hands every object to `each`, whose first error ends
/// the walk and is given back. Errors of their own: data_loss, invalid_parameter_value: the source
/// is damaged or not what it claims; the message names the file or table.
class Source {
 public:
  template <typename T>
  using Each = std::function<Result<void>(T)>;

  virtual ~Source() = default;

  virtual Result<void> experiments(const Each<const store::Experiment&>& each) = 0;
  virtual Result<void> logged_models(const Each<const SourceModel&>& each) = 0;
  /// Runs come in pages of moderate size.
  virtual Result<void> runs(const Each<std::vector<store::ImportedRun>&>& each) = 0;
  /// One run's whole metric history, in pieces.
  virtual Result<void> points(const std::string& run_id,
                              const Each<const std::vector<store::Metric>&>& each) = 0;
  virtual Result<void> registered_models(const Each<const SourceRegisteredModel&>& each) = 0;

  /// How much there is of each kind, counted by the source itself and not by walking as above.
  virtual Result<store::ImportCounts> counts() = 0;
  /// What there is and is not given out, such as traces, and how much of it.
  virtual Result<std::vector<std::pair<std::string, int64_t>>> left_out() = 0;
};

/// Points that are handed on at a time.
constexpr size_t kPointsAtOnce = 20'000;

}  // namespace slipway::intake
