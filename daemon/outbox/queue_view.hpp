// The queue as an operator looks at it: what waits, where, since when and why. Read-only; on any connection,
// also beside a running daemon.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "outbox/batch.hpp"

namespace crier {

class Sqlite;

/// Deliveries of a batch that wait for the same reason.
struct WaitingRetries {
  std::string reason;
  std::int64_t deliveries = 0;
  Time next_due;
};

struct QueuedBatch {
  std::int64_t batch_id = 0;
  std::string uid;
  Subject subject;
  std::string title;  ///< of an alert's story
  ChannelKind channel = ChannelKind::email;
  Lane lane = Lane::alert;
  std::int64_t queued = 0;   ///< all that is owed, retries included
  std::int64_t held = 0;     ///< of these: held as a whole until the end of a pause
  std::int64_t expired = 0;  ///< of those held: past their time
  std::optional<Time> oldest_due;
  std::optional<Time> expires_at;  ///< the first of them
  std::vector<WaitingRetries> waiting;
};

/// Stories that wait for an edition's next occurrence.
struct QueuedEdition {
  std::string edition;
  ChannelKind channel = ChannelKind::email;
  std::int64_t stories = 0;
  std::int64_t deliveries = 0;
};

struct Queue {
  std::vector<QueuedBatch> batches;  ///< by channel and lane, the oldest first
  std::vector<QueuedEdition> editions;
};

Queue read_queue(Sqlite& db, Time now);

/// The channel and number of each delivery of a batch that is owed.
void walk_owed(Sqlite& db, const std::function<void(ChannelKind channel, std::uint32_t number)>& take);

}  // namespace crier
