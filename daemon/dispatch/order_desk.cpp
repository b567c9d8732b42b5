#include "dispatch/order_desk.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <fmt/core.h>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/workers.hpp"
#include "db/database.hpp"
#include "dispatch/courier.hpp"
#include "outbox/audit.hpp"
#include "outbox/held.hpp"

namespace crier {

namespace asio = boost::asio;

std::vector<std::uint32_t> numbers_in(const SubscriberBook& book, std::string_view domain,
                                      ChannelKind channel) {
  std::vector<std::uint32_t> numbers;
  for (const auto subscriber : book.subscribers()) {
    if (domain_of(channel, subscriber.address(channel)) == domain)
      numbers.push_back(book.number_of(subscriber.index()));
  }
  std::ranges::sort(numbers);
  return numbers;
}

std::string result_of(const CarriedOut& carried) {
  const auto& [report, endings, unended, batch] = carried;
  if (report.order.act != Act::drop) return result_of(report);
  auto result = fmt::format("{} stopped", carried.stopped());
  const auto add = [&](std::int64_t count, std::string_view words) {
    if (count > 0) result += fmt::format(", {} {}", count, words);
  };
  add(endings.left, "have left all the same");
  add(endings.failed, "were refused");
  add(report.in_doubt + endings.ambiguous, "may have arrived");
  add(unended, "are still being sent");
  return result;
}

std::optional<BatchLedger> dropped_batch(Sqlite& db, const OrderReport& report) {
  if (report.order.act != Act::drop || report.order.target.kind != TargetKind::batch) return std::nullopt;
  const auto uid = find_batch(db, report.order.target.name);
  if (!uid) return std::nullopt;
  auto ledger = read_ledger(db, *uid);
  return ledger && !ledger->batches.empty() ? std::optional(ledger->batches.front()) : std::nullopt;
}

asio::awaitable<Result<CarriedOut>> OrderDesk::carry_out(Order order) {
  OrderContext context;
  context.relays = parts_.relays();
  std::map<ChannelKind, std::vector<std::uint32_t>> numbers;
  if (order.target.kind == TargetKind::domain) {
    const auto book = parts_.newsroom()->book;
    co_await parts_.workers.run([&] {
      for (const auto channel : all_channels)
        numbers[channel] = numbers_in(*book, order.target.name, channel);
    });
  }
  context.numbers_in = [&](std::string_view /*domain*/, ChannelKind channel) { return numbers[channel]; };
  const auto now = parts_.clock.now();
  // Asked before the outbox changes: what is taken from it meanwhile is asked for again, behind the change.
  if (order.act == Act::drop) parts_.courier.doubt();
  context.being_sent = parts_.courier.being_sent();
  CarriedOut carried;
  std::vector<Pause> pauses;
  auto report = co_await parts_.database.run([&](Sqlite& db) {
    auto done = crier::carry_out(db, std::move(order), context, now);
    pauses = load_pauses(db);
    return done;
  });
  if (!report) co_return report.error();
  carried.report = *std::move(report);
  const auto& done = carried.report.order;
  parts_.courier.obey(Pauses(std::move(pauses)));
  if (done.act == Act::pause) parts_.courier.recall();
  parts_.courier.wake();
  changed_.ring();
  log::warn("outbox.order", {{"what", fmt::format("{} {}", to_string(done.act), to_string(done.target))},
                             {"who", done.who},
                             {"why", done.why},
                             {"result", result_of(carried.report)}});
  if (done.act == Act::drop) co_await await_endings(carried);
  co_return carried;
}

// What was being sent may have left, and the report says so.
asio::awaitable<void> OrderDesk::await_endings(CarriedOut& carried) {
  using namespace asio::experimental::awaitable_operators;
  const auto& under_way = carried.report.under_way;
  co_await (parts_.courier.ended(under_way) || parts_.clock.sleep_for(std::chrono::minutes(1)));
  const auto still_sent = parts_.courier.being_sent();
  std::vector<DeliveryKey> ended;
  std::ranges::copy_if(under_way, std::back_inserter(ended),
                       [&](const DeliveryKey& key) { return !std::ranges::binary_search(still_sent, key); });
  carried.unended = static_cast<std::int64_t>(under_way.size() - ended.size());
  std::string failure;
  try {
    co_await parts_.database.run([&](Sqlite& db) {
      carried.endings = endings_of(db, ended);
      carried.batch = dropped_batch(db, carried.report);
      correct_result(db, carried.report.audit_id, result_of(carried));
    });
  } catch (const SqliteError& e) {
    failure = e.what();
  }
  if (failure.empty()) co_return;
  carried.endings = {};
  carried.batch.reset();
  carried.unended = static_cast<std::int64_t>(under_way.size());
  log::error("outbox.unreadable", {{"what", failure}});
}

asio::awaitable<void> OrderDesk::run() {
  for (;;) {
    const auto next = co_await end_due();
    if (next)
      co_await changed_.wait_until(parts_.clock, *next);
    else
      co_await changed_.wait();
  }
}

// Ends what is over. Returns when to look again; nullopt when nothing is paused.
asio::awaitable<std::optional<Time>> OrderDesk::end_due() {
  const auto now = parts_.clock.now();
  const auto soon = now + std::chrono::minutes(1);  // what is held may expire meanwhile
  std::vector<Pause> ended;
  std::vector<Pause> left;
  std::string failure;
  try {
    co_await parts_.database.run([&](Sqlite& db) {
      ended = end_due_pauses(db, now);
      left = load_pauses(db);
    });
  } catch (const SqliteError& e) {
    failure = e.what();
  }
  if (!failure.empty()) {
    log::error("outbox.unreadable", {{"what", failure}});
    co_return soon;
  }
  for (const auto& pause : ended)
    log::warn("pause.ended", {{"what", to_string(pause.target)}, {"since", to_rfc3339(pause.since)}});
  Pauses pauses(std::move(left));
  const auto next = pauses.next_end();
  parts_.courier.obey(std::move(pauses));
  parts_.courier.wake();
  co_return next ? std::optional(std::min(*next, soon)) : std::nullopt;
}

}  // namespace crier
