#include "serve/worker_pool.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "base/json.h"
#include "base/text.h"
#include "serve/worker_frames.h"

namespace slipway::serve {
namespace {

using std::chrono::milliseconds;

constexpr int kFirstPause_ms = 250;
constexpr int kLongPause_ms = 2000;  // from here on requests are refused rather than kept
constexpr int kLongestPause_ms = 30'000;
constexpr int kLook_ms = 100;    // how often it is asked whether a start is still wanted
constexpr int kGrace_ms = 1000;  // for a worker that is no longer wanted

void raise(const Descriptor& event) {
  const uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(event.get(), &one, sizeof one);
}

void lower_again(const Descriptor& event) {
  uint64_t count = 0;
  [[maybe_unused]] const auto taken = ::read(event.get(), &count, sizeof count);
}

int pause_ms(int n_failures) {
  if (n_failures <= 1) return 0;
  return std::min(kLongestPause_ms, kFirstPause_ms << std::min(n_failures - 2, 10));
}

}  // namespace

WorkerPool::WorkerPool(process::Command command, Frame hello, WorkerLimits limits,
                       std::shared_ptr<WorkerLog> log)
    : command_(std::move(command)),
      hello_(std::move(hello)),
      limits_(limits),
      log_(std::move(log)),
      call_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      stop_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  command_.max_private_bytes = limits_.max_memory_bytes;
}

WorkerPool::~WorkerPool() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  raise(stop_);
  phase_changed_.notify_all();
  for (const auto& slot : slots_) {
    if (slot->thread.joinable()) slot->thread.join();
  }
}

void WorkerPool::call_workers() const { raise(call_); }

// The others start when the first has shown that the model loads.
Result<void> WorkerPool::start(const std::atomic<bool>* cancelled) {
  for (int i = 0; i < std::max(1, limits_.n_processes); ++i) {
    slots_.push_back(std::make_unique<Slot>());
  }
  auto& first = *slots_.front();
  first.thread = std::thread([this, &first] { run(first); });
  {
    std::unique_lock lock(mutex_);
    const auto is_decided = [&] { return first.phase == Phase::ready || !last_failure_.empty(); };
    while (!phase_changed_.wait_for(lock, milliseconds(kLook_ms), is_decided)) {
      if (cancelled && *cancelled) return fail(Code::cancelled, "no longer wanted");
    }
    if (first.phase != Phase::ready) {
      return fail(Code::internal_error, "no worker process could load the model: {}",
                  last_failure_);
    }
  }
  for (size_t i = 1; i < slots_.size(); ++i) {
    auto& slot = *slots_[i];
    slot.thread = std::thread([this, &slot] { run(slot); });
  }
  return {};
}

bool WorkerPool::any_runs() const {
  return std::ranges::any_of(slots_, [](const auto& s) { return s->phase != Phase::paused; });
}

Result<WorkerAnswer> WorkerPool::ask(const WorkerRequest& request) {
  Job job;
  job.request = request;
  std::unique_lock lock(mutex_);
  if (!any_runs()) {
    return fail(Code::temporarily_unavailable, "no worker process runs just now: {}",
                last_failure_);
  }
  if (waiting_.size() >= limits_.max_waiting) {
    return fail(Code::request_limit_exceeded,
                "{} requests wait for a worker of this model already; ask again later",
                waiting_.size());
  }
  waiting_.push_back(&job);
  call_workers();
  const auto is_done = [&] { return job.outcome.has_value(); };
  if (!job.done.wait_for(lock, milliseconds(limits_.request_timeout_ms), is_done)) {
    if (!job.taken) {
      std::erase(waiting_, &job);
      return fail(Code::deadline_exceeded, "no worker of this model was free within {} ms",
                  limits_.request_timeout_ms);
    }
    job.done.wait(lock, is_done);  // a worker has it, and a deadline of its own
  }
  return std::move(*job.outcome);
}

// One slot's life: a process is started, serves until it ends, and is started anew.
void WorkerPool::run(Slot& slot) {
  while (pause(slot)) {
    if (!start_process(slot)) continue;
    if (!serve(slot)) break;
  }
  if (slot.process) {
    slot.process->end(kGrace_ms);
    log_->record(WorkerEvent::Kind::stopped, "the model is unloaded");
  }
}

void WorkerPool::set_phase(Slot& slot, Phase phase) {
  {
    const std::scoped_lock lock(mutex_);
    slot.phase = phase;
  }
  phase_changed_.notify_all();
}

// Wait as long as the failures so far ask for. false: all is to end.
bool WorkerPool::pause(Slot& slot) {
  const int time_ms = pause_ms(slot.n_failures);
  std::unique_lock lock(mutex_);
  if (time_ms > 0) {
    if (time_ms >= kLongPause_ms) {
      slot.phase = Phase::paused;
      fail_waiting();
    }
    phase_changed_.wait_for(lock, milliseconds(time_ms), [&] { return stopping_; });
  }
  if (!stopping_) slot.phase = Phase::starting;
  return !stopping_;
}

// Where no process will run for a while, nobody waits for one. Called with the lock held.
void WorkerPool::fail_waiting() {
  if (any_runs()) return;
  for (auto* job : waiting_) {
    job->outcome =
        fail(Code::temporarily_unavailable, "no worker process runs just now: {}", last_failure_);
    job->done.notify_all();
  }
  waiting_.clear();
}

