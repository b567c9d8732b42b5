// Spared readers: those to whom a story does not go because another source's report of the same was theirs
// already. When that one comes to nothing, this one is owed to them after all. In a database job.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/time.hpp"

namespace crier {

class Sqlite;

/// The reason for which they are spared it.
inline constexpr std::string_view reported_before = "reported before";

/// Readers who were spared the other stories of this one's group, and have none of the group or are owed none
/// now, are owed the first of these that is usable, better one without an embargo: alerts from `now` on,
/// digest items in the next occurrence. With `numbers` (ascending) only these subscribers are looked at.
/// Returns how many deliveries that are.
std::int64_t release_spared(Sqlite& db, std::string_view story_id, Time now,
                            std::span<const std::uint32_t> numbers = {});

}  // namespace crier
