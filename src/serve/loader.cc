#include "serve/loader.h"

#include <algorithm>

namespace slipway::serve {
namespace {

// Neither has a line end.
std::string key_of(const std::string& name, const std::filesystem::path& folder) {
  return name + "\n" + folder.string();
}

bool is_of(const std::string& key, const std::set<std::string>& names) {
  return names.contains(key.substr(0, key.find('\n')));
}

}  // namespace

Loader::Loader(WorkerSettings settings, Result<void> (*check)(const models::Model&))
    : settings_(std::move(settings)), check_(check) {}

Loader::~Loader() {
  for (const auto& [key, task] : tasks_) task->cancelled = true;
  for (const auto& [key, task] : tasks_) end(*task);
}

void Loader::end(Task& task) {
  task.cancelled = true;
  if (task.thread.joinable()) task.thread.join();
}

std::optional<Result<OpenedModel>> Loader::open(const std::string& name,
                                                const std::filesystem::path& folder) {
  const auto key = key_of(name, folder);
  if (const auto failed = failures_.find(key); failed != failures_.end()) return failed->second;
  if (const auto found = tasks_.find(key); found != tasks_.end()) {
    if (!found->second->finished) return std::nullopt;
    end(*found->second);
    auto outcome = std::move(*found->second->outcome);
    tasks_.erase(found);
    if (!outcome.ok()) failures_.emplace(key, outcome.error());
    return outcome;
  }
  auto own = models::load(folder);
  if (own.ok()) {
    const auto checked = check_(**own);
    if (!checked.ok()) return checked.error();
    return OpenedModel{std::move(own).value(), nullptr};
  }
  if (!needs_worker(own.error()) || settings_.python == WorkerSettings::Python::refused) {
    return open_in_worker(folder, name, own.error(), settings_);
  }
  auto& task = *(tasks_[key] = std::make_unique<Task>());
  task.thread = std::thread([this, &task, folder, name, refusal = own.error()] {
    auto settings = settings_;
    settings.cancelled = &task.cancelled;
    auto opened = open_in_worker(folder, name, refusal, settings);
    if (opened.ok()) {
      const auto checked = check_(*opened->model);
      if (!checked.ok()) opened = checked.error();
    }
    task.outcome = std::move(opened);
    task.finished = true;
  });
  return std::nullopt;
}

bool Loader::any_finished() const {
  return std::ranges::any_of(tasks_,
                             [](const auto& entry) { return entry.second->finished.load(); });
}

void Loader::retain(const std::set<std::string>& names) {
  std::erase_if(failures_, [&](const auto& entry) { return !is_of(entry.first, names); });
  for (auto task = tasks_.begin(); task != tasks_.end();) {
    if (is_of(task->first, names)) {
      ++task;
      continue;
    }
    end(*task->second);
    task = tasks_.erase(task);
  }
}

}  // namespace slipway::serve
