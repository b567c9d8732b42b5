#include <exception>
#include <map>
#include <string_view>

#include <fmt/core.h>

#include "app/exit_codes.hpp"
#include "benches.hpp"

int main(int argc, char** argv) {
  using namespace crier;
  const bench::Words words(argv + 1, argv + argc);
  try {
    const bench::Words rest(words.empty() ? words.end() : words.begin() + 1, words.end());
    const std::map<std::string_view, int (*)(const bench::Words&)> benches{
        {"crash", bench::crash_bench},   {"feeds", bench::feeds_bench}, {"latency", bench::latency_bench},
        {"ledger", bench::ledger_bench}, {"load", bench::load_bench},   {"match", bench::match_bench},
        {"outbox", bench::outbox_bench}, {"parse", bench::parse_bench}, {"render", bench::render_bench},
        {"sink", bench::sink_bench},     {"smtp", bench::smtp_bench},   {"webhook", bench::webhook_bench}};
    if (const auto found = benches.find(words.empty() ? "" : words[0]); found != benches.end())
      return found->second(rest);
  } catch (const std::exception& e) {
    fmt::print(stderr, "crier-bench: {}\n", e.what());
    return exit_code::internal;
  }
  fmt::print(stderr,
             "Usage: crier-bench load [--subscribers N] [--peer-subscribers N] [--seed N]\n"
             "       crier-bench ledger [--batches N] [--readers N] [--one-in N] [--seed N]\n"
             "       crier-bench match [--rules N] [--threads N] [--churn] [--stories N] [--seed N]\n"
             "       crier-bench outbox [--deliveries N] [--settle-together N] [--one-in N] [--seed N]\n"
             "       crier-bench parse [FOLDER] [--seed N]\n"
             "       crier-bench crash, feeds, latency, render, sink, smtp, webhook: each says its options "
             "with --help\n"
             "See bench/README.md.\n");
  return !words.empty() && words[0] == "--help" ? exit_code::ok : exit_code::usage;
}
