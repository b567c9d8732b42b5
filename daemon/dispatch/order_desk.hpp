// The order desk: carries out an operator's orders beside the courier that runs, so that they count at once,
// also for what it has taken from the outbox already; and ends pauses when their time is over. On the loop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/bell.hpp"
#include "dispatch/newsroom.hpp"
#include "outbox/ledger.hpp"
#include "outbox/orders.hpp"

namespace crier {

class Clock;
class Courier;
class Database;
class Sqlite;
class Workers;

/// An order that was carried out.
struct CarriedOut {
  OrderReport report;
  Endings endings;                     ///< of what was dropped while it was being sent
  std::int64_t unended = 0;            ///< of the same: goes on for longer than anybody waits
  std::optional<BatchLedger> batch{};  ///< a batch from which something was dropped, afterwards

  /// Dropped, and not delivered, refused or perhaps delivered before or all the same.
  std::int64_t stopped() const {
    return report.stopped - report.in_doubt - endings.left - endings.failed - endings.ambiguous - unended;
  }
};

/// One line, as the audit log has it when what was being sent has ended: "487570 stopped, 62 have left all
/// the same, 2 may have arrived".
std::string result_of(const CarriedOut& carried);

/// The subscribers, by number and ascending, whose address on a channel is in a domain.
std::vector<std::uint32_t> numbers_in(const SubscriberBook& book, std::string_view domain,
                                      ChannelKind channel);

/// The batch of an order that has dropped something of it. In a database job, or beside the daemon.
std::optional<BatchLedger> dropped_batch(Sqlite& db, const OrderReport& report);

class OrderDesk {
 public:
  struct Parts {
    Database& database;
    Workers& workers;
    Clock& clock;
    Courier& courier;
    std::function<std::shared_ptr<const Newsroom>()> newsroom;
    std::function<std::map<std::string, std::optional<ChannelKind>>()> relays;  ///< as in OrderContext
  };
  OrderDesk(boost::asio::any_io_executor loop, Parts parts) : parts_(std::move(parts)), changed_(loop) {}

  /// An Error, or a SqliteError that is thrown, changed nothing. A drop returns when what was being sent has
  /// ended, or after a minute.
  boost::asio::awaitable<Result<CarriedOut>> carry_out(Order order);
  /// Ends by cancellation only.
  boost::asio::awaitable<void> run();

 private:
  boost::asio::awaitable<std::optional<Time>> end_due();
  boost::asio::awaitable<void> await_endings(CarriedOut& carried);

  Parts parts_;
  Bell changed_;  // the pauses
};

}  // namespace crier
