#include <algorithm>

#include <boost/json.hpp>
#include <fmt/core.h>

#include "app/commands.hpp"
#include "app/exit_codes.hpp"
#include "app/opml.hpp"
#include "app/source_watch.hpp"
#include "app/story_input.hpp"
#include "base/clock.hpp"
#include "base/files.hpp"
#include "db/setting.hpp"
#include "story/feed_memory.hpp"
#include "story/parse.hpp"
#include "story/story_log.hpp"

namespace crier {
namespace {

namespace json = boost::json;

struct SourceLine {
  std::string name;
  std::string_view kind;
  std::string place;  // a URL, or a path
  std::string_view state = "new";
  std::string failure;
  std::int64_t failures = 0;
  bool silent = false;
  std::optional<Time> last_fetch;
  std::optional<Time> next_fetch;
  std::optional<Time> last_story;
};

void take_memory(SourceLine& line, const FeedMemory& memory) {
  line.place = memory.url;
  line.last_fetch = memory.fetched_at;
  line.next_fetch = memory.next_at;
  line.failures = memory.failures;
  line.failure = memory.ended.empty() ? memory.failure : memory.ended;
  line.state = !memory.ended.empty() ? "ended" : memory.failures > 0 ? "failing" : "good";
}

// What the database knows of a source, when there is one.
void take_history(SourceLine& line, std::optional<Duration> expect, Sqlite& db,
                  const std::map<std::string, Time>& last_stories, Time now) {
  const auto since = find_first_seen(db, "source since/" + line.name);
  if (!since) return;  // never watched
  if (line.kind == "folder") line.state = "watched";
  if (const auto found = last_stories.find(line.name); found != last_stories.end())
    line.last_story = found->second;
  line.silent = is_silent({line.name, expect, *since}, line.last_story, now);
}

std::vector<SourceLine> list_sources(const Config& config, Sqlite* db, Time now) {
  std::map<std::string, Time> stories;
  if (db != nullptr) stories = last_stories(*db);
  std::vector<SourceLine> lines;
  for (const auto& folder : config.folders) {
    auto& line = lines.emplace_back();
    line.name = folder.name;
    line.kind = "folder";
    line.place = folder.path.string();
    if (db != nullptr) take_history(line, folder.expect, *db, stories, now);
  }
  for (const auto& feed : config.feeds) {
    auto& line = lines.emplace_back();
    line.name = feed.name;
    line.kind = "feed";
    line.place = feed.url;
    if (db == nullptr) continue;
    if (const auto memory = load_feed(*db, feed.name, feed.url)) take_memory(line, *memory);
    take_history(line, feed.expect, *db, stories, now);
  }
  return lines;
}

json::array to_json(const std::vector<SourceLine>& lines) {
  json::array out;
  for (const auto& line : lines) {
    json::object one{{"name", line.name},
                     {"kind", line.kind},
                     {line.kind == "feed" ? "url" : "path", line.place},
                     {"state", line.state},
                     {"silent", line.silent}};
    if (!line.failure.empty()) one["failure"] = line.failure;
    if (line.failures > 0) one["failures"] = line.failures;
    if (line.last_fetch) one["last_fetch"] = to_rfc3339(*line.last_fetch);
    if (line.next_fetch) one["next_fetch"] = to_rfc3339(*line.next_fetch);
    if (line.last_story) one["last_story"] = to_rfc3339(*line.last_story);
    out.push_back(std::move(one));
  }
  return out;
}

std::string when(std::optional<Time> time) {
  return time ? to_rfc3339(std::chrono::floor<std::chrono::seconds>(*time)) : "-";
}

void print_text(const std::vector<SourceLine>& lines) {
  std::size_t width = 4;
  for (const auto& line : lines) width = std::max(width, line.name.size());
  fmt::print("{:<{}} {:<6} {:<7} {:<20} {:<20} {:<20} {}\n", "name", width, "kind", "state", "last story",
             "last fetch", "next fetch", "where");
  for (const auto& line : lines) {
    fmt::print("{:<{}} {:<6} {:<7} {:<20} {:<20} {:<20} {}\n", line.name, width, line.kind, line.state,
               when(line.last_story), when(line.last_fetch), when(line.next_fetch), line.place);
    if (!line.failure.empty()) fmt::print("{:<{}}   {}\n", "", width, line.failure);
    if (line.silent) fmt::print("{:<{}}   silent for longer than expected\n", "", width);
  }
}

int print_import(const CommandLine& line, const std::string& file) {
  const auto bytes = read_file(file, max_story_bytes);
  if (!bytes) return line.fail(exit_code::missing_input, bytes.error().message);
  const auto feeds = read_opml(*bytes);
  if (!feeds) return line.fail(exit_code::bad_data, file + ": " + feeds.error().message);
  if (!line.json()) {
    fmt::print("{}", to_yaml(*feeds));
    return exit_code::ok;
  }
  json::object sources;
  for (const auto& feed : *feeds) sources[feed.name] = {{"feed", feed.url}};
  fmt::print("{}\n", json::serialize(json::object{{"sources", std::move(sources)}}));
  return exit_code::ok;
}

}  // namespace

int sources_command(const Words& words) {
  CommandLine line(
      "sources", "[--import FILE.opml]",
      "Lists the sources: when the last story came that was not known, when feeds were fetched and are "
      "next,\n"
      "and how they are: new, good, failing, ended (gone: not asked again), watched (a folder).\n\n"
      "JSON: [{name, kind, url or path, state, silent, failure, failures, last_story, last_fetch,\n"
      "next_fetch}]");
  line.option("import", "FILE", "print the feeds of an OPML file as YAML for the configuration instead")
      .common();
  if (const auto code = line.read(words, 0, 0)) return *code;
  if (const auto file = line.get("import")) return print_import(line, *file);
  int code = exit_code::ok;
  const auto config = load_config_or_complain(line, code);
  if (!config) return code;
  const auto db = open_database(*config);
  if (db) db->execute("BEGIN");  // what is read here is of one moment
  const auto lines = list_sources(*config, db.get(), SystemClock().now());
  if (line.json())
    fmt::print("{}\n", json::serialize(to_json(lines)));
  else
    print_text(lines);
  return exit_code::ok;
}

}  // namespace crier
