// The courier: the belt that sends what the outbox owes. Each channel has a line of its own with as many
// slots as it may use at once; a slot takes a handful of the most urgent deliveries, checks that they may
// still leave, sends them and has the outcomes written before it takes the next. So a crash repeats at most
// what the slots held; what a power cut repeats, Recorder says. Runs on the loop; the outbox is reached
// through the database thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/crypto.hpp"
#include "channel/channel.hpp"
#include "dispatch/claimer.hpp"
#include "dispatch/domain_paces.hpp"
#include "dispatch/gate.hpp"
#include "dispatch/newsroom.hpp"
#include "dispatch/next_editions.hpp"
#include "dispatch/recorder.hpp"
#include "outbox/orders.hpp"
#include "outbox/pauses.hpp"
#include "outbox/settlements.hpp"

namespace crier {

class Database;
class Metrics;
struct ClaimedBatch;
struct Handful;
class SuppressionList;
class TaskGroup;

class Courier {
 public:
  struct Parts {
    Database& database;
    Clock& clock;
    SuppressionList& suppressions;
    Metrics& metrics;
    std::vector<Channel*> channels;
    std::function<std::shared_ptr<const Newsroom>()> newsroom;  ///< the current snapshot
    std::string unsubscribe_key;
    Duration write_distance{};            ///< see Recorder
    std::vector<DomainLimits> domains{};  ///< of e-mail
  };
  Courier(boost::asio::any_io_executor loop, Parts parts);
  ~Courier();
  Courier(const Courier&) = delete;
  Courier& operator=(const Courier&) = delete;

  /// Starts the slots of every line.
  void start(TaskGroup& tasks);
  /// There is new work in the outbox.
  void wake();
  /// For a database job that makes new work.
  std::shared_ptr<Claimer::Along> claim_along() { return claimer_.along(); }
  /// Deliveries of this story up to this version are not to leave any more, for `reason`; the outbox knows
  /// already.
  void stop_story(const std::string& story_id, std::uint32_t version, std::string_view reason);
  /// What is to wait from now on, in place of what was before.
  void obey(Pauses pauses);
  /// Deliveries that were taken from the outbox may be owed no more: the outbox is asked before they leave.
  void doubt();
  /// What channels were given and have not begun is looked at again before it leaves.
  void recall();
  /// Deliveries that are being sent at this moment; ascending.
  std::vector<DeliveryKey> being_sent() const;
  /// Returns when none of these, ascending, is being sent any more.
  boost::asio::awaitable<void> ended(std::vector<DeliveryKey> deliveries);
  /// How a channel's line is.
  struct LineState {
    ChannelKind channel = ChannelKind::email;
    std::size_t in_flight = 0;
    Duration breaker_pause{};            ///< zero: it sends
    std::string breaker_reason;          ///< of the last failure, if any since the last success
    std::vector<RelayState> relays{};    ///< of e-mail
    std::vector<DomainState> domains{};  ///< of e-mail: those that are sent to with restraint
  };
  std::vector<LineState> lines() const;
  /// Takes nothing new, and finishes what is being sent, for which a channel may wait for `patience`. What it
  /// has not begun stays in the outbox as it was. Returns when no slot is sending.
  boost::asio::awaitable<void> drain(Duration patience);
  /// Deliveries being sent at this moment.
  std::size_t in_flight() const;
  /// Deliveries that were made since the start.
  std::int64_t sent() const;

 private:
  boost::asio::awaitable<void> run_slot(Line& line);
  std::optional<Handful> take(Line& line);
  boost::asio::awaitable<void> wait_for_work(Line& line);
  void prepare(Line& line, HeldClaim& held) const;
  void forget_stopped();
  boost::asio::awaitable<void> deliver(Line& line, const Handful& handful);
  void pace(const HeldClaim& held, std::vector<Ready>& ready, std::vector<Settled>& settled);
  boost::asio::awaitable<void> attempt(Line& line, const Handful& handful,
                                       const std::shared_ptr<const Newsroom>& newsroom,
                                       const std::vector<Ready>& ready, std::vector<Settled>& settled);
  static void take_back(Line& line, const HeldClaim& held, std::vector<Delivery> recalled);
  Outgoing address(HeldClaim& held, const std::shared_ptr<const Newsroom>& newsroom,
                   const Ready& ready) const;
  void send_in_digest(const HeldClaim& held, const std::shared_ptr<const Newsroom>& newsroom,
                      std::vector<Settled>& settled);
  void tell_domain(std::string_view address, const Outcome& outcome, Time now);
  static void tell_breaker(Line& line, const Outcome& outcome, Time now);
  boost::asio::awaitable<void> give_up_endpoint(ChannelKind channel, const Subscriber& subscriber);
  void account_for(Line& line, const ClaimedBatch& batch, const Settled& settled, const Newsroom& newsroom);

  boost::asio::any_io_executor loop_;
  Parts parts_;
  HmacSha256 unsubscribe_key_;
  DomainPaces domains_;
  std::optional<NextEditions> next_editions_;
  Bell sent_;  // a handful was sent and recorded
  bool draining_ = false;
  Recorder recorder_;
  Gate gate_;
  std::vector<std::unique_ptr<Line>> lines_;
  Claimer claimer_;
};

}  // namespace crier
