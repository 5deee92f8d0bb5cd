#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/file.h"
#include "base/text.h"
#include "process/child.h"
#include "process/signals.h"

namespace slipway::process {
namespace {

Command shell(std::string script) {
  Command command;
  command.argv = {"sh", "-c", std::move(script)};
  return command;
}

// A process that is gone or only waits to be reaped by another no longer runs.
bool runs(pid_t pid) {
  const auto status = read_file(fmt::format("/proc/{}/stat", pid));
  if (!status.ok()) return false;
  return status->substr(status->rfind(')') + 2, 1) != "Z";
}

bool ends_soon(pid_t pid) {
  for (int i = 0; i < 200 && runs(pid); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return !runs(pid);
}

pid_t number(const std::optional<std::string>& line) {
  return static_cast<pid_t>(to_integer(line.value()).value());
}

TEST(Run, GivesExitOutputAndTheTailOfErrors) {
  const auto done = run(shell("echo out; echo err >&2; exit 3"), 5000).value();
  EXPECT_EQ(done.exit.code, 3);
  EXPECT_FALSE(done.exit.ok());
  EXPECT_EQ(done.exit.text(), "exit code 3");
  EXPECT_EQ(done.output, "out\n");
  EXPECT_EQ(done.error_tail, "err\n");
  const auto killed = run(shell("kill -9 $$"), 5000).value();
  EXPECT_EQ(killed.exit.signal, SIGKILL);
  EXPECT_EQ(killed.exit.text(), "signal 9 (Killed)");
  EXPECT_TRUE(run(shell("true"), 5000)->exit.ok());
}

TEST(Run, BigStreamsDoNotBlockEachOther) {
  auto command =
      shell("cat; head -c 3000000 /dev/zero >&2; head -c 3000000 /dev/zero; echo end >&2");
  command.input = std::string(1'000'000, 'i');
  const auto done = run(command, 20'000).value();
  EXPECT_EQ(done.output.size(), 4'000'000u);
  EXPECT_TRUE(done.output.starts_with("iii"));
  EXPECT_EQ(done.error_tail.size(), 16u * 1024);
  EXPECT_TRUE(done.error_tail.ends_with("end\n"));
}

TEST(Run, TakesEnvironmentFolderAndFiles) {
  const auto folder = TemporaryFolder::make().value();
  auto command = shell("echo $SLIPWAY_TEST $HOME; pwd; echo to-errors >&2; cat");
  command.environment = {{"SLIPWAY_TEST", "a b"}, {"HOME", "/nowhere"}};
  command.folder = folder.path();
  command.output = {Output::Kind::file, folder.path() / "out.txt"};
  command.errors = {Output::Kind::file, folder.path() / "out.txt"};
  EXPECT_TRUE(run(command, 5000)->exit.ok());
  EXPECT_EQ(read_file(folder.path() / "out.txt").value(),
            fmt::format("a b /nowhere\n{}\nto-errors\n", folder.path().string()));
}

TEST(Run, WhatIsMissingIsNamed) {
  Command command;
  command.argv = {"no-such-program-here"};
  const auto missing = run(command, 1000).error();
  EXPECT_EQ(missing.code, Code::resource_does_not_exist);
  EXPECT_NE(missing.message.find("no-such-program-here"), missing.message.npos);
  command.argv = {"/no/such/program"};
  EXPECT_EQ(run(command, 1000).error().code, Code::resource_does_not_exist);
  auto elsewhere = shell("true");
  elsewhere.folder = "/no/such/folder";
  const auto no_folder = run(elsewhere, 1000).error();
  EXPECT_EQ(no_folder.code, Code::resource_does_not_exist);
  EXPECT_NE(no_folder.message.find("/no/such/folder"), no_folder.message.npos);
  command.argv = {"/etc/passwd"};
  EXPECT_EQ(run(command, 1000).error().code, Code::permission_denied);
}

TEST(Run, StopsWhatTakesTooLong) {
  const Stopwatch watch;
  const auto late = run(shell("echo working >&2; sleep 100"), 200);
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().code, Code::deadline_exceeded);
  EXPECT_NE(late.error().message.find("working"), std::string::npos);
  EXPECT_LT(watch.seconds(), 3);
}

TEST(Run, MemoryCanBeLimited) {
  auto command = shell("head -c 300000000 /dev/zero | tail -c 250000000 >/dev/null");
  command.max_memory_bytes = 100'000'000;
  EXPECT_FALSE(run(command, 10'000)->exit.ok());
}

TEST(Run, PrivateMemoryCanBeLimited) {
  auto command = shell("ulimit -d");
  command.max_private_bytes = uint64_t{64} << 20;
  EXPECT_EQ(run(command, 10'000)->output, "65536\n");
}

TEST(Run, EnvironmentCanBeAllItsOwn) {
  Command command;
  command.argv = {"/usr/bin/env"};
  command.environment = {{"ONLY", "this"}};
  command.inherits_environment = false;
  EXPECT_EQ(run(command, 5000)->output, "ONLY=this\n");
}

TEST(Child, CanTalkThroughASocketAndWriteToADescriptor) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  Descriptor ours(ends[0]);
  Descriptor theirs(ends[1]);
  int pipe_ends[2];
  ASSERT_EQ(::pipe2(pipe_ends, O_CLOEXEC), 0);
  Descriptor log(pipe_ends[0]);
  Descriptor log_writer(pipe_ends[1]);
  auto command = shell("echo both >&2; read line; echo \"<$line>\" >&0; echo last");
  command.input_descriptor = theirs.get();
  command.output = command.errors = {Output::Kind::descriptor, {}, log_writer.get()};
  auto child = start(command).value();
  theirs.close();
  log_writer.close();
  ASSERT_TRUE(write_all(ours.get(), "hello\n"));
  char bytes[64];
  EXPECT_EQ(std::string(bytes, static_cast<size_t>(::read(ours.get(), bytes, 64))), "<hello>\n");
  EXPECT_TRUE(child.wait(5000)->ok());
  EXPECT_EQ(std::string(bytes, static_cast<size_t>(::read(log.get(), bytes, 64))), "both\nlast\n");
}

TEST(Run, NoDescriptorOfOursReachesTheChild) {
  const int ours = ::dup(STDOUT_FILENO);  // without close-on-exec
  const auto done = run(shell("ls /proc/self/fd | wc -l"), 5000).value();
  ::close(ours);
  EXPECT_EQ(trim(done.output), "4");  // the three streams and the listing itself
}

TEST(Child, GivesLinesAsTheyCome) {
  auto child = start(shell("echo one; sleep 0.1; echo two; printf last; sleep 0.1")).value();
  EXPECT_EQ(child.read_line(5000).value(), "one");
  EXPECT_EQ(child.read_line(5000).value(), "two");
  EXPECT_EQ(child.read_line(5000).value(), "last");
  EXPECT_EQ(child.read_line(5000).value(), std::nullopt);
  EXPECT_TRUE(child.wait(5000)->ok());
  EXPECT_TRUE(child.wait(0)->ok());
  auto silent = start(shell("sleep 100")).value();
  EXPECT_EQ(silent.read_line(50).error().code, Code::deadline_exceeded);
  EXPECT_EQ(silent.wait(50).error().code, Code::deadline_exceeded);
  EXPECT_TRUE(runs(silent.pid()));
}

TEST(Child, TerminateEndsTheWholeGroup) {
  auto child = start(shell("sleep 100 & echo $!; wait")).value();
  const pid_t grandchild = number(child.read_line(5000).value());
  EXPECT_TRUE(runs(grandchild));
  EXPECT_EQ(child.terminate(2000).signal, SIGTERM);
  EXPECT_TRUE(ends_soon(grandchild));
  EXPECT_FALSE(runs(child.pid()));
}

TEST(Child, TerminateKillsWhatDoesNotListen) {
  auto child = start(shell("trap '' TERM; echo ready; while :; do sleep 1; done")).value();
  EXPECT_EQ(child.read_line(5000).value(), "ready");
  EXPECT_EQ(child.terminate(100).signal, SIGKILL);
}

TEST(Child, TerminateLetsAChildEndInItsOwnWay) {
  auto child =
      start(shell("trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.05; done"));
  EXPECT_EQ(child->read_line(5000).value(), "ready");
  EXPECT_EQ(child->terminate(5000).code, 7);
  EXPECT_EQ(child->take_output(), "bye\n");
}

TEST(Child, NothingIsLeftWhenTheValueGoes) {
  pid_t child_pid = 0;
  pid_t grandchild = 0;
  {
    auto child = start(shell("trap '' TERM; sleep 100 & echo $!; wait")).value();
    child_pid = child.pid();
    grandchild = number(child.read_line(5000).value());
  }
  EXPECT_TRUE(ends_soon(grandchild));
  EXPECT_EQ(::waitpid(child_pid, nullptr, WNOHANG), -1);  // reaped, no zombie
}

TEST(Child, WhatItLeavesInTheBackgroundGoesWithIt) {
  auto child = start(shell("sleep 100 & echo $!")).value();
  const pid_t left = number(child.read_line(5000).value());
  EXPECT_TRUE(child.wait(5000)->ok());  // though the other still holds the pipe
  EXPECT_TRUE(ends_soon(left));
}

TEST(Child, DiesWithTheThreadThatStartedIt) {
  std::optional<Child> child;
  std::thread([&] { child.emplace(start(shell("exec sleep 100")).value()); }).join();
  EXPECT_EQ(child->wait(5000)->signal, SIGKILL);
}

// In processes of their own: the signals are for the whole process.
int exit_code_of(void (*body)()) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    install_interrupt();
    body();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(Interrupt, TheFirstIsToldTheSecondEnds) {
  EXPECT_EQ(exit_code_of([] {
              if (interrupted() || wait_for_interrupt(20)) ::_exit(1);
              ::kill(::getpid(), SIGINT);
              if (!wait_for_interrupt(-1)) ::_exit(2);
              pollfd entry{interrupt_descriptor(), POLLIN, 0};
              ::_exit(::poll(&entry, 1, 0) == 1 ? 42 : 3);
            }),
            42);
  EXPECT_EQ(exit_code_of([] {
              ::kill(::getpid(), SIGTERM);
              if (!interrupted()) ::_exit(2);
              ::kill(::getpid(), SIGTERM);
            }),
            128 + SIGTERM);
}

}  // namespace
}  // namespace slipway::process
