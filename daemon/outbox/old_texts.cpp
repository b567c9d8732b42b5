#include "outbox/old_texts.hpp"

#include <string>

#include "db/sqlite.hpp"
#include "outbox/rows.hpp"

namespace crier {

std::int64_t drop_old_texts(Sqlite& db, Time before, std::int64_t most) {
  const auto owed_chunk =
      std::string("SELECT 1 FROM chunk c WHERE c.batch_id = b.id AND ").append(is_owed_of_chunk);
  const auto sql = std::string(
                       "UPDATE story SET json = '' WHERE rowid IN (SELECT s.rowid FROM story s"
                       " WHERE s.seen_at < ?1 AND s.json <> ''"
                       " AND NOT EXISTS (SELECT 1 FROM batch b WHERE b.story_id = s.id"
                       " AND b.story_version = s.version AND EXISTS (") +
                   owed_chunk +
                   "))"
                   " AND NOT EXISTS (SELECT 1 FROM digest_item i WHERE i.story_id = s.id"
                   " AND i.story_version = s.version AND i.dropped IS NULL AND i.size > 0 AND (i.batch_id IS "
                   "NULL OR EXISTS"
                   " (SELECT 1 FROM batch b WHERE b.id = i.batch_id AND EXISTS (" +
                   owed_chunk + ")))) ORDER BY s.seen_at LIMIT ?2)";
  db.query(sql).bind(0, before.time_since_epoch().count()).bind(1, most).run();
  return db.changes();
}

}  // namespace crier
