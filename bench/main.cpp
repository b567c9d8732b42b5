#include <fmt/core.h>

#include <exception>

#include "app/exit_codes.hpp"
#include "benches.hpp"

int main(int argc, char** argv) {
  using namespace crier;
  const bench::Words words(argv + 1, argv + argc);
  try {
    if (!words.empty() && words[0] == "outbox") return bench::outbox_bench({words.begin() + 1, words.end()});
  } catch (const std::exception& e) {
    fmt::print(stderr, "crier-bench: {}\n", e.what());
    return exit_code::internal;
  }
  fmt::print(stderr, "Usage: crier-bench outbox [--deliveries N] [--settle-together N]\nSee bench/README.md.\n");
  return !words.empty() && words[0] == "--help" ? exit_code::ok : exit_code::usage;
}
