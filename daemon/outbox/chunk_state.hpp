// ChunkState: which members of a chunk are settled, and when they were, as its row keeps it. All functions
// run in a database job.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/time.hpp"
#include "outbox/members.hpp"

namespace crier {

class Sqlite;

struct ChunkState {
  std::int64_t id = 0;
  std::int64_t batch_id = 0;
  SettledBits settled{0};
  std::int64_t size = 0;
  std::int64_t open = 0;
  bool is_claimed = false;  ///< by a courier, not held by a pause
  bool left_out = false;  ///< a digest: something was left out of messages of its batch after it was planned
  std::optional<Time> settled_from;  ///< of the deliveries that did not have to wait
  std::optional<Time> settled_until;
  LateMarks late;

  void note_settled(Time at) {
    settled_from = std::min(settled_from.value_or(at), at);
    settled_until = std::max(settled_until.value_or(at), at);
  }

  /// Members with an exception row that is not final. Without any, an unset bit means that there is no row.
  std::int64_t waiting() const { return size - static_cast<std::int64_t>(settled.count()) - open; }
};

/// Throws std::runtime_error when there is no such chunk.
ChunkState load_chunk(Sqlite& db, std::int64_t chunk_id);
void store_chunk(Sqlite& db, const ChunkState& chunk);

}  // namespace crier
