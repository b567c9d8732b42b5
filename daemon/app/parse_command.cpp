#include <boost/json.hpp>
#include <fmt/core.h>

#include "app/commands.hpp"
#include "app/exit_codes.hpp"
#include "app/story_input.hpp"
#include "base/encoding.hpp"
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

constexpr std::uint64_t max_headers_bytes = 1U << 20;

// {"Content-Type": "text/xml", …}; a name that came more than once may have a list.
Result<ResponseHeaders> read_headers(const std::string& file) {
  const auto text = read_file(file, max_headers_bytes);
  if (!text) return text.error();
  boost::system::error_code failed;
  const auto parsed = boost::json::parse(*text, failed);
  const auto* object = failed ? nullptr : parsed.if_object();
  if (!object) return Error{file + ": must be a JSON object of HTTP headers"};
  ResponseHeaders headers;
  for (const auto& [name, value] : *object) {
    const auto* list = value.if_array();
    for (const auto& one : list ? *list : boost::json::array{value}) {
      const auto* header = one.if_string();
      headers.emplace_back(to_lower_ascii(name), header ? std::string(*header) : boost::json::serialize(one));
    }
  }
  return headers;
}

// One document per file, also for one that cannot be understood.
ParsedSource without_stories(const std::string& format, const std::string& why) {
  ParsedSource source;
  source.format = format.empty() ? "unknown" : format;
  source.bozo = true;
  source.bozo_reason = why;
  return source;
}

void print(const ParsedSource& source) {
  fmt::print("{}\n", boost::json::serialize(to_json(source)));
}

}  // namespace

int parse_command(const Words& words) {
  CommandLine line("parse", "FILE… [--url URL] [--headers FILE] [--format FORMAT]",
                   "Prints what each file holds as one JSON document: {\"source\": {…}, \"stories\": […]}.\n"
                   "Topics and regions of the configuration separate tags that the page runs together.");
  std::string formats;
  for (const auto format : story_formats()) formats += (formats.empty() ? "" : ", ") + std::string(format);
  line.option("url", "URL", "where the file came from")
      .option("headers", "FILE", "the HTTP headers it came with, as one JSON object")
      .option("format", "FORMAT", ("instead of finding out: " + formats).c_str())
      .common();
  if (const auto code = line.read(words, 1, 10'000)) return *code;
  const auto config = vocabulary_config(line);
  FileOrigin origin{line.get("url").value_or(""), line.get("format").value_or(""), {}};
  if (const auto file = line.get("headers")) {
    auto headers = read_headers(*file);
    if (!headers) {
      for (std::size_t i = 0; i < line.arguments().size(); ++i)
        print(without_stories(origin.format, headers.error().message));
      return line.fail(exit_code::bad_data, headers.error().message);
    }
    origin.headers = *std::move(headers);
  }
  int code = exit_code::ok;
  for (const auto& name : line.arguments()) {
    const auto parsed = parse_file(name, config, origin);
    if (parsed) {
      print(*parsed);
      continue;
    }
    const auto& why = parsed.error().message;
    print(without_stories(origin.format, why));
    fmt::print(stderr, "{}\n", why);
    std::error_code ignored;
    code = std::filesystem::exists(name, ignored) ? exit_code::bad_data : exit_code::missing_input;
  }
  return code;
}

}  // namespace crier
