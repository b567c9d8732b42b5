// Old texts: the story log keeps every story's id, versions and numbers, but its text only for a time. In a
// database job.
#pragma once

#include <cstdint>

#include "base/time.hpp"

namespace crier {

class Sqlite;

/// Takes away the texts of stories that were seen before `before` and of which nothing is owed any more; of
/// at most `most`. Returns of how many.
std::int64_t drop_old_texts(Sqlite& db, Time before, std::int64_t most);

}  // namespace crier
