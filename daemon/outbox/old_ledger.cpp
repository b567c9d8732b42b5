#include "outbox/old_ledger.hpp"

#include <optional>
#include <string>
#include <vector>

#include "db/sqlite.hpp"
#include "db/time_column.hpp"
#include "outbox/rows.hpp"

namespace crier {
namespace {

// Whether a batch is younger than ?1, or something of it is owed.
const auto is_needed =
    std::string("(b.created_at >= ?1 OR EXISTS (SELECT 1 FROM chunk c WHERE c.batch_id = b.id AND ")
        .append(is_owed_of_chunk)
        .append("))");

std::vector<std::int64_t> keys(Sqlite& db, const std::string& sql, Time before, std::int64_t most) {
  std::vector<std::int64_t> out;
  auto rows = db.query(sql);
  rows.bind(0, to_ms(before)).bind(1, most);
  while (rows.step()) out.push_back(rows.integer(0));
  return out;
}

std::vector<std::int64_t> old_stories(Sqlite& db, Time before, std::int64_t most) {
  return keys(db,
              std::string("SELECT s.rowid FROM story s WHERE s.retired = 0 AND s.seen_at < ?1"
                          " AND NOT EXISTS (SELECT 1 FROM batch b WHERE b.story_id = s.id"
                          " AND b.story_version = s.version AND ") +
                  is_needed +
                  ") AND NOT EXISTS (SELECT 1 FROM digest_item i LEFT JOIN batch b ON b.id = i.batch_id"
                  " WHERE i.story_id = s.id AND i.story_version = s.version"
                  " AND CASE WHEN i.batch_id IS NULL THEN i.dropped IS NULL AND i.size > 0 ELSE " +
                  is_needed + " END) ORDER BY s.seen_at LIMIT ?2",
              before, most);
}

std::vector<std::int64_t> old_digests(Sqlite& db, Time before, std::int64_t most) {
  return keys(db,
              std::string("SELECT b.id FROM batch b WHERE b.retired = 0 AND b.edition IS NOT NULL AND NOT ") +
                  is_needed +
                  " AND NOT EXISTS (SELECT 1 FROM digest_item i JOIN story s ON s.id = i.story_id"
                  " AND s.version = i.story_version WHERE i.batch_id = b.id AND s.retired = 0) LIMIT ?2",
              before, most);
}

std::int64_t changes_of(Sqlite& db, std::string_view sql, std::int64_t batch_id) {
  db.query(sql).bind(0, batch_id).run();
  return db.changes();
}

// Its parts before itself.
std::int64_t delete_of_batch(Sqlite& db, std::int64_t batch_id) {
  for (const auto* sql :
       {"DELETE FROM exception WHERE (chunk_id, number) IN (SELECT e.chunk_id, e.number FROM chunk c"
        " JOIN exception e ON e.chunk_id = c.id WHERE c.batch_id = ? LIMIT 2000)",
        "DELETE FROM reply WHERE chunk_id IN (SELECT id FROM chunk WHERE batch_id = ?)",
        "DELETE FROM chunk WHERE id IN (SELECT id FROM chunk WHERE batch_id = ? LIMIT 64)",
        "DELETE FROM digest_item WHERE seq IN (SELECT seq FROM digest_item WHERE batch_id = ? LIMIT 1)",
        "DELETE FROM batch WHERE id = ?"}) {
    if (const auto deleted = changes_of(db, sql, batch_id); deleted > 0) return deleted;
  }
  return 0;
}

}  // namespace

std::int64_t retire_old(Sqlite& db, Time before, std::int64_t most) {
  const auto stories = old_stories(db, before, most);
  for (const auto story : stories) {
    db.query("UPDATE story SET retired = 1 WHERE rowid = ?").bind(0, story).run();
    db.query(
          "UPDATE batch SET retired = 1 WHERE (story_id, story_version)"
          " = (SELECT id, version FROM story WHERE rowid = ?)")
        .bind(0, story)
        .run();
  }
  const auto digests = old_digests(db, before, most);
  for (const auto digest : digests)
    db.query("UPDATE batch SET retired = 1 WHERE id = ?").bind(0, digest).run();
  return static_cast<std::int64_t>(stories.size() + digests.size());
}

std::int64_t delete_retired(Sqlite& db) {
  std::optional<std::int64_t> batch;
  {
    auto row = db.query("SELECT id FROM batch WHERE retired = 1 LIMIT 1");
    if (row.step()) batch = row.integer(0);
  }
  if (batch) return delete_of_batch(db, *batch);
  // What was dropped before there was a batch.
  db.execute(
      "DELETE FROM digest_item WHERE seq IN (SELECT i.seq FROM digest_item i JOIN story s ON s.id = "
      "i.story_id"
      " AND s.version = i.story_version WHERE i.batch_id IS NULL AND s.retired = 1 LIMIT 4)");
  return db.changes();
}

}  // namespace crier
