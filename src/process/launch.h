// process/launch.h — fork and exec, with everything that can fail told to the parent.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace slipway::process {

/// All that the new process needs, prepared before the fork: after it, in a program with threads,
/// nothing may be allocated or locked.
struct Launch {
  std::string program;                   // absolute path
  std::vector<std::string> argv;         // as the program sees it
  std::vector<std::string> environment;  // NAME=value
  std::string folder;                    // empty: ours
  int input = -1;                        // descriptors of the standard streams, borrowed
  int output = -1;
  int errors = -1;
  uint64_t max_memory_bytes = 0;   // RLIMIT_AS; 0: as ours
  uint64_t max_private_bytes = 0;  // RLIMIT_DATA
};

/// Fork and exec in a process group of its own; all other descriptors of ours are closed there.
/// Errors   as errno_error for the folder or the program; temporarily_unavailable: no more
///          processes.
Result<pid_t> launch(const Launch& plan);

/// Find a program as a shell would. Errors resource_does_not_exist: it is not in `search_path`.
Result<std::string> find_program(const std::string& name, const std::string& search_path);

}  // namespace slipway::process
