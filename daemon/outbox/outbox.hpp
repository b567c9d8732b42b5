// The outbox: the durable line between the two belts. Intake adds batches, the courier claims chunks and
// settles deliveries. All functions run in a database job (db/database.hpp), inside its transaction.
// After a crash: what was added is there, what was settled stays settled, and claims are void.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "outbox/batch.hpp"

namespace crier {

class Sqlite;

/// Adds a batch, its members cut into chunks. Returns its id.
std::int64_t add_batch(Sqlite& db, const BatchPlan& plan, Time now);

/// One delivery the courier owes.
struct Delivery {
  std::int64_t chunk_id = 0;
  std::uint32_t number = 0;    ///< subscriber number
  std::uint32_t reason = 0;    ///< index into Claim::reasons
  std::uint32_t position = 0;  ///< in the chunk
  int attempts = 0;            ///< made before this one
};

/// Deliveries of one chunk, held by this process until they are settled or it ends.
struct Claim {
  std::int64_t batch_id = 0;
  std::string batch_uid;
  Subject subject;
  ChannelKind channel = ChannelKind::email;
  Lane lane = Lane::alert;
  Time created_at;  ///< of the batch
  Time due_at;      ///< of the chunk
  Time expires_at;
  std::vector<std::string> reasons;
  std::vector<Delivery> deliveries;
};

/// The most urgent work that is due on a channel: a chunk, or retries of one chunk; nullopt if none.
std::optional<Claim> claim(Sqlite& db, ChannelKind channel, Time now);

/// When something unclaimed is due next on a channel; nullopt when nothing waits.
std::optional<Time> next_due(Sqlite& db, ChannelKind channel);

/// The lane of the most urgent unclaimed work that is due.
std::optional<Lane> waiting_lane(Sqlite& db, ChannelKind channel, Time now);

enum class Settlement { delivered, failed, suppressed, retry };

/// What became of an attempt, or why there was none.
struct Settled {
  Delivery delivery;
  ChannelKind channel = ChannelKind::email;
  Lane lane = Lane::alert;
  Settlement settlement = Settlement::delivered;
  int attempts = 0;
  Time due_at;         ///< of a retry
  std::string reason;  ///< short and countable
  std::string reply;
};

/// Records them; those of one chunk cost one read and one write of its bits. Settling a delivery that was
/// stopped meanwhile keeps what really happened: it was delivered, or it stays stopped.
void settle(Sqlite& db, std::span<const Settled> settled, Time now);

/// For channels that cannot recognise a repeat: written before the attempt, so that a crash leaves a trace.
/// False when the delivery was settled meanwhile (its story was stopped): it must not be attempted.
[[nodiscard]] bool mark_sending(Sqlite& db, const Delivery& delivery, ChannelKind channel, Lane lane,
                                Time now);

/// At start-up, when no courier runs: voids all claims. Attempts that a crash interrupted become retries on
/// `resend` channels and failures with the reason "ambiguous" on the others. Returns how many there were.
std::int64_t recover(Sqlite& db, const std::vector<ChannelKind>& resend, Time now);

/// Nothing more of this story leaves: unsettled deliveries become suppressed for `reason`, pending digest
/// items are dropped. Returns the number of deliveries stopped.
std::int64_t stop_story(Sqlite& db, std::string_view story_id, std::string_view reason, Time now);

void add_digest_item(Sqlite& db, const DigestItem& item);

/// Pending items of an edition on one channel, oldest first.
struct PendingItem {
  std::int64_t seq = 0;
  DigestItem item;
};
std::vector<PendingItem> pending_items(Sqlite& db, std::string_view edition, ChannelKind channel);

/// Ties items to the batch of the occurrence that carries them.
void assign_items(Sqlite& db, const std::vector<PendingItem>& items, std::int64_t batch_id);

/// The items an occurrence's batch carries, oldest first.
std::vector<PendingItem> items_of_batch(Sqlite& db, std::int64_t batch_id);

/// Subscriber numbers that have, or are still owed, an alert of any version of this story on a channel;
/// ascending. Those for whom it failed or was suppressed are not among them.
std::vector<std::uint32_t> already_owed(Sqlite& db, std::string_view story_id, ChannelKind channel);

/// Deliveries not yet settled, and the oldest due time among them, for metrics.
struct QueueState {
  std::int64_t depth = 0;
  std::optional<Time> oldest_due;
};
QueueState queue_state(Sqlite& db, ChannelKind channel);

}  // namespace crier
