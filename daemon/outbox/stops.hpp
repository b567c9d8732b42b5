// Stops: what is queued and must not leave. All functions run in a database job.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/time.hpp"

namespace crier {

class Sqlite;

/// Nothing more of this chunk leaves: what is owed of it becomes suppressed for `reason`. Returns how many.
std::int64_t suppress_chunk(Sqlite& db, std::int64_t chunk_id, std::string_view reason, Time now);

/// Nothing more of this story leaves: unsettled deliveries become suppressed for `reason`, digest items are
/// dropped, also out of the messages of a batch that have not left. Returns how many readers were spared it.
std::int64_t stop_story(Sqlite& db, std::string_view story_id, std::string_view reason, Time now);

}  // namespace crier
