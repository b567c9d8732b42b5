// Digest items: the stories that wait for an edition, and those that an occurrence's batch carries. All
// functions run in a database job.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "outbox/batch.hpp"

namespace crier {

class Sqlite;

void add_digest_item(Sqlite& db, const DigestItem& item);

/// Pending items of this story, of any version, will not be sent, for `reason`.
void drop_pending_items(Sqlite& db, std::string_view story_id, std::string_view reason);

/// Pending items of an edition on one channel that may leave at `now`, oldest first.
struct PendingItem {
  std::int64_t seq = 0;
  DigestItem item;
};
std::vector<PendingItem> pending_items(Sqlite& db, std::string_view edition, ChannelKind channel, Time now);

/// Ties items to the batch of the occurrence that carries them.
void assign_items(Sqlite& db, const std::vector<PendingItem>& items, std::int64_t batch_id);

/// The items an occurrence's batch carries, oldest first.
std::vector<PendingItem> items_of_batch(Sqlite& db, std::int64_t batch_id);

}  // namespace crier
