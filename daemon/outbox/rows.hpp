// What the outbox's own files share of reading and writing its rows.
#pragma once

#include <string_view>

#include "db/time_column.hpp"
#include "outbox/claims.hpp"

namespace crier {

/// In SQL: whether something of the chunk `c` is owed. By the index of what waits for another attempt: a
/// chunk may have thousands of exceptions that do not.
inline constexpr std::string_view is_owed_of_chunk =
    "(c.open > 0 OR EXISTS (SELECT 1 FROM exception e INDEXED BY exception_owed WHERE e.chunk_id = c.id"
    " AND e.channel = c.channel AND e.lane = c.lane AND e.state IN ('retry', 'sending')))";

inline Delivery delivery_at(std::int64_t chunk_id, const Audience& audience, std::size_t position,
                            int attempts, std::string_view waited_for = {}) {
  const auto& member = audience.members[position];
  return {chunk_id, member.number,          member.reason, static_cast<std::uint32_t>(position),
          attempts, std::string(waited_for)};
}

}  // namespace crier
