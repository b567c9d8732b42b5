#include "outbox/orders.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <span>
#include <stdexcept>
#include <utility>

#include <fmt/core.h>

#include "db/sqlite.hpp"
#include "outbox/audit.hpp"
#include "outbox/held.hpp"
#include "outbox/rows.hpp"
#include "outbox/settlements.hpp"
#include "outbox/stops.hpp"

namespace crier {
namespace {

std::optional<DeliveryKey> find_key(Sqlite& db, std::string_view delivery_id) {
  const auto id = parse_delivery_id(delivery_id);
  if (!id) return std::nullopt;
  auto rows = db.query(
      "SELECT c.id, c.members FROM batch b JOIN chunk c ON c.batch_id = b.id"
      " WHERE b.uid = ?1 AND c.first_number <= ?2 AND c.last_number >= ?2");
  rows.bind(0, id->batch_uid).bind(1, std::int64_t{id->number});
  while (rows.step()) {
    const auto audience = decode_audience(rows.blob(1), {id->number, id->number});
    if (!audience.members.empty()) return DeliveryKey{rows.integer(0), id->number};
  }
  return std::nullopt;
}

// The chunks for which something is owed, of those that `condition` names by ?1.
std::vector<std::int64_t> owed_chunks(Sqlite& db, std::string_view condition, std::string_view value) {
  std::vector<std::int64_t> chunks;
  auto rows =
      db.query(fmt::format("SELECT c.id FROM chunk c WHERE c.open > 0 AND {0}"
                           " UNION SELECT c.id FROM exception e JOIN chunk c ON c.id = e.chunk_id"
                           " WHERE e.state IN ('retry', 'sending') AND {0}",
                           condition));
  rows.bind(0, value);
  while (rows.step()) chunks.push_back(rows.integer(0));
  return chunks;
}

std::string lane_number(std::string_view name) {
  auto lane = 0;
  while (to_string(static_cast<Lane>(lane)) != name) ++lane;
  return std::to_string(lane);
}

std::vector<std::int64_t> chunks_of(Sqlite& db, const Target& target) {
  switch (target.kind) {
    case TargetKind::batch:
      return owed_chunks(db, "c.batch_id = CAST(?1 AS INTEGER)", target.name);
    case TargetKind::lane:
      return owed_chunks(db, "c.lane = CAST(?1 AS INTEGER)", lane_number(target.name));
    case TargetKind::channel:
      return owed_chunks(db, "c.channel = ?1", target.name);
    case TargetKind::reason:
      return owed_chunks(db,
                         "EXISTS (SELECT 1 FROM exception x WHERE x.chunk_id = c.id AND x.state = 'retry' "
                         "AND x.reason = ?1)",
                         target.name);
    case TargetKind::delivery:
      if (const auto key = find_key(db, target.name)) return {key->chunk_id};
      return {};
    case TargetKind::domain:
    case TargetKind::relay:
      break;
  }
  return owed_chunks(db, "?1 = ?1", "");
}

// Whether a delivery of one of the target's chunks is the target's, too.
class Selection {
 public:
  Selection(Sqlite& db, const Target& target, const OrderContext& context)
      : db_(db), target_(target), context_(context) {
    if (target.kind == TargetKind::delivery) delivery_ = find_key(db, target.name);
  }

  /// All of a chunk's deliveries are.
  bool is_all() const {
    return target_.kind == TargetKind::batch || target_.kind == TargetKind::lane ||
           target_.kind == TargetKind::channel;
  }

  bool holds(ChannelKind channel, std::int64_t chunk_id, std::uint32_t number) {
    if (is_all()) return true;
    if (target_.kind == TargetKind::delivery) return delivery_ && delivery_->number == number;
    if (target_.kind == TargetKind::domain) {
      auto known = numbers_.find(channel);
      if (known == numbers_.end())
        known = numbers_.emplace(channel, context_.numbers_in(target_.name, channel)).first;
      return std::ranges::binary_search(known->second, number);
    }
    auto row = db_.query(
        "SELECT 1 FROM exception WHERE chunk_id = ? AND number = ? AND state = 'retry' AND reason = ?");
    row.bind(0, chunk_id).bind(1, std::int64_t{number}).bind(2, target_.name);
    return row.step();
  }

