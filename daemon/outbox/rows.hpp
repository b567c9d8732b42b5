// What the outbox's own files share of reading and writing its rows.
#pragma once

#include "db/time_column.hpp"
#include "outbox/claims.hpp"

namespace crier {

inline Delivery delivery_at(std::int64_t chunk_id, const Audience& audience, std::size_t position,
                            int attempts, std::string_view waited_for = {}) {
  const auto& member = audience.members[position];
  return {chunk_id, member.number,          member.reason, static_cast<std::uint32_t>(position),
          attempts, std::string(waited_for)};
}

}  // namespace crier
