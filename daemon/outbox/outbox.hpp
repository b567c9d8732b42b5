// The outbox: the durable line between the two belts. Intake adds batches, the courier claims chunks
// (claims.hpp) and settles deliveries (settlements.hpp); stories wait for their edition in digest_items.hpp.
// All functions run in a database job (db/database.hpp), inside its transaction; what was added is there
// after a crash.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "outbox/batch.hpp"

namespace crier {

class Sqlite;

/// Adds a batch, its members cut into chunks. Returns its id.
std::int64_t add_batch(Sqlite& db, const BatchPlan& plan, Time now);

/// A batch that is planned in several transactions: begun, continued with more of the same plan, and released
/// when it is whole. Until then it is queued for the ledger, and nobody claims it. One of an occurrence
/// whose batch an operator dropped before a crash or an error ended its planning is that batch, and for
/// nobody.
std::int64_t begin_batch(Sqlite& db, const BatchPlan& plan, Time now);
void continue_batch(Sqlite& db, std::int64_t batch_id, const BatchPlan& plan, Time now);
void release_batch(Sqlite& db, std::int64_t batch_id);
/// Why an operator dropped a batch whole; empty when nobody did.
std::string dropped_for(Sqlite& db, std::int64_t batch_id);
/// Those that were begun and not released.
std::vector<std::int64_t> unreleased_batches(Sqlite& db);
/// As if it had never been; but what an operator decided of it stays (see begin_batch).
void undo_batch(Sqlite& db, std::int64_t batch_id);

/// Adds members to the batch of the same subject, channel and lane, or where there is none a new one. Those
/// that it has already must not be among them. Of one that an operator has dropped they are suppressed.
void grow_batch(Sqlite& db, const BatchPlan& plan, Time now);
/// Subscriber numbers that are in an alert of this version on a channel, whatever became of it; ascending.
std::vector<std::uint32_t> members_of_alert(Sqlite& db, std::string_view story_id, std::uint32_t version,
                                            ChannelKind channel);

/// Subscriber numbers that have, or are still owed, an alert of any version of this story on a channel;
/// ascending. Those for whom it failed or was suppressed are not among them.
std::vector<std::uint32_t> already_owed(Sqlite& db, std::string_view story_id, ChannelKind channel);

/// Deliveries not yet settled, and when the first of them was to leave, for metrics. One that waits for a
/// retry is due since its first attempt was.
struct QueueState {
  std::int64_t depth = 0;
  std::optional<Time> oldest_due;
};
QueueState queue_state(Sqlite& db, ChannelKind channel);

/// All deliveries that are owed, as the ledger counts them: those that wait for their edition, too.
std::int64_t queued_deliveries(Sqlite& db);

}  // namespace crier
