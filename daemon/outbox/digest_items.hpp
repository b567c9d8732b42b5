// Digest items: the stories that wait for an edition, and those that an occurrence's batch carries. All
// functions run in a database job.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "outbox/batch.hpp"

namespace crier {

class Sqlite;

void add_digest_item(Sqlite& db, const DigestItem& item);

/// An audience as an item has it.
struct StoredAudience {
  std::string members;  ///< as encode_audience writes them
  std::size_t size = 0;
};
/// Pure. A large one takes a while: better on a worker.
StoredAudience to_stored(const Audience& audience);

/// From now on the item is for these.
void put_audience(Sqlite& db, std::int64_t seq, const StoredAudience& audience);
/// Adds an item like this one for some of its members, which the caller takes from it: dropped for `reason`,
/// or with none waiting. Returns its `seq`.
std::int64_t add_apart(Sqlite& db, std::int64_t seq, const StoredAudience& some, std::string_view reason);

/// The reason for which a dropped item counts as failed; for all others it is suppressed.
inline constexpr std::string_view unreadable_story = "unreadable story";
inline bool counts_as_failed(std::string_view dropped) {
  return dropped.starts_with(unreadable_story);
}
/// The reason for those readers to whom more important stories of the same occurrence were sent.
inline constexpr std::string_view digest_full = "digest full";

/// Pending items of this story, of any version, will not be sent, for `reason`. What a batch carries already
/// stays: that is leave_out's.
void drop_pending_items(Sqlite& db, std::string_view story_id, std::string_view reason);

/// Pending items of all editions but these will not be sent, for `reason`. Returns how many deliveries that
/// were, by edition.
std::map<std::string, std::int64_t> drop_items_of_others(Sqlite& db, const std::set<std::string>& editions,
                                                         std::string_view reason);

/// Pending items of an edition on one channel that may leave at `now`: the most urgent first, of these the
/// newest.
struct PendingItem {
  std::int64_t seq = 0;
  DigestItem item;
  std::int64_t batch_id = 0;  ///< of the occurrence that carries it; 0 while it waits
  std::string dropped{};      ///< why it is not sent; empty = it is
};
std::vector<PendingItem> pending_items(Sqlite& db, std::string_view edition, ChannelKind channel, Time now);
/// The same by `seq` alone: the audiences of all of them together may be more than memory should hold.
std::vector<std::int64_t> pending_keys(Sqlite& db, std::string_view edition, ChannelKind channel, Time now);
/// How many deliveries of stories wait for the editions on a channel.
std::int64_t waiting_in_digests(Sqlite& db, ChannelKind channel);
PendingItem load_item(Sqlite& db, std::int64_t seq);
/// The members of an item, as encode_audience wrote them.
std::string members_of_item(Sqlite& db, std::int64_t seq);
bool is_dropped(Sqlite& db, std::int64_t seq);

/// Ties items to the batch of the occurrence that carries them.
void assign_items(Sqlite& db, std::span<const std::int64_t> items, std::int64_t batch_id);

/// The stories of digests whose planning a crash or an error cut short wait for their edition again, as if it
/// had not begun. What a batch carried that an operator dropped by then is dropped with it; what it had not
/// taken yet waits, and is for nobody in the same occurrence (see begin_batch).
void undo_unreleased(Sqlite& db);

/// The items of an occurrence's batch in the order of pending_items, also those that were left out of it;
/// each with those of its members that are in `range`.
std::vector<PendingItem> items_of_batch(Sqlite& db, std::int64_t batch_id, NumberRange range = {});

/// Subscriber numbers to whom this edition is to bring, brings or has brought any version of this story on a
/// channel; ascending.
std::vector<std::uint32_t> owed_in_edition(Sqlite& db, std::string_view story_id, std::string_view edition,
                                           ChannelKind channel);

/// Takes an item away from these of its members (ascending, at least one). They move to an item of their own,
/// dropped for `reason`: one row, however many they are. Returns its `seq`.
std::int64_t leave_out(Sqlite& db, const PendingItem& item, std::span<const std::uint32_t> members,
                       std::string_view reason);
/// Takes it out of all messages of its batch that have not left yet; of those that may have left, since an
/// answer was lost, the reason says so (may_have_arrived). Returns how many there are.
std::int64_t leave_out_of_unsent(Sqlite& db, const PendingItem& item, std::string_view reason);
/// The same for all items of a story, of any version, that batches carry.
std::int64_t leave_out_of_batches(Sqlite& db, std::string_view story_id, std::string_view reason);
/// Messages of this batch that reached these members (ascending) have carried the item. If it was left out
/// while they were on their way, it is put back, and what waits of the story's later versions does not go to
/// these members, for `reason`.
void keep_carried(Sqlite& db, std::int64_t batch_id, std::int64_t seq, std::span<const std::uint32_t> numbers,
                  std::string_view reason);
/// The same of messages that may have reached the members: the item stays left out, but may have arrived.
/// With no `reason` the later versions stay owed.
void doubt_carried(Sqlite& db, std::int64_t batch_id, std::int64_t seq,
                   std::span<const std::uint32_t> numbers, std::string_view reason);

}  // namespace crier
