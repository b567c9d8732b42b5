#include <boost/json.hpp>
#include <fmt/core.h>

#include "app/commands.hpp"
#include "app/exit_codes.hpp"
#include "app/story_input.hpp"
#include "base/files.hpp"

namespace crier {
namespace {

// The words that separate tags come from the configuration when there is one; parsing works without.
Config vocabulary_config(const CommandLine& line) {
  Config config;
  std::error_code ignored;
  if (!std::filesystem::exists(line.config(), ignored)) return config;
  Diagnostics diagnostics;
  config = load_config(line.config(), diagnostics);
  for (const auto& diagnostic : diagnostics.list())
    fmt::print(stderr, "warning: {}\n", to_string(diagnostic));
  config.folders.clear();  // what a source would add is not in the file
  return config;
}

}  // namespace

int parse_command(const Words& words) {
  CommandLine line("parse", "FILE… [--url URL] [--format FORMAT]",
                   "Prints what each file holds as one JSON document: {\"source\": {…}, \"stories\": […]}.\n"
                   "Topics and regions of the configuration separate tags that the page runs together.");
  std::string formats;
  for (const auto format : story_formats()) formats += (formats.empty() ? "" : ", ") + std::string(format);
  line.option("url", "URL", "where the file came from")
      .option("format", "FORMAT", ("instead of finding out: " + formats).c_str())
      .common();
  if (const auto code = line.read(words, 1, 10'000)) return *code;
  const auto config = vocabulary_config(line);
  int code = exit_code::ok;
  for (const auto& name : line.arguments()) {
    const auto parsed =
        parse_file(name, config, line.get("url").value_or(""), line.get("format").value_or(""));
    if (parsed) {
      fmt::print("{}\n", boost::json::serialize(to_json(*parsed)));
      continue;
    }
    // One document per file, also for one that cannot be read.
    fmt::print("{}\n", boost::json::serialize(boost::json::object{{"error", parsed.error().message}}));
    fmt::print(stderr, "{}\n", parsed.error().message);
    std::error_code ignored;
    code = std::filesystem::exists(name, ignored) ? exit_code::bad_data : exit_code::missing_input;
  }
  return code;
}

}  // namespace crier