 private:
  Sqlite& db_;
  const Target& target_;
  const OrderContext& context_;
  std::optional<DeliveryKey> delivery_;
  std::map<ChannelKind, std::vector<std::uint32_t>> numbers_;
};

struct OwedChunk {
  std::int64_t id = 0;
  ChannelKind channel = ChannelKind::email;
  Lane lane = Lane::alert;
  Audience audience;
  SettledBits settled{0};
  bool is_untouched = false;  // no courier has it, and none of its members is settled or waits
};

OwedChunk load_owed(Sqlite& db, std::int64_t id) {
  auto row = db.query(
      "SELECT channel, lane, members, settled, open = size AND claimed <> 1 FROM chunk WHERE id = ?");
  row.bind(0, id);
  if (!row.step()) throw std::runtime_error("the outbox has lost a chunk: the database is damaged");
  return {id,
          parse_channel(row.text(0)).value_or(ChannelKind::email),
          static_cast<Lane>(row.integer(1)),
          decode_audience(row.blob(2)),
          SettledBits(row.blob(3)),
          row.integer(4) != 0};
}

// Which of those that are being sent are of this chunk.
std::span<const DeliveryKey> sent_of(const std::vector<DeliveryKey>& being_sent, std::int64_t chunk_id) {
  const auto [first, last] = std::ranges::equal_range(being_sent, chunk_id, {}, &DeliveryKey::chunk_id);
  return {first, last};
}

// Those of a chunk that wait for a retry because the answer to an attempt was lost; ascending.
std::vector<DeliveryKey> load_doubts(Sqlite& db, std::int64_t chunk_id) {
  std::vector<DeliveryKey> doubts;
  auto rows = db.query(
      "SELECT number FROM exception WHERE chunk_id = ? AND state IN ('retry', 'sending') AND in_doubt = 1"
      " ORDER BY number");
  rows.bind(0, chunk_id);
  while (rows.step()) doubts.push_back({chunk_id, static_cast<std::uint32_t>(rows.integer(0))});
  return doubts;
}

// Some of the members of an untouched chunk move to one that is suppressed: one row, however many they are.
void split_off(Sqlite& db, const OwedChunk& chunk, const std::vector<Settled>& stopped,
               std::string_view reason, Time now) {
  std::vector<Member> gone;
  for (const auto& each : stopped) gone.push_back({each.delivery.number, each.delivery.reason});
  auto kept = chunk.audience.members;
  std::erase_if(kept, [&](const Member& member) {
    return std::ranges::binary_search(gone, member.number, {}, &Member::number);
  });
  SettledBits settled(gone.size());
  for (std::size_t i = 0; i < gone.size(); ++i) settled.set(i);
  const auto& reasons = chunk.audience.reasons;
  db.query(
        "INSERT INTO chunk (batch_id, channel, lane, due_at, expires_at, members, size, settled, open, "
        "suppressed,"
        " first_number, last_number, settled_from, settled_until)"
        " SELECT batch_id, channel, lane, due_at, expires_at, ?2, ?3, ?4, 0, ?5, ?6, ?7, ?8, ?8 FROM chunk"
        " WHERE id = ?1")
      .bind(0, chunk.id)
      .bind_blob(1, encode_audience(audience_of(gone, reasons)))
      .bind(2, static_cast<std::int64_t>(gone.size()))
      .bind_blob(3, settled.bytes())
      .bind(4, reason)
      .bind(5, std::int64_t{gone.front().number})
      .bind(6, std::int64_t{gone.back().number})
      .bind(7, to_ms(now))
      .run();
  db.query("UPDATE chunk SET members = ?2, size = ?3, open = ?3, settled = ?4 WHERE id = ?1")
      .bind(0, chunk.id)
      .bind_blob(1, encode_audience(audience_of(kept, reasons)))
      .bind(2, static_cast<std::int64_t>(kept.size()))
      .bind_blob(3, SettledBits(kept.size()).bytes())
      .run();
}

std::string dropped_for(const Order& order) {
  return "dropped: " + order.why;
}

void drop_of_chunk(Sqlite& db, std::int64_t chunk_id, Selection& selection, const OrderContext& context,
                   Time now, OrderReport& report) {
  const auto sent = sent_of(context.being_sent, chunk_id);
  const auto reason = dropped_for(report.order);
  const auto doubts = load_doubts(db, chunk_id);
  if (selection.is_all() && sent.empty()) {
    report.in_doubt += static_cast<std::int64_t>(doubts.size());
    report.stopped += suppress_chunk(db, chunk_id, reason, now);
    return;
  }
  const auto chunk = load_owed(db, chunk_id);
  std::vector<Settled> stopped;
  for (std::size_t i = 0; i < chunk.audience.members.size(); ++i) {
    const auto number = chunk.audience.members[i].number;
    if (chunk.settled.test(i) || !selection.holds(chunk.channel, chunk_id, number)) continue;
    stopped.push_back({.delivery = delivery_at(chunk_id, chunk.audience, i, 0),
                       .channel = chunk.channel,
                       .lane = chunk.lane,
                       .settlement = Settlement::suppressed,
                       .attempts = 0,
                       .due_at = now,
                       .reason = reason,
                       .reply = {},
                       .is_stop = true});
    const DeliveryKey key{chunk_id, number};
    if (std::ranges::binary_search(sent, key))
      report.under_way.push_back(key);
    else if (std::ranges::binary_search(doubts, key))
      ++report.in_doubt;
  }
  if (!chunk.is_untouched || stopped.empty())
    settle(db, stopped, now);
  else if (stopped.size() == chunk.audience.members.size())
    suppress_chunk(db, chunk_id, reason, now);
  else
    split_off(db, chunk, stopped, reason, now);
  report.stopped += static_cast<std::int64_t>(stopped.size());
}

// What is dropped whole is not for those either who are yet to be added: of a story by intake, of a digest
// that is being planned.
void close_growing(Sqlite& db, const Target& target, std::string_view reason) {
  const std::string_view which = target.kind == TargetKind::batch  ? "id = CAST(?2 AS INTEGER)"
                                 : target.kind == TargetKind::lane ? "lane = CAST(?2 AS INTEGER)"
                                                                   : "channel = ?2";
  db.query(fmt::format(
               "UPDATE batch SET dropped = ?1 WHERE {} AND dropped IS NULL AND ((story_id, story_version)"
               " IN (SELECT id, version FROM story WHERE planned = 0)"
               " OR id IN (SELECT batch_id FROM chunk WHERE claimed = 3))",
               which))
      .bind(0, reason)
      .bind(1, target.kind == TargetKind::lane ? lane_number(target.name) : target.name)
      .run();
}

void drop(Sqlite& db, const OrderContext& context, Time now, OrderReport& report) {
  const auto& target = report.order.target;
  Selection selection(db, target, context);
  if (selection.is_all()) close_growing(db, target, dropped_for(report.order));
  for (const auto chunk : chunks_of(db, target)) drop_of_chunk(db, chunk, selection, context, now, report);
}

void hasten(Sqlite& db, const OrderContext& context, Time now, OrderReport& report) {
  struct Retry {
    std::int64_t chunk_id;
    std::int64_t number;
    bool is_held;
  };
  std::vector<Retry> retries;
  Selection selection(db, report.order.target, context);
  for (const auto chunk : chunks_of(db, report.order.target)) {
    auto rows = db.query(
        "SELECT channel, number, claimed FROM exception WHERE chunk_id = ? AND state = 'retry'"
        " AND claimed <> 1 AND due_at > ? AND reason NOT IN ('embargo', 'quiet hours')"
        " AND reason NOT LIKE 'paused %'");
    rows.bind(0, chunk).bind(1, to_ms(now));
    while (rows.step()) {
      const auto channel = parse_channel(rows.text(0)).value_or(ChannelKind::email);
      if (selection.holds(channel, chunk, static_cast<std::uint32_t>(rows.integer(1))))
        retries.push_back({chunk, rows.integer(1), rows.integer(2) != 0});
    }
  }
  for (const auto& [chunk_id, number, is_held] : retries) {
    db.query("UPDATE exception SET due_at = ? WHERE chunk_id = ? AND number = ?")
        .bind(0, to_ms(now))
        .bind(1, chunk_id)
        .bind(2, number)
        .run();
    ++report.due_now;
    if (is_held) ++report.held;
  }
}

// The target with a batch's id in place of its uid.
Result<Target> find_target(Sqlite& db, Target target) {
  if (target.kind == TargetKind::batch) {
    auto row = db.query("SELECT id FROM batch WHERE uid = ?1 OR CAST(id AS TEXT) = ?1");
    row.bind(0, target.name);
    if (!row.step())
      return Error{
          fmt::format("there is no batch \"{}\"; crier outbox list and crier ledger name them", target.name)};
    target.name = std::to_string(row.integer(0));
  }
  if (target.kind == TargetKind::delivery && !find_key(db, target.name))
    return Error{fmt::format("there is no delivery \"{}\"; crier ledger --subscriber ID --json names them",
                             target.name)};
  return target;
}

Result<void> pause(Sqlite& db, const OrderContext& context, Time now, OrderReport& report) {
  const auto& order = report.order;
  Pause pause{order.target, order.why, order.who, now, now + order.lasts, {}};
  if (order.target.kind == TargetKind::channel) pause.channel = parse_channel(order.target.name);
  if (order.target.kind == TargetKind::relay) {
    const auto relay = context.relays.find(order.target.name);
    if (relay == context.relays.end()) {
      std::string known;
      for (const auto& [name, channel] : context.relays) known += (known.empty() ? "" : ", ") + name;
      return Error{fmt::format("there is no relay \"{}\"; there {}", order.target.name,
                               known.empty() ? "is none" : "is " + known)};
    }
    pause.channel = relay->second;
  }
  put_pause(db, pause);
  for (const auto channel : all_channels) hold_paused(db, channel, now);
  report.until = pause.until;
  return {};
}

constexpr std::array act_names{std::string_view("retry"), std::string_view("drop"), std::string_view("pause"),
                               std::string_view("resume")};

}  // namespace

std::string_view to_string(Act act) {
  return act_names[static_cast<std::size_t>(act)];
}

std::optional<Act> parse_act(std::string_view word) {
  const auto found = std::ranges::find(act_names, word);
  if (found == act_names.end()) return std::nullopt;
  return static_cast<Act>(found - act_names.begin());
}

Result<void> check_order(const Order& order) {
  const auto kind = order.target.kind;
  const bool pauses = order.act == Act::pause || order.act == Act::resume;
  const bool only_stopped = kind == TargetKind::delivery || kind == TargetKind::reason;
  if (pauses && only_stopped)
    return Error{
        fmt::format("a {} cannot be paused: relay, channel, domain, lane or batch", to_string(kind))};
  if (!pauses && kind == TargetKind::relay)
    return Error{fmt::format("{} takes no relay: batch, delivery, channel, domain, lane or reason",
                             to_string(order.act))};
  constexpr std::size_t longest = 200;
  if (order.why.find_first_not_of(' ') == std::string::npos)
    return Error{"say why: --why \"…\"; it is kept in the audit log"};
  if (order.why.size() > longest) return Error{fmt::format("--why is longer than {} bytes", longest)};
  if (order.act == Act::pause && order.lasts <= Duration::zero()) return Error{"a pause must have an end"};
  return {};
}

Result<OrderReport> carry_out(Sqlite& db, Order order, const OrderContext& context, Time now) {
  if (const auto checked = check_order(order); !checked) return checked.error();
  // What is paused may be gone from the outbox; only its pause has to be there.
  if (order.act != Act::resume || order.target.kind == TargetKind::batch) {
    auto target = find_target(db, order.target);
    if (!target) return target.error();
    order.target = *std::move(target);
  }
  OrderReport report{.order = std::move(order)};
  switch (report.order.act) {
    case Act::retry:
      hasten(db, context, now, report);
      break;
    case Act::drop:
      drop(db, context, now, report);
      break;
    case Act::pause:
      if (const auto paused = pause(db, context, now, report); !paused) return paused.error();
      break;
    case Act::resume:
      if (!end_pause(db, report.order.target, now))
        return Error{fmt::format("{} is not paused; crier outbox list names the pauses",
                                 to_string(report.order.target))};
      break;
  }
  report.audit_id =
      note_act(db, {now, report.order.who,
                    fmt::format("{} {}", to_string(report.order.act), to_string(report.order.target)),
                    report.order.why, result_of(report)});
  return report;
}

std::string result_of(const OrderReport& report) {
  switch (report.order.act) {
    case Act::retry:
      return report.held == 0
                 ? fmt::format("{} due now", report.due_now)
                 : fmt::format("{} due now, {} of them held by a pause", report.due_now, report.held);
    case Act::drop: {
      auto result = fmt::format("{} stopped", report.stopped);
      if (!report.under_way.empty())
        result += fmt::format(", {} of them while they were being sent", report.under_way.size());
      if (report.in_doubt > 0) result += fmt::format(", {} may have arrived before", report.in_doubt);
      return result;
    }
    case Act::pause:
      return fmt::format("until {}", to_rfc3339(std::chrono::floor<std::chrono::seconds>(*report.until)));
    case Act::resume:
      break;
  }
  return "goes on";
}

Endings endings_of(Sqlite& db, const std::vector<DeliveryKey>& deliveries) {
  Endings endings;
  for (const auto& [chunk_id, number] : deliveries) {
    auto row = db.query("SELECT reason, state, in_doubt FROM exception WHERE chunk_id = ? AND number = ?");
    row.bind(0, chunk_id).bind(1, std::int64_t{number});
    // Who was stopped has a row; it goes when the delivery was made all the same.
    if (!row.step())
      ++endings.left;
    else if (row.text(0) == ambiguous || row.integer(2) != 0)
      ++endings.ambiguous;
    else if (row.text(1) == "failed")
      ++endings.failed;
    else
      ++endings.stopped;
  }
  return endings;
}

}  // namespace crier
