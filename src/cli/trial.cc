#include "studies/trial.h"

#include <iostream>
#include <iterator>

#include "cli/command_list.h"

namespace slipway::cli {

Result<int> trial(Invocation& call) {
  Flags flags(call);
  TRY(flags.parse());
  const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
  const auto json = TRY(parse_json(text));
  const auto task = TRY(studies::TrialTask::from_json(json));
  const auto answer = TRY(studies::run_trial(task));
  print_line(to_text(answer.to_json()));
  return 0;
}

}  // namespace slipway::cli