bool WorkerPool::start_process(Slot& slot) {
  log_->record(WorkerEvent::Kind::starting, command_.argv.front());
  const auto begin = [&]() -> Result<std::string> {
    auto process = TRY(WorkerProcess::start(command_, stop_.get(), *log_));
    slot.process.emplace(std::move(process));
    auto answer = slot.process->ask(hello_, limits_.start_timeout_ms);
    if (!answer.ok()) return std::move(answer).error();
    return read_welcome(*answer);
  };
  const auto welcome = begin();
  if (welcome.ok()) {
    log_->record(WorkerEvent::Kind::ready,
                 fmt::format("process {}, {}", slot.process->pid(), *welcome));
    set_phase(slot, Phase::ready);
    return true;
  }
  if (slot.process) slot.process->end(0);
  slot.process.reset();
  ++slot.n_failures;
  if (slot.n_failures == 1) ++slot.n_failures;  // what does not load is not tried again at once
  const bool late = welcome.error().code == Code::deadline_exceeded;
  const auto reason = late ? fmt::format("it did not load the model within {} ms: {}",
                                         limits_.start_timeout_ms, log_->last_words())
                           : welcome.error().message;
  {
    const std::scoped_lock lock(mutex_);
    last_failure_ = reason;
  }
  if (welcome.error().code != Code::cancelled) {
    log_->record(WorkerEvent::Kind::start_failed, reason);
  }
  set_phase(slot, Phase::starting);
  return false;
}

std::vector<WorkerPool::Job*> WorkerPool::take_jobs() {
  std::vector<Job*> jobs;
  const std::scoped_lock lock(mutex_);
  while (!waiting_.empty() && jobs.size() < std::max<size_t>(1, limits_.max_batch)) {
    if (!jobs.empty() && waiting_.front()->request.accept != jobs.front()->request.accept) break;
    jobs.push_back(waiting_.front());
    jobs.back()->taken = true;
    waiting_.pop_front();
  }
  if (!waiting_.empty()) call_workers();
  return jobs;
}

// Answer requests until the process ends. false: all is to end.
bool WorkerPool::serve(Slot& slot) {
  while (true) {
    const auto rest = slot.process->rest(call_.get());
    if (rest == WorkerProcess::Rest::stopped) return false;
    if (rest == WorkerProcess::Rest::ended) {
      const auto exit = slot.process->end(0);
      const auto words = log_->last_words();
      const auto reason = fmt::format("the worker process ended ({}){}{}", exit.text(),
                                      words.empty() ? "" : ": ", words);
      {
        const std::scoped_lock lock(mutex_);
        last_failure_ = reason;
      }
      slot.process.reset();
      ++slot.n_failures;
      log_->record(WorkerEvent::Kind::crashed, reason);
      return true;
    }
    lower_again(call_);
    const auto jobs = take_jobs();
    if (jobs.empty()) continue;
    bool lives = true;
    answer(slot, jobs, lives);
    if (!lives) return true;
  }
}

void WorkerPool::finish(const std::vector<Job*>& jobs, const Error& error) {
  const std::scoped_lock lock(mutex_);
  last_failure_ = error.message;
  for (auto* job : jobs) {
    if (!job->outcome) job->outcome = error;
    job->done.notify_all();
  }
}

void WorkerPool::answer(Slot& slot, const std::vector<Job*>& jobs, bool& lives) {
  std::vector<WorkerRequest> requests;
  for (const auto* job : jobs) requests.push_back(job->request);
  log_->mark();
  auto frame = slot.process->ask(request_frame(requests), limits_.request_timeout_ms);
  WorkerAnswers answers;
  if (frame.ok()) answers = read_answers(*frame, jobs.size());
  if (frame.ok() && !answers.damage.empty()) {
    frame = fail(Code::aborted, "the worker's answer makes no sense: {}", answers.damage);
  }
  if (frame.ok() && !answers.out_of_memory) {
    slot.n_failures = 0;
    const std::scoped_lock lock(mutex_);
    for (size_t i = 0; i < jobs.size(); ++i) {
      jobs[i]->outcome = std::move(answers.parts[i]);
      jobs[i]->done.notify_all();
    }
    return;
  }
  lives = false;
  slot.process->end(0);
  slot.process.reset();
  ++slot.n_failures;
  if (frame.ok()) {
    const auto reason = limits_.max_memory_bytes == 0
                            ? std::string("the model ran out of memory")
                            : fmt::format("the model ran out of memory: its worker may use {} MB",
                                          limits_.max_memory_bytes >> 20);
    log_->record(WorkerEvent::Kind::out_of_memory, reason);
    finish(jobs, {Code::internal_error, reason});
  } else if (frame.error().code == Code::deadline_exceeded) {
    const auto reason = fmt::format("the model gave no answer within {} ms and was stopped",
                                    limits_.request_timeout_ms);
    log_->record(WorkerEvent::Kind::deadline, reason);
    finish(jobs, {Code::deadline_exceeded, reason});
  } else {
    log_->record(WorkerEvent::Kind::crashed, frame.error().message);
    finish(jobs, {Code::internal_error, "the model crashed: " + frame.error().message});
  }
}

}  // namespace slipway::serve
