#include <csignal>
#include <string>
#include <vector>

#include "cli/commands.h"

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  return slipway::cli::run_program(std::vector<std::string>(argv + 1, argv + argc));
}
