#include "cli/password.h"

#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "base/file.h"

namespace slipway::cli {
namespace {

std::string first_line(std::string_view text) {
  auto line = text.substr(0, text.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return std::string(line);
}

std::string line_of_input() {
  std::string line;
  std::getline(std::cin, line);
  return first_line(line);
}

std::string ask_unseen(std::string_view prompt) {
  fmt::print(stderr, "{}: ", prompt);
  termios before{};
  ::tcgetattr(STDIN_FILENO, &before);
  auto silent = before;
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  auto line = line_of_input();
  ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
  fmt::print(stderr, "\n");
  return line;
}

}  // namespace

Result<std::string> read_password(const std::string& file, std::string_view prompt, Ask ask) {
  std::string password;
  const char* given = std::getenv("SLIPWAY_PASSWORD");
  if (file == "-") {
    password = line_of_input();
  } else if (!file.empty()) {
    const auto text = TRY(read_file(file));
    password = first_line(text);
  } else if (given) {
    password = given;
  } else if (::isatty(STDIN_FILENO) == 1) {
    password = ask_unseen(prompt);
    if (ask == Ask::twice && password != ask_unseen("The same again")) {
      return fail(Code::invalid_parameter_value, "the two passwords differ");
    }
  } else {
    password = line_of_input();
  }
  if (!password.empty()) return password;
  return fail(Code::invalid_parameter_value,
              "no password: give it on standard input, by --password-file FILE, or in "
              "$SLIPWAY_PASSWORD");
}

}  // namespace slipway::cli
