#include "outbox/reader_ledger.hpp"

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <utility>

#include <fmt/core.h>

#include "db/sqlite.hpp"
#include "db/time_column.hpp"
#include "outbox/digest_items.hpp"
#include "outbox/target.hpp"

namespace crier {
namespace {

// An exception row.
struct Exception {
  std::string state;
  int attempts = 0;
  Time due_at;
  std::string reason;
  std::string reply;
  Time updated_at;
};

// A chunk with what its deliveries share.
struct Chunk {
  std::int64_t id = 0;
  LedgerDelivery shared;
  Audience audience;
  SettledBits settled{0};
  std::optional<std::string> suppressed;
  Time due_at;
  std::optional<Time> settled_from;
  std::optional<Time> settled_until;
  LateMarks late;
  bool is_held = false;  // by a pause
};

// CROSS: the batches in their order.
constexpr std::string_view chunk_columns =
    "SELECT b.id, b.uid, b.story_id, b.story_version, b.edition, b.occurrence, b.channel, b.lane,"
    " b.created_at, c.id, c.due_at, c.members, c.settled, c.suppressed, c.settled_from, c.settled_until,"
    " c.late, c.claimed = 2 FROM batch b CROSS JOIN chunk c ON c.batch_id = b.id AND b.retired = 0 ";

std::optional<Time> time_of(const Statement& row, int column) {
  return row.is_null(column) ? std::nullopt : std::optional(from_ms(row.integer(column)));
}

Chunk read_chunk(const Statement& row, NumberRange range) {
  Chunk chunk;
  auto& shared = chunk.shared;
  shared.batch_id = row.integer(0);
  shared.batch_uid = row.text(1);
  shared.subject = {std::string(row.text(2)), static_cast<std::uint32_t>(row.integer(3)),
                    std::string(row.text(4)), std::string(row.text(5))};
  shared.channel = parse_channel(row.text(6)).value_or(ChannelKind::email);
  shared.lane = static_cast<Lane>(row.integer(7));
  shared.planned_at = from_ms(row.integer(8));
  chunk.id = row.integer(9);
  chunk.due_at = from_ms(row.integer(10));
  chunk.audience = decode_audience(row.blob(11), range);
  chunk.settled = SettledBits(row.blob(12));
  if (!row.is_null(13)) chunk.suppressed = row.text(13);
  chunk.settled_from = time_of(row, 14);
  chunk.settled_until = time_of(row, 15);
  chunk.late = LateMarks(row.blob(16));
  chunk.is_held = row.integer(17) != 0;
  return chunk;
}

Exception read_exception(const Statement& row) {
  return {std::string(row.text(1)), static_cast<int>(row.integer(2)), from_ms(row.integer(3)),
          std::string(row.text(4)), std::string(row.text(5)),         from_ms(row.integer(6))};
}

// The exception of one member, or those of all, by number.
std::unordered_map<std::uint32_t, Exception> exceptions_of(Sqlite& db, std::int64_t chunk_id,
                                                           NumberRange range) {
  std::unordered_map<std::uint32_t, Exception> out;
  auto rows = db.query(
      "SELECT number, state, attempts, due_at, reason, reply, updated_at FROM exception"
      " WHERE chunk_id = ? AND number BETWEEN ? AND ?");
  rows.bind(0, chunk_id).bind(1, std::int64_t{range.first}).bind(2, std::int64_t{range.last});
  while (rows.step()) out.emplace(static_cast<std::uint32_t>(rows.integer(0)), read_exception(rows));
  return out;
}

// What is kept of single members of a chunk.
struct Apart {
  std::unordered_map<std::uint32_t, Exception> exceptions;
  std::unordered_map<std::uint32_t, std::string> replies;  // the yes to what was delivered
};

// Of one member, or of all.
Apart load_apart(Sqlite& db, std::int64_t chunk_id, NumberRange range) {
  Apart apart{exceptions_of(db, chunk_id, range), {}};
  auto rows = db.query("SELECT number, reply FROM reply WHERE chunk_id = ? AND number BETWEEN ? AND ?");
  rows.bind(0, chunk_id).bind(1, std::int64_t{range.first}).bind(2, std::int64_t{range.last});
  while (rows.step()) apart.replies.emplace(static_cast<std::uint32_t>(rows.integer(0)), rows.text(1));
  return apart;
}

void put_exception(LedgerDelivery& delivery, const Exception& exception) {
  delivery.detail = exception.reason;
  delivery.attempts = exception.attempts;
  delivery.reply = exception.reply;
  if (exception.state == "failed" || exception.state == "suppressed") {
    delivery.state = exception.state == "failed" ? DeliveryState::failed : DeliveryState::suppressed;
    delivery.settled_from = delivery.settled_until = exception.updated_at;
    return;
  }
  delivery.state = DeliveryState::queued;
  delivery.due_at = exception.due_at;
  if (exception.state == "sending") delivery.detail = "being sent";
}

// What the chunk says of one of its members. `position` is that in the chunk.
LedgerDelivery delivery_of(const Chunk& chunk, const Member& member, std::size_t position,
                           const Apart& apart) {
  auto delivery = chunk.shared;
  delivery.number = member.number;
  const auto& reasons = chunk.audience.reasons;
  if (member.reason < reasons.size()) delivery.reason = reasons[member.reason];
  const auto exception = apart.exceptions.find(member.number);
  if (chunk.suppressed) {
    delivery.state = DeliveryState::suppressed;
    delivery.detail = *chunk.suppressed;
    delivery.settled_from = chunk.settled_from;
    delivery.settled_until = chunk.settled_until;
  } else if (exception != apart.exceptions.end()) {
    put_exception(delivery, exception->second);
  } else if (!chunk.settled.test(position)) {
    delivery.due_at = chunk.due_at;
    if (chunk.is_held) delivery.detail = "held by a pause";
  } else {
    delivery.state = DeliveryState::delivered;
    delivery.settled_from = chunk.settled_from;
    delivery.settled_until = chunk.settled_until;
    if (const auto late = chunk.late.find(position)) {
      delivery.attempts = late->attempts;
      delivery.settled_from = delivery.settled_until = late->at;
    }
    if (const auto reply = apart.replies.find(member.number); reply != apart.replies.end())
      delivery.reply = reply->second;
  }
  return delivery;
}

std::string title_of(Sqlite& db, const std::string& story_id, std::uint32_t version) {
  auto row = db.query("SELECT title FROM story WHERE id = ? AND version = ?");
  row.bind(0, story_id).bind(1, std::int64_t{version});
  return row.step() ? std::string(row.text(0)) : std::string();
}

// The delivery of one subscriber; nullopt when it is no member.
std::optional<LedgerDelivery> find_delivery(Sqlite& db, const Statement& row, std::uint32_t number) {
  // By its position in the whole, of which no more is kept than the members before it.
  const auto chunk = read_chunk(row, {0, number});
  const auto position = position_of(chunk.audience, number);
  if (!position) return std::nullopt;
  auto delivery = delivery_of(chunk, chunk.audience.members[*position], *position,
                              load_apart(db, chunk.id, {number, number}));
  if (delivery.subject.edition.empty()) {
    delivery.title = title_of(db, delivery.subject.story_id, delivery.subject.story_version);
    return delivery;
  }
  delivery.reason.clear();  // each of its stories has its own
  for (const auto& pending : items_of_batch(db, delivery.batch_id, {number, number})) {
    const auto& item = pending.item;
    if (!position_of(item.audience, number)) continue;
    delivery.stories.push_back({item.story_id, item.story_version,
                                title_of(db, item.story_id, item.story_version),
                                std::string(reason_for(item.audience, number)), pending.dropped});
  }
  return delivery;
}

// A story that is in no batch, for one edition: what its members share, and who they are.
struct UnbatchedItem {
  LedgerDelivery shared;
  Audience audience;
};

constexpr std::string_view item_columns =
    "SELECT i.edition, i.channel, i.story_id, i.story_version, i.members, i.not_before, i.dropped, s.title,"
    " s.seen_at, i.seq FROM digest_item i LEFT JOIN story s ON s.id = i.story_id AND s.version = "
    "i.story_version"
    " WHERE i.batch_id IS NULL AND s.retired IS NOT 1 ";

UnbatchedItem read_item(const Statement& row, NumberRange range) {
  UnbatchedItem item;
  auto& shared = item.shared;
  shared.subject = {
      std::string(row.text(2)), static_cast<std::uint32_t>(row.integer(3)), std::string(row.text(0)), {}};
  shared.channel = parse_channel(row.text(1)).value_or(ChannelKind::email);
  shared.lane = Lane::digest;
  shared.title = row.text(7);
  shared.planned_at = from_ms(row.integer(8));
  if (row.is_null(6)) {
    shared.detail = "waits for its edition";
    if (const auto not_before = from_ms(row.integer(5)); not_before > shared.planned_at)
      shared.due_at = not_before;
  } else {
    shared.detail = row.text(6);
    shared.state = counts_as_failed(shared.detail) ? DeliveryState::failed : DeliveryState::suppressed;
  }
  item.audience = decode_audience(row.blob(4), range);
  return item;
}

LedgerDelivery delivery_of(const UnbatchedItem& item, const Member& member) {
  auto delivery = item.shared;
  delivery.number = member.number;
  if (member.reason < item.audience.reasons.size()) delivery.reason = item.audience.reasons[member.reason];
  return delivery;
}

// Where one of a reader's stories without a batch is found. Few bytes: there may be years of them.
struct ItemPlace {
  Time planned_at;
  std::int64_t seq = 0;
};

// Of those that came last, `most`; the newest story first.
std::vector<ItemPlace> newest_items(Sqlite& db, std::uint32_t number, std::size_t most) {
  std::vector<ItemPlace> out;
  auto rows = db.query(fmt::format("{} ORDER BY i.seq DESC", item_columns));
  while (out.size() < most && rows.step()) {
    const auto item = read_item(rows, {number, number});
    if (!item.audience.members.empty()) out.push_back({item.shared.planned_at, rows.integer(9)});
  }
  std::ranges::stable_sort(out, std::ranges::greater{}, &ItemPlace::planned_at);
  return out;
}

LedgerDelivery read_item_delivery(Sqlite& db, std::int64_t seq, std::uint32_t number) {
  auto row = db.query(fmt::format("{} AND i.seq = ?1", item_columns));
  row.bind(0, seq);
  row.step();
  const auto item = read_item(row, {number, number});
  return delivery_of(item, item.audience.members.front());
}

using TakeDelivery = std::function<void(const LedgerDelivery&)>;

// The deliveries of these batches.
bool walk_batches(Sqlite& db, std::string_view what, const TakeDelivery& take) {
  bool is_known = false;
  auto rows =
      db.query(fmt::format("{} WHERE ?1 = '' OR b.story_id = ?1 OR b.uid = ?1 OR (CAST(b.id AS TEXT) = ?1"
                           " AND NOT EXISTS (SELECT 1 FROM story WHERE id = ?1)) ORDER BY b.id, c.id",
                           chunk_columns));
  rows.bind(0, what);
  std::int64_t batch_id = 0;
  std::string title;
  while (rows.step()) {
    is_known = true;
    auto chunk = read_chunk(rows, {});
    auto& shared = chunk.shared;
    if (shared.batch_id != std::exchange(batch_id, shared.batch_id))
      title = title_of(db, shared.subject.story_id, shared.subject.story_version);
    shared.title = title;
    const auto apart = load_apart(db, chunk.id, {});
    const auto& members = chunk.audience.members;
    for (std::size_t i = 0; i < members.size(); ++i) take(delivery_of(chunk, members[i], i, apart));
  }
  return is_known;
}

bool walk_items_without_batch(Sqlite& db, std::string_view story_id, const TakeDelivery& take) {
  bool is_known = false;
  auto rows = db.query(fmt::format("{} AND (?1 = '' OR i.story_id = ?1) ORDER BY i.seq", item_columns));
  rows.bind(0, story_id);
  while (rows.step()) {
    is_known = true;
    const auto item = read_item(rows, {});
    for (const auto& member : item.audience.members) take(delivery_of(item, member));
  }
  return is_known;
}

// The messages of a digest's batch, for those of their readers whom a story that it carries is for.
void walk_carried(Sqlite& db, const PendingItem& carried, const TakeDelivery& take) {
  const auto& item = carried.item;
  auto rows = db.query(fmt::format("{} WHERE b.id = ?1 ORDER BY c.id", chunk_columns));
  rows.bind(0, carried.batch_id);
  while (rows.step()) {
    const auto chunk = read_chunk(rows, {});
    const auto apart = load_apart(db, chunk.id, {});
    const auto& members = chunk.audience.members;
    for (std::size_t i = 0; i < members.size(); ++i) {
      const auto number = members[i].number;
      if (!position_of(item.audience, number)) continue;
      auto delivery = delivery_of(chunk, members[i], i, apart);
      delivery.subject.story_id = item.story_id;
      delivery.subject.story_version = item.story_version;
      delivery.reason = reason_for(item.audience, number);
      if (!carried.dropped.empty()) {
        delivery.state =
            counts_as_failed(carried.dropped) ? DeliveryState::failed : DeliveryState::suppressed;
        delivery.detail = carried.dropped;
      }
      take(delivery);
    }
  }
}

}  // namespace

std::string LedgerDelivery::delivery_id() const {
  return batch_uid.empty() ? std::string() : fmt::format("{}-{}", batch_uid, number);
}

bool walk_reader_ledger(Sqlite& db, std::uint32_t number, std::size_t most, const TakeDelivery& take) {
  const auto one_more = most + (most < std::numeric_limits<std::size_t>::max() ? 1 : 0);
  const auto items = newest_items(db, number, one_more);
  auto item = items.begin();
  std::size_t told = 0;
  auto rows = db.query(
      fmt::format("{} WHERE c.first_number <= ?1 AND c.last_number >= ?1 ORDER BY b.id DESC", chunk_columns));
  rows.bind(0, std::int64_t{number});
  std::optional<LedgerDelivery> of_batch;
  const auto next_of_batches = [&] {
    of_batch.reset();
    while (!of_batch && rows.step()) of_batch = find_delivery(db, rows, number);
  };
  next_of_batches();
  while (of_batch || item != items.end()) {
    if (told++ == most) return true;
    if (of_batch && (item == items.end() || of_batch->planned_at >= item->planned_at)) {
      take(*of_batch);
      next_of_batches();
    } else {
      take(read_item_delivery(db, item->seq, number));
      ++item;
    }
  }
  return false;
}

ReaderLedger read_reader_ledger(Sqlite& db, std::uint32_t number, std::size_t most) {
  ReaderLedger ledger;
  ledger.has_more = walk_reader_ledger(
      db, number, most, [&](const LedgerDelivery& delivery) { ledger.deliveries.push_back(delivery); });
  return ledger;
}

std::optional<std::uint32_t> number_of_subscriber(Sqlite& db, std::string_view id) {
  auto row = db.query("SELECT number FROM subscriber_number WHERE id = ?");
  row.bind(0, id);
  return row.step() ? std::optional(static_cast<std::uint32_t>(row.integer(0))) : std::nullopt;
}

std::string subscriber_name(Sqlite& db, std::uint32_t number) {
  auto row = db.query("SELECT id FROM subscriber_number WHERE number = ?");
  row.bind(0, std::int64_t{number});
  return row.step() ? std::string(row.text(0)) : std::to_string(number);
}

std::optional<LedgerDelivery> find_delivery(Sqlite& db, std::string_view delivery_id) {
  const auto id = parse_delivery_id(delivery_id);
  if (!id) return std::nullopt;
  auto rows = db.query(
      fmt::format("{} WHERE b.uid = ?1 AND c.first_number <= ?2 AND c.last_number >= ?2", chunk_columns));
  rows.bind(0, id->batch_uid).bind(1, std::int64_t{id->number});
  while (rows.step()) {
    if (auto delivery = find_delivery(db, rows, id->number)) return delivery;
  }
  return std::nullopt;
}

bool walk_deliveries(Sqlite& db, std::string_view what, const TakeDelivery& take) {
  bool is_known = walk_batches(db, what, take) || what.empty();
  if (!what.empty()) {
    std::vector<std::int64_t> items;
    {
      auto rows = db.query("SELECT seq FROM digest_item WHERE story_id = ? AND batch_id IS NOT NULL");
      rows.bind(0, what);
      while (rows.step()) items.push_back(rows.integer(0));
    }
    is_known = is_known || !items.empty();
    for (const auto seq : items) walk_carried(db, load_item(db, seq), take);
  }
  return walk_items_without_batch(db, what, take) || is_known;
}

}  // namespace crier
