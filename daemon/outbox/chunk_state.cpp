#include "outbox/chunk_state.hpp"

#include <stdexcept>

#include "db/sqlite.hpp"
#include "db/time_column.hpp"
#include "outbox/digest_items.hpp"

namespace crier {

ChunkState load_chunk(Sqlite& db, std::int64_t chunk_id) {
  auto row = db.query(
      "SELECT batch_id, settled, size, open, claimed, EXISTS (SELECT 1 FROM digest_item i"
      " WHERE i.batch_id = chunk.batch_id AND i.dropped IS NOT NULL AND i.dropped <> ?2),"
      " settled_from, settled_until, late FROM chunk WHERE id = ?1");
  row.bind(0, chunk_id).bind(1, digest_full);
  if (!row.step()) throw std::runtime_error("the outbox has lost a chunk: the database is damaged");
  const auto time = [&](int column) {
    return row.is_null(column) ? std::nullopt : std::optional(from_ms(row.integer(column)));
  };
  return {chunk_id,       row.integer(0),        SettledBits(row.blob(1)), row.integer(2),
          row.integer(3), row.integer(4) == 1,   row.integer(5) != 0,      time(6),
          time(7),        LateMarks(row.blob(8))};
}

void store_chunk(Sqlite& db, const ChunkState& chunk) {
  auto update = db.query(
      "UPDATE chunk SET settled = ?, open = ?, settled_from = ?, settled_until = ?, late = ? WHERE id = ?");
  update.bind_blob(0, chunk.settled.bytes()).bind(1, chunk.open).bind(5, chunk.id);
  if (chunk.settled_from) update.bind(2, to_ms(*chunk.settled_from));
  if (chunk.settled_until) update.bind(3, to_ms(*chunk.settled_until));
  if (!chunk.late.bytes().empty()) update.bind_blob(4, chunk.late.bytes());
  update.run();
}

}  // namespace crier
