// The ledger of one reader: what she got, when and why, and what she did not get. And the ledger delivery by
// delivery, for exports. Read-only; on any connection, also beside a running daemon. Bounded by one chunk of
// a batch, one digest item's audience, a few bytes for each story of a reader's that is in no batch, and what
// the caller keeps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "outbox/batch.hpp"

namespace crier {

class Sqlite;

enum class DeliveryState { delivered, queued, suppressed, failed };

constexpr std::string_view to_string(DeliveryState state) {
  switch (state) {
    case DeliveryState::delivered:
      return "delivered";
    case DeliveryState::queued:
      return "queued";
    case DeliveryState::suppressed:
      return "suppressed";
    case DeliveryState::failed:
      return "failed";
  }
  return "queued";
}

/// A story that a digest brings to this reader.
struct CarriedStory {
  std::string id;
  std::uint32_t version = 0;
  std::string title;
  std::string reason;    ///< why it is for her: "You follow China and Russia"
  std::string left_out;  ///< why it is not in the message; empty = it is
};

/// A delivery of the ledger: a message owed to one reader, or a story that waits for a digest or was dropped
/// before there was one.
struct LedgerDelivery {
  std::uint32_t number = 0;  ///< of the subscriber
  std::string batch_uid;     ///< empty: it is in no batch
  std::int64_t batch_id = 0;
  Subject subject;  ///< with a story and an edition: the story waits, or did, for that edition
  std::string title;
  ChannelKind channel = ChannelKind::email;
  Lane lane = Lane::alert;
  std::string reason;  ///< why it is for her; of a digest see `stories`
  DeliveryState state = DeliveryState::queued;
  std::string detail;  ///< why it is suppressed, has failed, or waits; empty = it was simply not its turn
  int attempts = 0;    ///< 0 = not known: delivered at the first, or not tried
  Time planned_at{};
  /// When it ended: between the two, which are those of the deliveries that left together.
  std::optional<Time> settled_from;
  std::optional<Time> settled_until;
  std::optional<Time> due_at;  ///< when it is queued: not before
  std::string reply;           ///< what the other side said last; a yes where it is kept
  std::vector<CarriedStory> stories;

  /// "UID-NUMBER": what is in its Message-ID or webhook-id; empty when it is in no batch.
  std::string delivery_id() const;
};

/// The newest `most` deliveries of a subscriber to `take`, newest first. True when there are older ones. It
/// reads more than once: where the daemon may be writing, call it in a transaction.
bool walk_reader_ledger(Sqlite& db, std::uint32_t number, std::size_t most,
                        const std::function<void(const LedgerDelivery&)>& take);

/// The same, kept.
struct ReaderLedger {
  std::vector<LedgerDelivery> deliveries;
  bool has_more = false;  ///< there are older ones
};
ReaderLedger read_reader_ledger(Sqlite& db, std::uint32_t number, std::size_t most);

/// The number under which the outbox knows a subscriber, also one that has left; nullopt when there was none.
std::optional<std::uint32_t> number_of_subscriber(Sqlite& db, std::string_view id);

/// Its id; the number itself, where nobody has it.
std::string subscriber_name(Sqlite& db, std::uint32_t number);

/// One delivery by its id; nullopt when there is none.
std::optional<LedgerDelivery> find_delivery(Sqlite& db, std::string_view delivery_id);

/// Each delivery of the ledger, or of one story or batch (its id or uid), to `take`: those of batches, the
/// oldest first, then the stories in no batch. Of a digest each message is one, without its stories; those of
/// a story are, of the digests that carry it, the messages for whose readers it is. False when `what` names
/// nothing.
bool walk_deliveries(Sqlite& db, std::string_view what,
                     const std::function<void(const LedgerDelivery&)>& take);

}  // namespace crier
