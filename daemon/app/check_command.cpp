#include <algorithm>
#include <iterator>

#include <boost/json.hpp>
#include <fmt/core.h>

#include "app/commands.hpp"
#include "app/config.hpp"
#include "app/exit_codes.hpp"
#include "app/rule_costs.hpp"
#include "app/story_input.hpp"

namespace crier {
namespace {

namespace json = boost::json;

json::array to_json(const std::vector<Diagnostic>& list) {
  json::array errors;
  for (const auto& [place, message, excerpt, suggestion] : list) {
    json::object error{
        {"file", place.file}, {"line", place.line}, {"column", place.column}, {"message", message}};
    if (!excerpt.empty()) error["excerpt"] = excerpt;
    if (!suggestion.empty()) error["suggestion"] = suggestion;
    errors.push_back(std::move(error));
  }
  return errors;
}

void print_json(const Config& config, const Diagnostics& diagnostics,
                const std::vector<Diagnostic>& warnings) {
  const auto& book = *config.newsroom.book;
  const json::object out{{"ok", diagnostics.empty()},     {"errors", to_json(diagnostics.list())},
                         {"warnings", to_json(warnings)}, {"subscribers", book.subscribers().size()},
                         {"rules", book.rules().size()},  {"editions", config.newsroom.editions.size()}};
  fmt::print("{}\n", json::serialize(out));
}

}  // namespace

int check_command(const Words& words) {
  CommandLine line(
      "check", "[--config PATH] [--json]",
      "Validates everything: configuration, rules, zones, templates, secrets. Lists every mistake with\n"
      "file, line and column. Exits 0 when all is well, 78 otherwise.");
  if (const auto code = line.common().read(words, 0, 0)) return *code;
  Diagnostics diagnostics;
  const auto config = load_with_progress(line.config(), diagnostics);
  auto warnings = config.warnings;
  if (diagnostics.empty()) {
    learn_words(config);
    std::ranges::move(find_costly_rules(config), std::back_inserter(warnings));
  }
  if (line.json()) {
    print_json(config, diagnostics, warnings);
  } else if (diagnostics.empty()) {
    const auto& newsroom = config.newsroom;
    for (const auto& warning : warnings) fmt::print("warning: {}\n", to_string(warning));
    fmt::print("{}: all well: {} subscribers, {} rules, {} editions\n", line.config().string(),
               newsroom.book->subscribers().size(), newsroom.book->rules().size(), newsroom.editions.size());
  } else {
    for (const auto& diagnostic : diagnostics.list()) fmt::print("{}\n", to_string(diagnostic));
    fmt::print(stderr, "crier check: {} {}\n", diagnostics.list().size(),
               diagnostics.list().size() == 1 ? "mistake" : "mistakes");
  }
  return diagnostics.empty() ? exit_code::ok : exit_code::configuration;
}

}  // namespace crier
