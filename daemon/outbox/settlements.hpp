// Settlements: what became of deliveries, or that they are not to be made. All functions run in a database
// job. After a crash: what was settled stays settled.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "outbox/claims.hpp"

namespace crier {

class Sqlite;

enum class Settlement { delivered, failed, suppressed, retry };

/// What became of an attempt, or why there was none.
struct Settled {
  Delivery delivery;
  ChannelKind channel = ChannelKind::email;
  Lane lane = Lane::alert;
  Settlement settlement = Settlement::delivered;
  int attempts = 0;
  Time due_at;                          ///< of a retry; of all others when they ended
  std::string reason;                   ///< short and countable
  std::string reply;                    ///< of what was delivered: where it is to be kept
  std::vector<std::int64_t> carried{};  ///< the digest items that were in the message
  bool expired = false;                 ///< its time was over, or would have been before the next attempt
  std::string edition{};                ///< of a suppressed alert: it brings the story instead
  bool is_stop = false;                 ///< not by whoever attempts it, so that an attempt may be under way
};

/// The reason for which a later version of a story does not go to a reader.
inline constexpr std::string_view had_earlier_version = "had an earlier version";

/// The reason for which a delivery fails that may have arrived, and must not be repeated.
inline constexpr std::string_view ambiguous = "ambiguous";

/// What the reason of a delivery ends with that is not attempted again, though the answer to an attempt was
/// lost.
inline constexpr std::string_view may_have_arrived = ", may have arrived";

/// Records them; those of one chunk cost one read and one write of its bits. Settling a delivery that was
/// stopped meanwhile keeps what really happened: it was delivered, or may have been, and a later version that
/// is owed instead of it becomes suppressed as had_earlier_version; or it stays stopped. What is suppressed
/// although the answer to an attempt was lost says so (may_have_arrived). Whose message fails is owed what
/// they were spared because of it: see spared.hpp.
void settle(Sqlite& db, std::span<const Settled> settled, Time now);

/// For channels that cannot recognise a repeat: written before the attempt, so that a crash leaves a trace.
/// False when the delivery was settled meanwhile (its story was stopped): it must not be attempted.
[[nodiscard]] bool mark_sending(Sqlite& db, const Delivery& delivery, ChannelKind channel, Lane lane,
                                Time now);

/// An alert that was stopped has arrived, or may have: later versions of its story that are owed to the same
/// reader become suppressed as had_earlier_version.
void spare_later_versions(Sqlite& db, const DeliveryKey& alert, ChannelKind channel, Time now);

/// Whether a delivery is still owed: it was not settled meanwhile.
[[nodiscard]] bool is_owed(Sqlite& db, const Delivery& delivery);

}  // namespace crier
