#include "studies/run_study.h"

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "base/text.h"
#include "process/child.h"
#include "process/signals.h"

namespace slipway::studies {
namespace {

using State = TrialReport::State;
constexpr int kPollMs = 100;
constexpr int kGraceMs = 2000;

// What the threads that run trials share.
struct Shared {
  std::mutex mutex;
  std::condition_variable changed;
  tune::Study study;
  StudyReport report;
  std::optional<Error> failure;  // of on_trial
  bool ending = false;
  Stopwatch clock;
};

class Runner {
 public:
  Runner(Shared& shared, const StudyRequest& request, const OnTrial& on_trial)
      : shared_(shared), request_(request), on_trial_(on_trial) {}

  // Take trials until there are no more.
  void work() {
    while (auto proposal = next()) {
      auto report = run(*proposal);
      settle(std::move(report));
    }
  }

 private:
  std::optional<tune::Study::Proposal> next() {
    std::unique_lock lock(shared_.mutex);
    while (true) {
      if (must_end() || shared_.study.done()) return std::nullopt;
      if (auto proposal = shared_.study.ask()) return proposal;
      if (shared_.study.done()) return std::nullopt;
      shared_.changed.wait_for(lock, std::chrono::milliseconds(kPollMs));
    }
  }

  // Called with the lock held.
  bool must_end() {
    if (shared_.ending) return true;
    if (process::interrupted()) {
      shared_.report.ended_by = "interrupt";
    } else if (time_left_ms() <= 0) {
      shared_.report.ended_by = "timeout";
    } else {
      return false;
    }
    return shared_.ending = true;
  }

  int64_t time_left_ms() const {
    if (request_.timeout_ms == 0) return INT64_MAX;
    return request_.timeout_ms - static_cast<int64_t>(shared_.clock.seconds() * 1e3);
  }

  TrialReport run(const tune::Study::Proposal& proposal) {
    TrialReport report;
    report.number = proposal.number;
    report.params = proposal.params;
    report.start_time_ms = now_ms();
    auto answer = ask_child(proposal, report.state);
    report.end_time_ms = now_ms();
    if (!answer.ok()) {
      report.message = answer.error().message;
      return report;
    }
    report.answer = std::move(answer).value();
    report.loss = report.answer.loss;
    report.state = std::isfinite(report.loss) ? State::finished : State::not_a_number;
    if (report.state == State::not_a_number) report.message = "the loss is not a number";
    return report;
  }

  Result<TrialAnswer> ask_child(const tune::Study::Proposal& proposal, State& state) {
    TrialTask task;
    task.matrix_file = request_.matrix_file;
    task.learner = request_.learner;
    task.params = request_.params;
    for (const auto& member : proposal.params) task.params[member.key()] = member.value();
    task.seed = request_.seed;
    task.objective = request_.objective;
    process::Command command;
    command.argv = {request_.program, "trial"};
    command.input = to_text(task.to_json());
    auto child = TRY(process::start(command));
    const auto exit = TRY(wait(child, state));
    if (!exit.ok()) {
      const auto said = trim(child.error_tail());
      return fail(Code::internal_error, "the trial ended with {}{}{}", exit.text(),
                  said.empty() ? "" : ": ", said);
    }
    const auto json = TRY(parse_json(child.take_output()));
    return TrialAnswer::from_json(json);
  }

  Result<process::Exit> wait(process::Child& child, State& state) {
    const Stopwatch clock;
    while (true) {
      auto exit = child.wait(kPollMs);
      if (exit.ok() || exit.error().code != Code::deadline_exceeded) return exit;
      const bool too_long = request_.trial_timeout_ms > 0 &&
                            clock.seconds() * 1e3 > static_cast<double>(request_.trial_timeout_ms);
      bool ending = false;
      {
        const std::scoped_lock lock(shared_.mutex);
        ending = must_end();
      }
      if (!too_long && !ending) continue;
      child.terminate(kGraceMs);
      if (ending) state = State::cancelled;
      return ending ? fail(Code::cancelled, "the study ended before the trial did")
                    : fail(Code::deadline_exceeded, "the trial took longer than {} ms",
                           request_.trial_timeout_ms);
    }
  }

  void settle(TrialReport report) {
    const std::scoped_lock lock(shared_.mutex);
    const bool counts = report.state == State::finished || report.state == State::not_a_number;
    auto told = shared_.study.tell(report.number, counts ? tune::Outcome::of(report.loss)
                                                         : tune::Outcome::failure(report.message));
    if (told.ok() && !shared_.failure) told = on_trial_(report);
    if (!told.ok() && !shared_.failure) {
      shared_.failure = told.error();
      shared_.ending = true;
    }
    shared_.report.trials.push_back(std::move(report));
    shared_.changed.notify_all();
  }

  Shared& shared_;
  const StudyRequest& request_;
  const OnTrial& on_trial_;
};

}  // namespace

std::string_view state_name(State state) {
  constexpr std::string_view kNames[] = {"finished", "failed", "not_a_number", "cancelled"};
  return kNames[static_cast<int>(state)];
}

Result<StudyReport> run_study(const tune::Space& space, const StudyRequest& request,
                              const OnTrial& on_trial) {
  auto study = TRY(tune::Study::make(space, request.options));
  Shared shared{{}, {}, std::move(study), {}, {}, false, {}};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < request.options.parallelism; ++i) {
      threads.emplace_back([&] { Runner(shared, request, on_trial).work(); });
    }
  }
  if (shared.failure) return *shared.failure;
  auto& report = shared.report;
  std::ranges::sort(report.trials, {}, &TrialReport::number);
  if (report.ended_by.empty()) {
    const bool all = static_cast<int64_t>(report.trials.size()) >= request.options.max_trials;
    report.ended_by = all ? "trials" : "patience";
  }
  if (const auto* best = shared.study.best()) {
    const auto found = std::ranges::find(report.trials, best->number, &TrialReport::number);
    report.best = static_cast<size_t>(found - report.trials.begin());
  }
  return std::move(report);
}

}  // namespace slipway::studies
