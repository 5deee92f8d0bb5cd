// tests/print_answer.h — how programs that answer for a model tell a test what came of it.
#pragma once
#include <cstdio>
#include <string>

#include "base/json.h"

namespace slipway {

/// Print one line: the answer, which is JSON, or {"error": …}.
inline void print_answer(const Result<std::string>& answered) {
  if (answered.ok()) {
    std::puts(answered->c_str());
    return;
  }
  std::string out = "{\"error\": ";
  append_quoted(out, answered.error().message);
  std::puts((out + "}").c_str());
}

}  // namespace slipway
