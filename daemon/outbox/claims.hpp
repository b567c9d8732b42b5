// Claims: what the courier takes from the outbox, and when there is something to take. All functions run in
// a database job. A claim belongs to the running process: after a crash it is void (recovery.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "outbox/batch.hpp"

namespace crier {

class Sqlite;

/// One delivery the courier owes.
struct Delivery {
  std::int64_t chunk_id = 0;
  std::uint32_t number = 0;    ///< subscriber number
  std::uint32_t reason = 0;    ///< index into Claim::reasons
  std::uint32_t position = 0;  ///< in the chunk
  int attempts = 0;            ///< made before this one
  std::string waited_for;      ///< why it was put back, if it was
  bool in_doubt = false;       ///< an attempt may have arrived: its answer was lost
};

/// A delivery, as the courier and the database both know it.
struct DeliveryKey {
  std::int64_t chunk_id = 0;
  std::uint32_t number = 0;

  auto operator<=>(const DeliveryKey&) const = default;
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
  bool keeps_replies = false;  ///< the batch is small: the ledger has each reader's yes, too
  std::vector<std::string> reasons;
  std::vector<Delivery> deliveries;
};

/// The most urgent work of these lanes that is due on a channel: a chunk, or retries of one chunk; nullopt if
/// none.
std::optional<Claim> claim(Sqlite& db, ChannelKind channel, Time now, LaneSet lanes = all_lanes);

/// When something of these lanes that is unclaimed is due next on a channel; nullopt when nothing waits.
std::optional<Time> next_due(Sqlite& db, ChannelKind channel, LaneSet lanes = all_lanes);

}  // namespace crier
