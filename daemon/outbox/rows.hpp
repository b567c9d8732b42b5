// What the outbox's own files share of reading and writing its rows.
#pragma once

#include "outbox/claims.hpp"

namespace crier {

inline std::int64_t to_ms(Time time) {
  return time.time_since_epoch().count();
}

inline Time from_ms(std::int64_t ms) {
  return Time(Duration(ms));
}

inline Delivery delivery_at(std::int64_t chunk_id, const Audience& audience, std::size_t position,
                            int attempts, std::string_view waited_for = {}) {
  const auto& member = audience.members[position];
  return {chunk_id, member.number,          member.reason, static_cast<std::uint32_t>(position),
          attempts, std::string(waited_for)};
}

}  // namespace crier
