#include "story/story_groups.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <iterator>

#include <fmt/core.h>

#include "db/sqlite.hpp"
#include "db/time_column.hpp"

namespace crier {
namespace {

constexpr int same_text = 3;
constexpr int same_text_under_title = 8;
constexpr std::uint32_t telling_title = 5;  // words

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

constexpr std::size_t hash_digits = 8;

// Hashes of words, each as eight hexadecimal digits.
std::string to_column(const std::vector<std::uint32_t>& hashes) {
  std::string text;
  for (const auto hash : hashes) text += fmt::format("{:08x}", hash);
  return text;
}

std::vector<std::uint32_t> read_hashes(std::string_view text) {
  std::vector<std::uint32_t> hashes;
  for (; text.size() >= hash_digits; text.remove_prefix(hash_digits))
    std::from_chars(text.data(), text.data() + hash_digits, hashes.emplace_back(), 16);
  return hashes;
}

// Whether two titles are about the same, as far as their words tell.
bool are_alike(const TextPrint& a, const TextPrint& b) {
  if (a.title == b.title) return true;
  std::vector<std::uint32_t> common;
  std::ranges::set_intersection(a.title_words, b.title_words, std::back_inserter(common));
  return !common.empty();
}

bool is_empty(const TextPrint& print) {
  return print.title == 0 && print.words == 0;
}

// Whether a story stands in the document, by its id or by one under which it came later.
bool is_listed(Sqlite& db, const std::string& id, const std::set<std::string>* listed) {
  if (listed == nullptr) return false;
  if (listed->contains(id)) return true;
  auto rows = db.query("SELECT id FROM story_renaming WHERE former_id = ?");
  rows.bind(0, id);
  while (rows.step())
    if (listed->contains(std::string(rows.text(0)))) return true;
  return false;
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
  if (!are_alike(a, b)) return false;
  return distance(a, b) <= (a.title != 0 && a.title == b.title ? same_text_under_title : same_text);
}

void store_print(Sqlite& db, const PrintedStory& story, Time now) {
  const auto& print = story.print;
  auto insert = db.query(
      "INSERT OR IGNORE INTO text_print (story_id, source, url, seen_at, simhash, whole, title, words,"
      " quarter0, quarter1, quarter2, quarter3, published, title_words)"
      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
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
  insert.bind(13, to_column(print.title_words));
  insert.run();
}

std::int64_t drop_prints(Sqlite& db, Time before, std::int64_t most) {
  db.query(
        "DELETE FROM text_print WHERE rowid IN (SELECT rowid FROM text_print WHERE seen_at < ? ORDER BY "
        "seen_at"
        " LIMIT ?)")
      .bind(0, before.time_since_epoch().count())
      .bind(1, most)
      .run();
  return db.changes();
}

std::optional<std::string> find_renamed(Sqlite& db, const PrintedStory& story,
                                        const std::set<std::string>* listed) {
  auto rows = db.query(
      "SELECT simhash, whole, title, words, story_id, url <> '' AND url = ?2, published FROM text_print"
      " WHERE source = ?1 AND story_id <> ?4 AND ((url <> '' AND url = ?2) OR whole = ?3)"
      " ORDER BY published IS NOT ?5, seen_at, rowid LIMIT 100");
  rows.bind(0, story.source).bind(1, story.url).bind(2, as_column(story.print.whole)).bind(3, story.id);
  if (story.published) rows.bind(4, to_ms(*story.published));
  while (rows.step()) {
    const auto print = read_print(rows);
    const bool is_dated = story.published && !rows.is_null(6);
    // The weather and the markets are told each day in much the same words, perhaps at one address.
    if (is_dated && from_ms(rows.integer(6)) != *story.published) continue;
    const bool is_whole = print.whole == story.print.whole;
    const bool has_same_url = rows.integer(5) != 0;
    // What says little, as "Markets at noon", may say it each day; not with one time of publication.
    const bool is_telling = print.words >= short_text || (is_dated && !is_empty(print));
    const bool is_near = is_whole || distance(print, story.print) <= same_text_under_title;
    if (!(has_same_url ? is_near : is_whole && is_telling)) continue;
    std::string id(rows.text(4));
    if (!is_listed(db, id, listed)) return id;
  }
  return std::nullopt;
}

void store_renaming(Sqlite& db, std::string_view id, std::string_view former_id) {
  db.query(
        "INSERT OR REPLACE INTO story_renaming (id, former_id, number) VALUES (?1, ?2,"
        " (SELECT COALESCE(MAX(number), 0) + 1 FROM story_renaming WHERE former_id = ?2))")
      .bind(0, id)
      .bind(1, former_id)
      .run();
  db.query(
        "DELETE FROM story_renaming WHERE former_id = ?1 AND number <="
        " (SELECT MAX(number) FROM story_renaming WHERE former_id = ?1) - ?2")
      .bind(0, former_id)
      .bind(1, std::int64_t{max_renamings})
      .run();
}

std::string known_id(Sqlite& db, std::string_view id) {
  auto row = db.query("SELECT former_id FROM story_renaming WHERE id = ?");
  row.bind(0, id);
  return std::string(row.step() ? row.text(0) : id);
}

std::optional<Repeated> find_repeated(Sqlite& db, const PrintedStory& story, Time since, Time now) {
  const auto& print = story.print;
  if (is_empty(print)) return std::nullopt;
  auto rows = db.query(
      "SELECT p.simhash, p.whole, p.title, p.words, p.story_id, p.title_words, p.published FROM text_print p"
      " WHERE p.seen_at >= ?1 AND p.source <> ?2 AND p.story_id <> ?3"
      " AND (p.quarter0 = ?4 OR p.quarter1 = ?5 OR p.quarter2 = ?6 OR p.quarter3 = ?7 OR p.whole = ?8"
      " OR (p.title = ?9 AND p.title <> 0))"
      " AND EXISTS (SELECT 1 FROM story s WHERE s.id = p.story_id AND s.status = 'usable'"
      " AND COALESCE(s.embargo, '') <= ?10"
      " AND NOT EXISTS (SELECT 1 FROM story l WHERE l.id = s.id AND l.version > s.version))"
      " ORDER BY p.seen_at, p.rowid LIMIT 1000");
  rows.bind(0, since.time_since_epoch().count()).bind(1, story.source).bind(2, story.id);
  for (int i = 0; i < 4; ++i) rows.bind(3 + i, quarter(print.simhash, i));
  rows.bind(7, as_column(print.whole)).bind(8, as_column(print.title)).bind(9, to_rfc3339(now));
  // Many say "Markets at noon", each of markets of its own.
  const bool is_telling = print.words >= short_text || print.title_length >= telling_title;
  std::optional<Repeated> closest;
  while (rows.step()) {
    auto other = read_print(rows);
    other.title_words = read_hashes(rows.text(5));
    const bool is_of_then =
        story.published && !rows.is_null(6) && from_ms(rows.integer(6)) == *story.published;
    if (!is_same_text(other, print) || !(is_telling || is_of_then)) continue;
    const int bits = other.whole == print.whole ? 0 : distance(other, print);
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

std::int64_t drop_groups(Sqlite& db, Time before, std::int64_t most) {
  std::vector<std::int64_t> numbers;
  auto rows = db.query(
      "SELECT DISTINCT number FROM story_group g WHERE since < ?1 AND NOT EXISTS"
      " (SELECT 1 FROM story_group m WHERE m.number = g.number AND (m.since >= ?1"
      " OR EXISTS (SELECT 1 FROM story s WHERE s.id = m.story_id AND s.json <> ''))) LIMIT ?2");
  rows.bind(0, to_ms(before)).bind(1, most);
  while (rows.step()) numbers.push_back(rows.integer(0));
  for (const auto number : numbers)
    db.query("DELETE FROM story_group WHERE number = ?").bind(0, number).run();
  return std::ssize(numbers);
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
      "SELECT o.story_id, COALESCE(s.source, ''), COALESCE(s.site, ''), s.status, COALESCE(s.embargo, '')"
      " FROM story_group g"
      " JOIN story_group o ON o.number = g.number AND o.story_id <> g.story_id"
      " JOIN story s ON s.id = o.story_id"
      " WHERE g.story_id = ? AND NOT EXISTS (SELECT 1 FROM story l WHERE l.id = s.id AND l.version > "
      "s.version)"
      " ORDER BY o.since, o.rowid");
  rows.bind(0, id);
  while (rows.step())
    others.push_back({std::string(rows.text(0)), std::string(rows.text(1)), std::string(rows.text(2)),
                      parse_story_status(rows.text(3)).value_or(StoryStatus::usable),
                      parse_rfc3339(rows.text(4))});
  return others;
}

bool is_out(const GroupMember& story, Time now) {
  return story.status == StoryStatus::usable && story.embargo.value_or(now) <= now;
}

}  // namespace crier
