#include "cli/tour_guide.h"

#include <unistd.h>

#include "base/text.h"
#include "process/signals.h"

namespace slipway::cli {
namespace {

constexpr std::string_view kListening = "Listening on ";
constexpr int kServerStartMs = 20'000;
constexpr int kGraceMs = 10'000;
constexpr int kPollMs = 200;

// As a shell would take it.
std::string quoted(const std::string& word) {
  const bool plain =
      !word.empty() &&
      word.find_first_not_of(
          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=@,") == word.npos;
  return plain ? word : "'" + word + "'";
}

std::string painted(std::string_view text, std::string_view code) {
  static const bool on_terminal = isatty(STDOUT_FILENO) == 1;
  return on_terminal ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
}

}  // namespace

TourGuide::TourGuide(const TourOptions& options)
    : options_(options), program_(std::filesystem::read_symlink("/proc/self/exe").string()) {}

Result<void> TourGuide::start_server() {
  show("slipway server --data-dir workspace");
  process::Command command;
  command.argv = {program_, "server",     "--port",
                  "0",      "--data-dir", (options_.work / "workspace").string()};
  command.errors = {process::Output::Kind::file, options_.work / "server.log"};
  server_ = TRY(process::start(command));
  const auto line = TRY(server_->read_line(kServerStartMs));
  if (!line || !line->starts_with(kListening)) {
    return fail(Code::internal_error, "the server did not start; see {}",
                (options_.work / "server.log").string());
  }
  address_ = line->substr(kListening.size());
  say(fmt::format("  {}", *line));
  return {};
}

Result<void> TourGuide::stop_server() {
  if (!server_) return {};
  const auto exit = server_->terminate(kGraceMs);
  server_.reset();
  if (exit.ok()) return {};
  return fail(Code::internal_error, "the server ended with {}", exit.text());
}

void TourGuide::begin(std::string_view name, std::string_view question) {
  step_name_ = std::string(name);
  step_clock_.emplace();
  ++n_steps_;
  say("");
  say(painted(fmt::format("{}  {}", n_steps_, name), "1;34") + "  " + std::string(question));
}

void TourGuide::end(JsonObject results) {
  const double seconds = step_clock_->seconds();
  JsonObject step{{"name", step_name_}, {"seconds", seconds}};
  for (auto& member : results) step[member.key()] = std::move(member.value());
  steps_.push_back(std::move(step));
  say(painted(fmt::format("  {:.1f} s", seconds), "2"));
}

Result<process::Exit> TourGuide::wait(process::Child& child) const {
  while (true) {
    auto exit = child.wait(kPollMs);
    if (exit.ok() || exit.error().code != Code::deadline_exceeded) return exit;
    if (process::interrupted()) {
      child.terminate(kGraceMs);
      return fail(Code::cancelled, "interrupted");
    }
  }
}

Result<Json> TourGuide::run(std::vector<std::string> arguments) {
  std::string shown = "slipway";
  for (const auto& argument : arguments) shown += " " + quoted(argument);
  show(shown);
  process::Command command;
  command.argv = std::move(arguments);
  command.argv.insert(command.argv.begin(), program_);
  command.argv.push_back("--json");
  command.environment = {{"MLFLOW_TRACKING_URI", address_}};
  command.folder = options_.work;
  if (isatty(STDERR_FILENO) == 1) command.errors.kind = process::Output::Kind::inherited;
  auto child = TRY(process::start(command));
  const auto exit = TRY(wait(child));
  if (process::interrupted()) return fail(Code::cancelled, "interrupted");
  if (!exit.ok()) {
    return fail(Code::internal_error, "`{}` ended with {}: {}", shown, exit.text(),
                trim(child.error_tail()));
  }
  return parse_json(child.take_output());
}

void TourGuide::show(std::string_view command) const {
  say(painted(fmt::format("  $ {}", command), "2"));
}

void TourGuide::say(std::string_view line) const {
  if (!options_.json) print_line(line);
}

void TourGuide::say(const Listing& listing) const {
  auto text = table_text(listing, "    ");
  if (!text.empty()) text.pop_back();
  say(text);
}

JsonObject TourGuide::results() const {
  return {{"seconds", seconds()}, {"seed", options_.seed}, {"steps", steps_}};
}

}  // namespace slipway::cli
