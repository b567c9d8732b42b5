// Line: what the courier has claimed for one channel, in lanes, and what its slots are sending of it. The
// courier keeps a claim ready in each lane that has one, so that no slot waits for the outbox and what is
// urgent need not either. Loop only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "base/bell.hpp"
#include "channel/breaker.hpp"
#include "channel/channel.hpp"
#include "dispatch/claimed_batch.hpp"
#include "dispatch/message.hpp"
#include "schedule/lane_turns.hpp"

namespace crier {

/// A claim, and how much of it slots have taken.
struct HeldClaim {
  explicit HeldClaim(LoadedClaim loaded)
      : batch(std::move(loaded.batch)), deliveries(std::move(loaded.deliveries)), letters(*batch) {}

  std::size_t left() const { return deliveries.size() - taken; }

  std::shared_ptr<const ClaimedBatch> batch;
  std::vector<Delivery> deliveries;
  std::size_t taken = 0;
  bool doubted = false;  ///< its deliveries may be owed no more
  Letters letters;
};

/// What a slot has taken of a claim.
struct Handful {
  std::shared_ptr<HeldClaim> held;
  std::span<const Delivery> deliveries;
};

class Line {
 public:
  /// `channel` outlives this.
  Line(const boost::asio::any_io_executor& loop, Channel& channel);

  /// Keeps a claim that has deliveries until slots take it.
  void add(std::shared_ptr<HeldClaim> claim, bool doubted);
  /// What slots have taken of a claim and given back goes before all else of its lane.
  void put_back(std::shared_ptr<HeldClaim> claim);
  /// As much as the channel likes at once, of the lane whose turn it is; nullopt when there is nothing, or
  /// the channel takes no more at `now`. Rings `work_owed` when a lane begins to run low.
  std::optional<Handful> take(Time now);
  /// All that is left of a claim whose time is over at `now`, whatever the channel takes: it is not sent.
  std::optional<Handful> take_expired(Time now);
  /// When the time of the first that it keeps is over.
  Time next_expiry() const;
  /// Of these lanes the outbox is asked for more.
  LaneSet low_lanes() const;
  /// What was taken from the outbox may be owed no more.
  void doubt();
  /// What it keeps of this story up to this version is settled.
  void drop(std::string_view story_id, std::uint32_t version);
  /// The outbox may hold something that it did not hold before.
  void look_again();
  /// The outbox has answered. Returns whether deliveries of its answer may be owed no more.
  bool answered();

  /// Whether it has, or is about to have, deliveries that it took from the outbox.
  bool holds_work() const;
  /// Whether an alert with an earlier version of the story is being sent to the same reader.
  bool sends_earlier(const Story& story, std::uint32_t number) const;
  /// Whether a message that has something to do with the story is being sent, be it an alert or a digest.
  bool sends(std::string_view story_id) const;
  /// Deliveries that slots are sending.
  std::size_t in_flight() const;

  Channel& channel;
  Bell work_ready;                      ///< a slot may find something to take, or the courier drains
  Bell work_owed;                       ///< the outbox is to be asked
  bool asking = false;                  ///< it was, and its answer is not here yet
  bool doubts_answer = false;           ///< which may be of deliveries that are owed no more
  bool is_to_ask = true;                ///< it may answer something else than the last time
  std::vector<const Handful*> sending;  ///< what the slots hold
  unsigned concurrency = 0;             ///< of the channel, when slots were last told
  bool is_paced = false;                ///< the channel had an allowance then
  std::int64_t sent = 0;
  Breaker breaker;

 private:
  using Queue = std::deque<std::shared_ptr<HeldClaim>>;

  Handful take_of(std::size_t lane, Queue::iterator held, std::size_t most);

  std::array<Queue, lane_count> ready_;
  std::array<std::size_t, lane_count> left_{};  // deliveries in each
  LaneTurns turns_;
};

}  // namespace crier
