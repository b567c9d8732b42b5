#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>

#include <fmt/core.h>

#include "app/commands.hpp"
#include "app/exit_codes.hpp"

namespace {

// An answer that did not arrive, say on a full disk behind "> file", must not look like success.
int when_printed(int code) {
  errno = 0;
  const bool is_flushed = std::fflush(stdout) == 0;
  if (is_flushed && std::ferror(stdout) == 0) return code;
  fmt::print(stderr, "crier: cannot write to standard output{}{}\n", errno == 0 ? "" : ": ",
             errno == 0 ? "" : std::strerror(errno));
  return crier::exit_code::io;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return when_printed(crier::run_command({argv + 1, argv + argc}));
  } catch (const std::exception& e) {
    if (std::ferror(stdout) != 0) return when_printed(crier::exit_code::io);
    fmt::print(stderr, "crier: {}\n", e.what());
    return crier::exit_code::internal;
  }
}
