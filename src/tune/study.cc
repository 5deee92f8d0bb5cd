#include "tune/study.h"

#include <cmath>

namespace slipway::tune {

Result<Study> Study::make(Space space, StudyOptions options) {
  const auto require = [](bool holds, std::string_view what, int64_t value) -> Result<void> {
    if (holds) return {};
    return fail(Code::invalid_parameter_value, "{}, not {}", what, value);
  };
  TRY(require(options.max_trials > 0, "max_trials must be above 0", options.max_trials));
  TRY(require(options.parallelism > 0, "parallelism must be above 0", options.parallelism));
  TRY(require(options.patience_trials >= 0, "patience must be 0 (off) or above",
              options.patience_trials));
  Study study(std::make_unique<const Space>(std::move(space)), std::move(options));
  for (const auto& params : study.options_.first_points) {
    Point point = TRY(study.space_->point(params));
    study.first_points_.push_back(std::move(point));
  }
  study.sampler_ = TRY(make_sampler(study.options_.algorithm, *study.space_, study.options_.seed));
  return study;
}

std::optional<Study::Proposal> Study::ask() {
  const auto given_out = [&](int64_t number) {
    return number < static_cast<int64_t>(trials_.size()) &&
           trials_[static_cast<size_t>(number)].state != TrialState::waiting;
  };
  while (given_out(next_)) ++next_;
  if (stopped_ || next_ >= options_.max_trials) return std::nullopt;
  const int64_t n_visible = std::max<int64_t>(next_ - options_.parallelism + 1, 0);
  if (n_visible > n_known_) return std::nullopt;
  if (out_of_patience(n_visible)) {
    stopped_ = true;
    return std::nullopt;
  }
  Trial& trial = slot(next_);
  const auto index = static_cast<size_t>(next_);
  trial.point = index < first_points_.size()
                    ? first_points_[index]
                    : sampler_->propose(next_, {trials_.data(), static_cast<size_t>(n_visible)});
  trial.params = space_->params(trial.point);
  // as restore() would have it, so that a resumed study goes on to the last bit as this one
  trial.point = space_->point(trial.params).value();
  trial.state = TrialState::running;
  ++n_running_;
  return Proposal{trial.number, trial.params};
}

Result<void> Study::tell(int64_t number, Outcome outcome) {
  const bool known = number >= 0 && number < static_cast<int64_t>(trials_.size()) &&
                     trials_[static_cast<size_t>(number)].state != TrialState::waiting;
  if (!known) return fail(Code::resource_does_not_exist, "trial {} was not given out", number);
  Trial& trial = trials_[static_cast<size_t>(number)];
  if (trial.state != TrialState::running) {
    return fail(Code::invalid_state, "trial {} has its result already", number);
  }
  --n_running_;
  settle(trial, std::move(outcome));
  return {};
}

Result<void> Study::restore(int64_t number, const JsonObject& params, Outcome outcome) {
  if (number < 0 || number >= options_.max_trials) {
    return fail(Code::invalid_parameter_value, "trial {} is not from 0 to {}", number,
                options_.max_trials - 1);
  }
  Point point = TRY(space_->point(params));
  Trial& trial = slot(number);
  if (trial.state != TrialState::waiting) {
    return fail(Code::invalid_parameter_value, "trial {} is there already", number);
  }
  trial.point = std::move(point);
  trial.params = params;
  settle(trial, std::move(outcome));
  return {};
}

bool Study::done() const {
  if (n_running_ > 0) return false;
  return stopped_ || n_known_ >= options_.max_trials || out_of_patience(n_known_);
}

const Trial* Study::best() const {
  const Trial* best = nullptr;
  for (const auto& trial : trials_) {
    if (trial.state == TrialState::finished && (!best || trial.loss < best->loss)) best = &trial;
  }
  return best;
}

Trial& Study::slot(int64_t number) {
  while (static_cast<int64_t>(trials_.size()) <= number) {
    const auto next = static_cast<int64_t>(trials_.size());
    trials_.emplace_back().number = next;
  }
  return trials_[static_cast<size_t>(number)];
}

void Study::settle(Trial& trial, Outcome outcome) {
  trial.message = std::move(outcome.message);
  if (!outcome.finished) {
    trial.state = TrialState::failed;
  } else if (!std::isfinite(outcome.loss)) {
    trial.state = TrialState::not_a_number;
  } else {
    trial.state = TrialState::finished;
    trial.loss = outcome.loss;
  }
  const auto has_result = [&](const Trial& one) {
    return one.state != TrialState::waiting && one.state != TrialState::running;
  };
  while (n_known_ < static_cast<int64_t>(trials_.size()) &&
         has_result(trials_[static_cast<size_t>(n_known_)])) {
    ++n_known_;
  }
}

// Judged by what the next proposal may see, so that it ends at the same trial each time.
bool Study::out_of_patience(int64_t n_visible) const {
  if (options_.patience_trials == 0) return false;
  int64_t best = -1;
  for (int64_t i = 0; i < n_visible; ++i) {
    const Trial& trial = trials_[static_cast<size_t>(i)];
    if (trial.state != TrialState::finished) continue;
    if (best < 0 || trial.loss < trials_[static_cast<size_t>(best)].loss) best = i;
  }
  return best >= 0 && n_visible - 1 - best >= options_.patience_trials;
}

}  // namespace slipway::tune
