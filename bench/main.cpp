#include <exception>

#include <fmt/core.h>

#include "app/exit_codes.hpp"
#include "benches.hpp"

int main(int argc, char** argv) {
  using namespace crier;
  const bench::Words words(argv + 1, argv + argc);
  try {
    const bench::Words rest(words.empty() ? words.end() : words.begin() + 1, words.end());
    if (!words.empty() && words[0] == "load") return bench::load_bench(rest);
    if (!words.empty() && words[0] == "match") return bench::match_bench(rest);
    if (!words.empty() && words[0] == "outbox") return bench::outbox_bench(rest);
    if (!words.empty() && words[0] == "parse") return bench::parse_bench(rest);
  } catch (const std::exception& e) {
    fmt::print(stderr, "crier-bench: {}\n", e.what());
    return exit_code::internal;
  }
  fmt::print(stderr,
             "Usage: crier-bench load [--subscribers N] [--peer-subscribers N] [--seed N]\n"
             "       crier-bench match [--rules N] [--threads N] [--churn] [--stories N] [--seed N]\n"
             "       crier-bench outbox [--deliveries N] [--settle-together N]\n"
             "       crier-bench parse [FOLDER] [--seed N]\n"
             "See bench/README.md.\n");
  return !words.empty() && words[0] == "--help" ? exit_code::ok : exit_code::usage;
}
