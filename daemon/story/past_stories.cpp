#include "story/past_stories.hpp"

#include <fmt/core.h>

#include "db/sqlite.hpp"
#include "story/story_log.hpp"

namespace crier {
namespace {

// Of the versions seen before ?2 the latest, when it is usable and was seen at ?1 or later. Rows are numbered
// in the order they come in.
std::string query_latest_usable(std::string_view columns, std::string_view rest) {
  return fmt::format(
      "SELECT {} FROM story WHERE seen_at >= ?1 AND seen_at < ?2 AND status = 'usable' AND json <> '' AND "
      "NOT EXISTS"
      " (SELECT 1 FROM story AS later WHERE later.id = story.id AND later.version > story.version"
      " AND later.seen_at < ?2) {}",
      columns, rest);
}

}  // namespace

std::optional<Time> PastStories::log_begins() const {
  auto row = db_.query("SELECT MIN(seen_at) FROM story WHERE json <> ''");
  if (!row.step() || row.is_null(0)) return std::nullopt;
  return Time(Duration(row.integer(0)));
}

std::int64_t PastStories::count() const {
  auto row = db_.query(query_latest_usable("COUNT(*)", ""));
  row.bind(0, since_.time_since_epoch().count()).bind(1, until_.time_since_epoch().count());
  row.step();
  return row.integer(0);
}

std::vector<PastStory> PastStories::next() {
  auto rows = db_.query(query_latest_usable("rowid, seen_at, id, json, typeof(json) = 'blob'",
                                            "AND rowid > ?3 ORDER BY rowid LIMIT 64"));
  rows.bind(0, since_.time_since_epoch().count())
      .bind(1, until_.time_since_epoch().count())
      .bind(2, last_row_);
  std::vector<PastStory> stories;
  while (rows.step()) {
    last_row_ = rows.integer(0);
    stories.push_back(
        {Time(Duration(rows.integer(1))), read_logged(rows.text(2), rows.blob(3), rows.integer(4) != 0)});
  }
  return stories;
}

}  // namespace crier
