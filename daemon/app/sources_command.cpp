#include <boost/json.hpp>
#include <fmt/core.h>

#include "app/commands.hpp"
#include "app/exit_codes.hpp"
#include "app/opml.hpp"
#include "app/story_input.hpp"
#include "base/files.hpp"
#include "schedule/feed_memory.hpp"
#include "story/parse.hpp"

namespace crier {
namespace {

namespace json = boost::json;

std::string state_of(const FeedMemory& memory) {
  if (!memory.ended.empty()) return "ended: " + memory.ended;
  if (memory.polled_at == Time{}) return "not asked yet";
  return memory.failure.empty() ? "well" : "failing: " + memory.failure;
}

std::string time_words(const std::optional<Time>& time) {
  return time && *time != Time{} ? to_rfc3339(*time) : "-";
}

void print_text(const FolderConfig& folder) {
  fmt::print("{}  folder {}\n", folder.name, folder.path.string());
}

void print_text(const FeedConfig& feed, const FeedMemory& memory) {
  fmt::print("{}  feed {}\n  {}; asked {}, new {}, next {}\n", feed.name, memory.address(), state_of(memory),
             time_words(memory.polled_at), time_words(memory.new_at),
             memory.ended.empty() ? time_words(memory.next_at) : "never");
}

json::object to_json(const FolderConfig& folder) {
  return {{"source", folder.name}, {"folder", folder.path.string()}};
}

json::object to_json(const FeedConfig& feed, const FeedMemory& memory) {
  json::object out{{"source", feed.name}, {"feed", feed.url}, {"address", memory.address()}};
  out["state"] = state_of(memory);
  out["failures"] = memory.pace.failures;
  const auto put = [&](std::string_view key, const std::optional<Time>& time) {
    if (time && *time != Time{}) out[key] = to_rfc3339(*time);
  };
  put("polled_at", memory.polled_at);
  put("new_at", memory.new_at);
  if (memory.ended.empty()) put("next_at", memory.next_at);
  return out;
}

json::object to_json(const OpmlList& list, const std::string& file) {
  json::object sources;
  for (const auto& feed : list.feeds) sources[feed.name] = {{"feed", feed.url}};
  json::array warnings;
  for (const auto& slip : list.slips)
    warnings.push_back({{"file", file}, {"line", slip.line}, {"message", slip.message}});
  return {{"sources", std::move(sources)}, {"warnings", std::move(warnings)}};
}

int print_import(const CommandLine& line, const std::string& file) {
  const auto bytes = read_file(file, max_story_bytes);
  if (!bytes) return line.fail(exit_code::missing_input, bytes.error().message);
  const auto list = read_opml(*bytes);
  if (!list) return line.fail(exit_code::bad_data, file + ": " + list.error().message);
  if (line.json()) {
    fmt::print("{}\n", json::serialize(to_json(*list, file)));
    return exit_code::ok;
  }
  for (const auto& slip : list->slips)
    fmt::print(stderr, "{}\n", to_string(Diagnostic{{file, slip.line, 0}, "left out: " + slip.message, {}}));
  fmt::print("{}", to_yaml(list->feeds));
  return exit_code::ok;
}

}  // namespace

int sources_command(const Words& words) {
  CommandLine line("sources", "[--import FILE.opml]",
                   "Lists the sources of stories; of each feed whether it is well, when it was asked and had "
                   "something new, and when it is asked again. Exits 1 when a feed is failing or has ended.");
  line.option("import", "FILE", "print the feeds of an OPML list as a sources: section instead").common();
  if (const auto code = line.read(words, 0, 0)) return *code;
  if (const auto file = line.get("import")) return print_import(line, *file);
  int code = 0;
  const auto config = load_config_or_complain(line, code);
  if (!config) return code;
  const auto db = open_database(*config);
  json::array listed;
  bool all_well = true;
  for (const auto& folder : config->folders) {
    if (line.json())
      listed.push_back(to_json(folder));
    else
      print_text(folder);
  }
  for (const auto& feed : config->feeds) {
    FeedMemory memory;
    memory.url = feed.url;
    if (db) memory = load_feed(*db, feed.name, feed.url);
    all_well = all_well && memory.ended.empty() && memory.failure.empty();
    if (line.json())
      listed.push_back(to_json(feed, memory));
    else
      print_text(feed, memory);
  }
  if (line.json()) fmt::print("{}\n", json::serialize(listed));
  return all_well ? exit_code::ok : exit_code::no_match;
}

}  // namespace crier
