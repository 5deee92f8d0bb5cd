#include "studies/run_study.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/file.h"

namespace slipway::studies {
namespace {

using State = TrialReport::State;

tune::Space space() {
  return tune::Space::parse(
             parse_json(R"({"x": {"type": "uniform", "low": 0, "high": 1}})").value())
      .value();
}

// A program whose `trial` does what `script` says; the task is on its standard input.
class Program {
 public:
  explicit Program(std::string_view script) {
    const auto path = folder_.path() / "program";
    EXPECT_TRUE(write_file(path, fmt::format("#!/bin/sh\n{}\n", script)).ok());
    chmod(path.c_str(), 0755);
    request.program = path.string();
    request.matrix_file = "unused";
    request.options.max_trials = 4;
    request.options.parallelism = 2;
  }

  StudyReport run() {
    auto report = run_study(space(), request, [&](const TrialReport&) -> Result<void> {
      ++n_reported;
      return {};
    });
    EXPECT_TRUE(report.ok()) << (report.ok() ? "" : report.error().message);
    return report.ok() ? std::move(report).value() : StudyReport();
  }

  StudyRequest request;
  int n_reported = 0;

 private:
  TemporaryFolder folder_ = TemporaryFolder::make().value();
};

// The loss is x itself, so the best trial is the one with the least x.
constexpr std::string_view kAnswer =
    R"(x=$(sed 's/.*"x": \([0-9.e-]*\).*/\1/'); )"
    R"(printf '{"loss": %s, "metrics": {}, "history": [[1, 0.5, 0.5, 0.5]], )"
    R"("best_round": 1}' "$x")";

TEST(RunStudy, TrialsRunAndTheBestIsFound) {
  Program program(kAnswer);
  const auto report = program.run();
  ASSERT_EQ(report.trials.size(), 4u);
  EXPECT_EQ(program.n_reported, 4);
  EXPECT_EQ(report.ended_by, "trials");
  ASSERT_TRUE(report.best);
  for (const auto& trial : report.trials) {
    EXPECT_EQ(trial.state, State::finished) << trial.message;
    EXPECT_EQ(trial.loss, trial.params.at("x").to_number<double>());
    EXPECT_GE(trial.loss, report.trials[*report.best].loss);
    EXPECT_EQ(trial.answer.history.size(), 1u);
  }
}

TEST(RunStudy, TheSameSeedGivesTheSameTrials) {
  const auto first = Program(kAnswer).run();
  const auto second = Program(kAnswer).run();
  for (size_t i = 0; i < first.trials.size(); ++i) {
    EXPECT_EQ(first.trials[i].params, second.trials[i].params);
  }
}

TEST(RunStudy, AFailingTrialIsKeptWithItsReason) {
  const auto report = Program("echo 'no memory' >&2; exit 3").run();
  ASSERT_EQ(report.trials.size(), 4u);
  EXPECT_FALSE(report.best);
  EXPECT_EQ(report.trials[0].state, State::failed);
  EXPECT_NE(report.trials[0].message.find("exit code 3"), std::string::npos);
  EXPECT_NE(report.trials[0].message.find("no memory"), std::string::npos);
}

TEST(RunStudy, ACrashAndNonsenseAreFailures) {
  EXPECT_EQ(Program("kill -SEGV $$").run().trials[0].state, State::failed);
  EXPECT_EQ(Program("echo nonsense").run().trials[0].state, State::failed);
}

TEST(RunStudy, NanIsReportedAndIgnored) {
  const auto report =
      Program(R"(echo '{"loss": "NaN", "metrics": {}, "history": [], "best_round": 0}')").run();
  EXPECT_EQ(report.trials[0].state, State::not_a_number);
  EXPECT_FALSE(report.best);
}

TEST(RunStudy, ATrialThatTakesTooLongFails) {
  Program program("sleep 60");
  program.request.options.max_trials = 2;
  program.request.trial_timeout_ms = 150;
  const auto report = program.run();
  EXPECT_EQ(report.trials[0].state, State::failed);
  EXPECT_NE(report.trials[0].message.find("150 ms"), std::string::npos);
}

TEST(RunStudy, ItEndsWhenItsTimeIsOver) {
  Program program("sleep 60");
  program.request.timeout_ms = 200;
  const auto report = program.run();
  EXPECT_EQ(report.ended_by, "timeout");
  EXPECT_EQ(report.trials.size(), 2u);
  EXPECT_EQ(report.trials[0].state, State::cancelled);
}

TEST(RunStudy, AnErrorOfTheListenerEndsIt) {
  Program program(kAnswer);
  const auto report = run_study(space(), program.request, [](const TrialReport&) -> Result<void> {
    return fail(Code::temporarily_unavailable, "the server is gone");
  });
  EXPECT_EQ(report.error().message, "the server is gone");
}

TEST(TrialTask, RoundTripKeepsTheSeedWhole) {
  TrialTask task{"m", "xgboost", {{"max_depth", 3}}, 0xFFFF'FFFF'FFFF'FFFFu, Objective::auc};
  const auto back = TrialTask::from_json(parse_json(to_text(task.to_json())).value()).value();
  EXPECT_EQ(back.seed, task.seed);
  EXPECT_EQ(back.objective, Objective::auc);
  EXPECT_EQ(back.params, task.params);
}

}  // namespace
}  // namespace slipway::studies
