// Orders: what an operator changes in the outbox by hand. Each leaves the books balanced, and is told to a
// courier that runs by whoever carries it out (dispatch/order_desk.hpp). In a database job.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "outbox/claims.hpp"
#include "outbox/target.hpp"

namespace crier {

class Sqlite;

enum class Act : std::uint8_t { retry, drop, pause, resume };

std::string_view to_string(Act act);
std::optional<Act> parse_act(std::string_view word);

struct Order {
  Act act = Act::retry;
  Target target;
  std::string why;  ///< one line, never empty
  std::string who;
  Duration lasts{};  ///< of a pause
};

/// What is wrong with an order, whatever the outbox holds: a pause of a reason, nothing said about why.
Result<void> check_order(const Order& order);

/// What an order has to know beside the outbox.
struct OrderContext {
  /// The subscribers, by number and ascending, whose address on a channel is in a domain.
  std::function<std::vector<std::uint32_t>(std::string_view domain, ChannelKind channel)> numbers_in;
  /// The relays that there are, and the channel that one is all of.
  std::map<std::string, std::optional<ChannelKind>> relays;
  /// What a courier sends at this moment; ascending. It may leave although it is dropped, which settling it
  /// will say.
  std::vector<DeliveryKey> being_sent{};
};

struct OrderReport {
  Order order;                           ///< with a batch's id in place of its uid
  std::int64_t due_now = 0;              ///< retry: waited for their time, and do no more
  std::int64_t held = 0;                 ///< of these: they wait for the end of a pause all the same
  std::int64_t stopped = 0;              ///< drop
  std::vector<DeliveryKey> under_way{};  ///< of these: were being sent
  std::int64_t in_doubt = 0;             ///< of the others: the answer to an attempt was lost
  std::optional<Time> until{};           ///< pause
  std::int64_t audit_id = 0;             ///< of the entry in the audit log
};

/// Checks and carries out an order, and notes it in the audit log. A retry leaves alone what waits for an
/// embargo, for quiet hours or for a pause; what is dropped is suppressed as "dropped: WHY", or as "dropped:
/// WHY, may have arrived". An Error changes nothing.
Result<OrderReport> carry_out(Sqlite& db, Order order, const OrderContext& context, Time now);

/// One line, as far as it is known at once: "487636 stopped, 64 of them while they were being sent, 2 may
/// have arrived before".
std::string result_of(const OrderReport& report);

/// How deliveries that were dropped while they were being sent have ended.
struct Endings {
  std::int64_t left = 0;       ///< delivered
  std::int64_t stopped = 0;    ///< not taken by the other side
  std::int64_t failed = 0;     ///< refused by it
  std::int64_t ambiguous = 0;  ///< may have arrived
};
Endings endings_of(Sqlite& db, const std::vector<DeliveryKey>& deliveries);

}  // namespace crier
