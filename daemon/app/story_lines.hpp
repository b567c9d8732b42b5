// Story lines: a file of one normalised story a line (JSON Lines), read as a stream: it may be larger than
// the memory.
#pragma once

#include <functional>
#include <string>

#include "app/command_line.hpp"
#include "app/config.hpp"
#include "story/story.hpp"

namespace crier {

/// Calls `each` for every story of the file ("-" = standard input). A line that holds none is complained
/// about as FILE:LINE and passed over. Returns the exit code: 0, 66 (no such file), 65 (broken lines), 74 (it
/// could not be read to its end).
int for_each_line(const CommandLine& line, const Config& config, const std::string& name,
                  const std::function<void(const Story&)>& each);

}  // namespace crier
