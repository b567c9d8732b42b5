// Gate: whether what a slot has taken from the outbox may leave now. What may not is settled without an
// attempt: its story was stopped, its reader is not to be written to, it is too late or too early, or an
// operator holds it. Called by the courier on the loop, right before each attempt.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "dispatch/message.hpp"
#include "dispatch/newsroom.hpp"
#include "outbox/pauses.hpp"
#include "outbox/settlements.hpp"

namespace crier {

struct ClaimedBatch;
struct Handful;
struct HeldClaim;
class Line;
struct Part;
class Recorder;
class SuppressionList;

/// A delivery of a handful that has not been settled.
struct Ready {
  const Delivery* delivery = nullptr;
  std::optional<Subscriber> subscriber;  ///< nobody any more
  std::string address;                   ///< the subscriber's on the channel; empty = none
  MessageParts contents;
  bool asked = false;  ///< the outbox, whether it is still owed
  bool owed = true;
};

/// What is recorded of a delivery without an attempt.
Settled unattempted(const ClaimedBatch& batch, const Delivery& delivery, Settlement settlement,
                    std::string reason, Time now);

class Gate {
 public:
  /// All outlive this.
  Gate(Clock& clock, const SuppressionList& suppressions, Recorder& recorder)
      : clock_(clock), suppressions_(suppressions), recorder_(recorder) {}

  /// Deliveries of this story up to this version are not to leave any more, for `reason`.
  void stop_story(const std::string& story_id, std::uint32_t version, std::string_view reason);
  /// Whether an alert is of a story that was stopped: all of it is settled.
  bool has_stopped(const Subject& subject) const;
  /// Nothing is held that was taken from the outbox before a story was stopped.
  void forget_stopped() { stopped_.clear(); }
  /// What is to wait from now on, in place of what was before.
  void obey(Pauses pauses) { pauses_ = std::move(pauses); }

  /// The deliveries of a handful that are to be attempted now. What is decided of the others goes to
  /// `settled`. The outbox is asked where it may know more; where a repeat cannot be told, the attempts are
  /// noted there.
  boost::asio::awaitable<std::vector<Ready>> check(const Line& line, const Handful& handful,
                                                   const Newsroom& newsroom, std::vector<Settled>& settled);
  /// The parts of this reader's message that may still leave; when there are none, the reason is that of the
  /// last one that there was.
  MessageParts contents_for(const ClaimedBatch& batch, const Delivery& delivery) const;

 private:
  struct Stop {
    std::uint32_t version = 0;
    std::string reason;
  };

  std::string reason_to_suppress(ChannelKind channel, const Ready& ready) const;
  const std::string* reason_to_stop(const Part& part) const;
  std::optional<Settled> held_back(const Line& line, const ClaimedBatch& batch, const Ready& ready,
                                   const Newsroom& newsroom, Time now) const;
  bool asks_outbox(const Line& line, const HeldClaim& held, const Ready& ready) const;
  boost::asio::awaitable<void> ask_outbox(const Line& line, const HeldClaim& held, std::vector<Ready>& ready,
                                          Time now);

  Clock& clock_;
  const SuppressionList& suppressions_;
  Recorder& recorder_;
  std::map<std::string, Stop> stopped_;  // story id → up to which version nothing leaves, and why
  Pauses pauses_;
};

}  // namespace crier
