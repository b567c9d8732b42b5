#include "story/story_groups.hpp"

#include <bit>

#include "db/sqlite.hpp"
#include "db/time_column.hpp"

namespace crier {
namespace {

constexpr int same_text = 3;
constexpr int same_text_under_title = 8;

// Of two prints that differ in at most three bits, one quarter at least is equal.
std::int64_t quarter(std::uint64_t simhash, int number) {
  return static_cast<std::int64_t>(simhash >> (16 * number) & 0xFFFF);
}

std::int64_t as_column(std::uint64_t bits) {
  return std::bit_cast<std::int64_t>(bits);
}

// Columns 0 to 3 of a row.
TextPrint read_print(const Statement& row) {
  return {std::bit_cast<std::uint64_t>(row.integer(0)), std::bit_cast<std::uint64_t>(row.integer(1)),
          std::bit_cast<std::uint64_t>(row.integer(2)), static_cast<std::uint32_t>(row.integer(3))};
}

std::optional<std::int64_t> group_number(Sqlite& db, std::string_view id) {
  auto row = db.query("SELECT number FROM story_group WHERE story_id = ?");
  row.bind(0, id);
  if (!row.step()) return std::nullopt;
  return row.integer(0);
}

void put_in_group(Sqlite& db, std::string_view id, std::int64_t number, Time now) {
  db.query("INSERT OR REPLACE INTO story_group (story_id, number, since) VALUES (?, ?, ?)")
      .bind(0, id)
      .bind(1, number)
      .bind(2, now.time_since_epoch().count())
      .run();
}

}  // namespace

int distance(const TextPrint& a, const TextPrint& b) {
  return std::popcount(a.simhash ^ b.simhash);
}

bool is_same_text(const TextPrint& a, const TextPrint& b) {
  if (a.words < short_text || b.words < short_text) return a.whole == b.whole;
  return distance(a, b) <= (a.title == b.title ? same_text_under_title : same_text);
}

void store_print(Sqlite& db, const PrintedStory& story, Time now) {
  const auto& print = story.print;
  auto insert = db.query(
      "INSERT OR IGNORE INTO text_print (story_id, source, url, seen_at, simhash, whole, title, words,"
      " quarter0, quarter1, quarter2, quarter3, published) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  insert.bind(0, story.id)
      .bind(1, story.source)
      .bind(2, story.url)
      .bind(3, now.time_since_epoch().count())
      .bind(4, as_column(print.simhash))
      .bind(5, as_column(print.whole))
      .bind(6, as_column(print.title))
      .bind(7, std::int64_t{print.words});
  for (int i = 0; i < 4; ++i) insert.bind(8 + i, quarter(print.simhash, i));
  if (story.published) insert.bind(12, to_ms(*story.published));
  insert.run();
}

void drop_prints(Sqlite& db, Time before) {
  db.query("DELETE FROM text_print WHERE seen_at < ?").bind(0, before.time_since_epoch().count()).run();
}

std::optional<std::string> find_renamed(Sqlite& db, const PrintedStory& story) {
  auto rows = db.query(
      "SELECT simhash, whole, title, words, story_id, url <> '' AND url = ?2, published FROM text_print"
      " WHERE source = ?1 AND story_id <> ?4 AND ((url <> '' AND url = ?2) OR whole = ?3) ORDER BY seen_at, "
      "rowid LIMIT 100");
  rows.bind(0, story.source).bind(1, story.url).bind(2, as_column(story.print.whole)).bind(3, story.id);
  while (rows.step()) {
    const auto print = read_print(rows);
    const bool is_whole = print.whole == story.print.whole;
    const bool has_same_url = rows.integer(5) != 0;
    // What says little, as "Markets at noon", may say it each day; not with one time of publication.
    const bool is_telling = print.words >= short_text || (story.published && !rows.is_null(6) &&
                                                          from_ms(rows.integer(6)) == *story.published);
    const bool is_near = is_whole || distance(print, story.print) <= same_text_under_title;
    if (has_same_url ? is_near : is_whole && is_telling) return std::string(rows.text(4));
  }
  return std::nullopt;
}

void store_renaming(Sqlite& db, std::string_view id, std::string_view former_id) {
  db.query("INSERT OR REPLACE INTO story_renaming (id, former_id) VALUES (?, ?)")
      .bind(0, id)
      .bind(1, former_id)
      .run();
}

std::string known_id(Sqlite& db, std::string_view id) {
  auto row = db.query("SELECT former_id FROM story_renaming WHERE id = ?");
  row.bind(0, id);
  return std::string(row.step() ? row.text(0) : id);
}

std::optional<Repeated> find_repeated(Sqlite& db, const PrintedStory& story, Time since, Time now) {
  auto rows = db.query(
      "SELECT p.simhash, p.whole, p.title, p.words, p.story_id FROM text_print p"
      " WHERE p.seen_at >= ?1 AND p.source <> ?2 AND p.story_id <> ?3"
      " AND (p.quarter0 = ?4 OR p.quarter1 = ?5 OR p.quarter2 = ?6 OR p.quarter3 = ?7 OR p.whole = ?8 OR "
      "p.title = ?9)"
      " AND EXISTS (SELECT 1 FROM story s WHERE s.id = p.story_id AND s.status = 'usable'"
      " AND COALESCE(s.embargo, '') <= ?10"
      " AND NOT EXISTS (SELECT 1 FROM story l WHERE l.id = s.id AND l.version > s.version))"
      " ORDER BY p.seen_at, p.rowid LIMIT 1000");
  rows.bind(0, since.time_since_epoch().count()).bind(1, story.source).bind(2, story.id);
  for (int i = 0; i < 4; ++i) rows.bind(3 + i, quarter(story.print.simhash, i));
  rows.bind(7, as_column(story.print.whole)).bind(8, as_column(story.print.title)).bind(9, to_rfc3339(now));
  std::optional<Repeated> closest;
  while (rows.step()) {
    const auto print = read_print(rows);
    if (!is_same_text(print, story.print)) continue;
    const int bits = print.whole == story.print.whole ? 0 : distance(print, story.print);
    if (!closest || bits < closest->distance) closest = {std::string(rows.text(4)), bits};
  }
  return closest;
}

void join_group(Sqlite& db, std::string_view id, std::string_view other, Time now) {
  auto number = group_number(db, other);
  if (!number) {
    auto next = db.query("SELECT COALESCE(MAX(number), 0) + 1 FROM story_group");
    next.step();
    number = next.integer(0);
    put_in_group(db, other, *number, now);
  }
  put_in_group(db, id, *number, now);
}

void leave_group(Sqlite& db, std::string_view id) {
  const auto number = group_number(db, id);
  if (!number) return;
  db.query("DELETE FROM story_group WHERE story_id = ?").bind(0, id).run();
  db.query(
        "DELETE FROM story_group WHERE number = ?1 AND (SELECT COUNT(*) FROM story_group WHERE number = ?1) "
        "= 1")
      .bind(0, *number)
      .run();
}

bool is_in_group(Sqlite& db, std::string_view id) {
  return group_number(db, id).has_value();
}

std::vector<GroupMember> others_in_group(Sqlite& db, std::string_view id) {
  std::vector<GroupMember> others;
  auto rows = db.query(
      "SELECT o.story_id, COALESCE(s.source, ''), COALESCE(s.site, '') FROM story_group g"
      " JOIN story_group o ON o.number = g.number AND o.story_id <> g.story_id"
      " JOIN story s ON s.id = o.story_id"
      " WHERE g.story_id = ? AND NOT EXISTS (SELECT 1 FROM story l WHERE l.id = s.id AND l.version > "
      "s.version)"
      " ORDER BY o.since, o.rowid");
  rows.bind(0, id);
  while (rows.step())
    others.push_back({std::string(rows.text(0)), std::string(rows.text(1)), std::string(rows.text(2))});
  return others;
}

}  // namespace crier
