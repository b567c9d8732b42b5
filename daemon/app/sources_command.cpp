#include <algorithm>
#include <map>

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
#include "schedule/feed_memory.hpp"
#include "schedule/hub_lease.hpp"
#include "story/parse.hpp"
#include "story/story_log.hpp"

namespace crier {
namespace {

namespace json = boost::json;

// What the database knows of a source's stories.
struct Heard {
  std::optional<Time> last_story;    // that was not known
  std::optional<Time> silent_since;  // when it is silent for longer than expected
};

Heard heard_of(const ExpectedSource& source, const std::map<std::string, Time>& last, Time now) {
  Heard heard;
  if (const auto found = last.find(source.name); found != last.end()) heard.last_story = found->second;
  if (is_silent(source, heard.last_story, now)) heard.silent_since = silent_since(source, heard.last_story);
  return heard;
}

struct SourceLine {
  std::string name;
  std::string kind;   // "folder", "feed"
  std::string place;  // a path, or the URL of the configuration
  Heard heard;
  std::optional<FeedMemory> memory;  // of a feed
  std::optional<Time> hub_until{};   // when its hub sends what is new
};

std::string state_of(const FeedMemory& memory) {
  if (!memory.ended.empty()) return "ended: " + memory.ended;
  if (memory.polled_at == Time{}) return "not asked yet";
  return memory.failure.empty() ? "well" : "failing: " + memory.failure;
}

bool is_well(const SourceLine& line) {
  return !line.heard.silent_since &&
         (!line.memory || (line.memory->ended.empty() && line.memory->failure.empty()));
}

std::vector<SourceLine> list_sources(const Config& config, Sqlite* db, Time now) {
  std::map<std::string, Time> last;
  if (db != nullptr) last = last_stories(*db);
  std::vector<SourceLine> lines;
  const auto add = [&](const std::string& name, std::string kind, std::string place,
                       auto expect) -> SourceLine& {
    const auto since = db == nullptr ? std::nullopt : find_first_seen(*db, "source since/" + name);
    lines.push_back({name,
                     std::move(kind),
                     std::move(place),
                     heard_of({name, expect, since.value_or(now)}, last, now),
                     {}});
    return lines.back();
  };
  for (const auto& folder : config.folders) add(folder.name, "folder", folder.path.string(), folder.expect);
  for (const auto& feed : config.feeds) {
    auto& line = add(feed.name, "feed", feed.url, feed.expect);
    auto& memory = line.memory.emplace();
    memory.url = feed.url;
    if (db == nullptr) continue;
    memory = load_feed(*db, feed.name, feed.url);
    if (const auto lease = load_lease(*db, feed.name); lease.is_active(now))
      line.hub_until = lease.expires_at;
  }
  return lines;
}

std::string time_words(const std::optional<Time>& time) {
  return time && *time != Time{} ? to_rfc3339(std::chrono::floor<std::chrono::seconds>(*time)) : "-";
}

void print_text(const SourceLine& line) {
  if (const auto& memory = line.memory) {
    fmt::print("{}  feed {}\n  {}; asked {}, new {}, next {}\n", line.name, memory->address(),
               state_of(*memory), time_words(memory->polled_at), time_words(line.heard.last_story),
               memory->ended.empty() ? time_words(memory->next_at) : "never");
  } else {
    fmt::print("{}  folder {}\n  new {}\n", line.name, line.place, time_words(line.heard.last_story));
  }
  if (line.hub_until) fmt::print("  its hub sends until {}\n", time_words(line.hub_until));
  if (line.heard.silent_since)
    fmt::print("  silent since {}, longer than expected\n", time_words(line.heard.silent_since));
}

json::object to_json(const SourceLine& line) {
  json::object out{{"source", line.name}, {line.kind, line.place}};
  const auto put = [&](std::string_view key, const std::optional<Time>& time) {
    if (time && *time != Time{}) out[key] = to_rfc3339(*time);
  };
  put("new_at", line.heard.last_story);
  put("silent_since", line.heard.silent_since);
  if (!line.memory) return out;
  const auto& memory = *line.memory;
  out["address"] = memory.address();
  out["state"] = state_of(memory);
  out["failures"] = memory.pace.failures;
  put("polled_at", memory.polled_at);
  put("hub_until", line.hub_until);
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
                   "Lists the sources of stories: when each had something new, and whether it is silent for "
                   "longer\nthan expected; of feeds whether they are well, when they were asked and are "
                   "asked again. Exits 1\nwhen one is silent, failing, or has ended.");
  line.option("import", "FILE", "print the feeds of an OPML list as a sources: section instead").common();
  if (const auto code = line.read(words, 0, 0)) return *code;
  if (const auto file = line.get("import")) return print_import(line, *file);
  int code = 0;
  const auto config = load_config_or_complain(line, code);
  if (!config) return code;
  const auto db = open_database(*config);
  if (db) db->execute("BEGIN");  // what is read here is of one moment
  const auto lines = list_sources(*config, db.get(), SystemClock().now());
  json::array listed;
  for (const auto& source : lines) {
    if (line.json())
      listed.push_back(to_json(source));
    else
      print_text(source);
  }
  if (line.json()) fmt::print("{}\n", json::serialize(listed));
  return std::ranges::all_of(lines, is_well) ? exit_code::ok : exit_code::no_match;
}

}  // namespace crier
