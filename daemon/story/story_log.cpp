#include "story/story_log.hpp"

#include <boost/json.hpp>
#include <fmt/core.h>

#include "base/compression.hpp"
#include "db/sqlite.hpp"
#include "db/time_column.hpp"
#include "story/parse.hpp"

namespace crier {

std::string_view to_string(Novelty novelty) {
  switch (novelty) {
    case Novelty::fresh:
      return "new";
    case Novelty::update:
      return "update";
    case Novelty::unchanged:
      return "unchanged";
    case Novelty::outdated:
      return "outdated";
    case Novelty::dead:
      return "canceled earlier";
    case Novelty::held:
      return "withheld by the newsroom";
  }
  return "new";
}

Verdict judge(const Story& story, const std::optional<KnownStory>& known) {
  if (!known) return {Novelty::fresh, story.version == 0 ? 1 : story.version};
  if (is_told_by(known->content_hash, story)) return {Novelty::unchanged, known->version};
  // A story that was killed for legal reasons must not come back by a re-import.
  if (known->status == StoryStatus::canceled) return {Novelty::dead, known->version};
  if (story.version == 0) return {Novelty::update, known->version + 1};
  if (story.version > known->version) return {Novelty::update, story.version};
  // A source that forgot to count on: what it says now is what it means.
  if (story.version == known->version) return {Novelty::update, known->version + 1};
  // A stop needs no higher number: an editor who kills a story must not lose to a counter.
  if (story.status != StoryStatus::usable && known->status == StoryStatus::usable)
    return {Novelty::update, known->version + 1};
  return {Novelty::outdated, known->version};
}

std::optional<KnownStory> find_known(Sqlite& db, std::string_view id) {
  auto row = db.query(
      "SELECT version, content_hash, status,"
      " (SELECT COALESCE(source, '') FROM story WHERE id = ?1 ORDER BY version LIMIT 1),"
      " title, COALESCE(url, ''), COALESCE(source, ''), noted, COALESCE(put_at, seen_at)"
      " FROM story WHERE id = ?1 ORDER BY version DESC LIMIT 1");
  row.bind(0, id);
  if (!row.step()) return std::nullopt;
  return KnownStory{static_cast<std::uint32_t>(row.integer(0)),
                    std::string(row.blob(1)),
                    parse_story_status(row.text(2)).value_or(StoryStatus::usable),
                    std::string(row.text(3)),
                    std::string(row.text(4)),
                    std::string(row.text(5)),
                    std::string(row.text(6)),
                    row.integer(7) != 0,
                    from_ms(row.integer(8))};
}

bool was_said_before(Sqlite& db, const Story& story, std::uint32_t latest) {
  auto row = db.query("SELECT 1 FROM story WHERE id = ? AND version < ? AND content_hash IN (?, ?)");
  row.bind(0, story.id)
      .bind(1, std::int64_t{latest})
      .bind_blob(2, content_hash(story))
      .bind_blob(3, content_hash(story, Times::counted));
  return row.step();
}

void note_said_again(Sqlite& db, std::string_view id, std::uint32_t version, Time put_at) {
  db.query("UPDATE story SET put_at = ? WHERE id = ? AND version = ?")
      .bind(0, to_ms(put_at))
      .bind(1, id)
      .bind(2, std::int64_t{version})
      .run();
}

std::string text_for_log(const Story& story) {
  return compress(boost::json::serialize(to_json(story)));
}

void store_story(Sqlite& db, const Story& story, const Planned& planned, Time now) {
  const auto made = planned.text.empty() ? text_for_log(story) : std::string();
  const auto text = planned.text.empty() ? std::string_view(made) : planned.text;
  auto insert = db.query(
      "INSERT INTO story (id, version, content_hash, status, title, seen_at, matched, url, embargo, source,"
      " site, json, planned, noted, put_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  insert.bind(0, story.id)
      .bind(1, std::int64_t{story.version})
      .bind_blob(2, content_hash(story))
      .bind(3, to_string(story.status))
      .bind(4, story.title)
      .bind(5, now.time_since_epoch().count())
      .bind(6, planned.matched)
      .bind(7, story.url)
      .bind(8, story.embargo ? to_rfc3339(*story.embargo) : "")
      .bind(9, story.source)
      .bind(10, story.site)
      .bind_blob(11, text)
      .bind(12, planned.is_whole ? 1 : 0)
      .bind(13, planned.is_noted ? 1 : 0);
  if (planned.put_at) insert.bind(14, to_ms(*planned.put_at));
  insert.run();
  db.query("INSERT OR REPLACE INTO source (name, last_story) VALUES (?, ?)")
      .bind(0, story.source)
      .bind(1, to_ms(now))
      .run();
}

void note_planned(Sqlite& db, std::string_view id, std::uint32_t version, std::int64_t more,
                  bool is_planned) {
  db.query("UPDATE story SET matched = matched + ?, planned = ? WHERE id = ? AND version = ?")
      .bind(0, more)
      .bind(1, is_planned ? 1 : 0)
      .bind(2, id)
      .bind(3, std::int64_t{version})
      .run();
}

std::vector<StoryVersion> unplanned_stories(Sqlite& db) {
  std::vector<StoryVersion> stories;
  auto rows = db.query("SELECT id, version, seen_at FROM story WHERE planned = 0");
  while (rows.step())
    stories.push_back({std::string(rows.text(0)), static_cast<std::uint32_t>(rows.integer(1)),
                       Time(Duration(rows.integer(2)))});
  return stories;
}

std::map<std::string, Time> last_stories(Sqlite& db) {
  std::map<std::string, Time> out;
  auto rows = db.query("SELECT name, last_story FROM source");
  while (rows.step()) out.emplace(rows.text(0), from_ms(rows.integer(1)));
  return out;
}

Result<Story> read_logged(std::string_view id, std::string_view kept, bool is_compressed) {
  if (kept.empty()) return Error{fmt::format("story {}: its text is no longer in the story log", id)};
  const auto text = is_compressed ? decompress(kept, max_story_bytes) : Result(std::string(kept));
  if (!text) return Error{fmt::format("story log, {}: {}", id, text.error().message)};
  ParseOptions options;
  options.format = "json";
  options.file_name = fmt::format("story log, {}", id);
  auto parsed = parse_stories(*text, options);
  if (!parsed) return parsed.error();
  if (parsed->stories.empty()) return Error{options.file_name + ": holds no story"};
  return std::move(parsed->stories.front());
}

Result<Story> load_story(Sqlite& db, std::string_view id, std::uint32_t version) {
  auto row = db.query(
      "SELECT json, typeof(json) = 'blob' FROM story WHERE id = ?1 AND (?2 = 0 OR version = ?2)"
      " ORDER BY version DESC LIMIT 1");
  row.bind(0, id).bind(1, std::int64_t{version});
  if (!row.step()) return Error{fmt::format("story {} is not in the story log", id)};
  return read_logged(id, row.blob(0), row.integer(1) != 0);
}

}  // namespace crier
