// Recovery: what a crash leaves of attempts and plans.
#pragma once

#include <cstdint>
#include <vector>

#include "base/time.hpp"
#include "outbox/batch.hpp"

namespace crier {

class Sqlite;

/// At start-up, when no courier runs; in a database job. Voids all claims and what of a digest's plan is not
/// whole. Attempts that a crash interrupted become retries on `resend` channels and failures with the reason
/// "ambiguous" on the others. Returns how many there were.
std::int64_t recover(Sqlite& db, const std::vector<ChannelKind>& resend, Time now);

}  // namespace crier
