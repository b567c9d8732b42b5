// The old ledger: what was planned long ago, and of which nothing is owed any more, is retired, and then
// deleted little by little. What is retired is in no ledger, so that the books balance at every moment
// between. In a database job.
#pragma once

#include <cstdint>

#include "base/time.hpp"

namespace crier {

class Sqlite;

/// Retires the versions of stories that were seen before `before`, with their batches, when all of these were
/// planned before then, too; and the digests that carry none but such stories. At most `most` of each.
/// Returns how many.
std::int64_t retire_old(Sqlite& db, Time before, std::int64_t most);

/// Deletes a piece of what is retired: a few milliseconds' worth. Returns how many rows; 0 when nothing is
/// left.
std::int64_t delete_retired(Sqlite& db);

}  // namespace crier
