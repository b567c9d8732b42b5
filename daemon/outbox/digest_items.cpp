#include "outbox/digest_items.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

#include <fmt/core.h>

#include "db/sqlite.hpp"
#include "outbox/outbox.hpp"
#include "outbox/rows.hpp"
#include "outbox/settlements.hpp"

namespace crier {
namespace {

constexpr NumberRange everybody;

// The items for which `condition` holds of `values`, with those of their members that are in `range`.
template <typename... Values>
std::vector<PendingItem> find_items(Sqlite& db, NumberRange range, std::string_view condition,
                                    const Values&... values) {
  auto rows = db.query(fmt::format(
      "SELECT seq, edition, channel, story_id, story_version, members, not_before, urgency, batch_id, dropped"
      " FROM digest_item WHERE {}",
      condition));
  int next = 0;
  (rows.bind(next++, values), ...);
  std::vector<PendingItem> items;
  while (rows.step()) {
    items.push_back({rows.integer(0),
                     {.edition = std::string(rows.text(1)),
                      .channel = parse_channel(rows.text(2)).value_or(ChannelKind::email),
                      .story_id = std::string(rows.text(3)),
                      .story_version = static_cast<std::uint32_t>(rows.integer(4)),
                      .audience = decode_audience(rows.blob(5), range),
                      .not_before = from_ms(rows.integer(6)),
                      .urgency = static_cast<int>(rows.integer(7)),
                      .suppressed = {}},
                     rows.integer(8),
                     std::string(rows.text(9))});
  }
  return items;
}

// The members of a batch whose message has not left, ascending.
std::vector<std::uint32_t> unsettled_members(Sqlite& db, std::int64_t batch_id) {
  std::vector<std::uint32_t> numbers;
  auto rows = db.query("SELECT members, settled FROM chunk WHERE batch_id = ?");
  rows.bind(0, batch_id);
  while (rows.step()) {
    const auto audience = decode_audience(rows.blob(0));
    const SettledBits settled(rows.blob(1));
    for (std::size_t i = 0; i < audience.members.size(); ++i) {
      if (!settled.test(i)) numbers.push_back(audience.members[i].number);
    }
  }
  std::ranges::sort(numbers);
  return numbers;
}

// The members of a batch whose message has not left for good, but may have: the answer was lost; ascending.
std::vector<std::uint32_t> doubtful_members(Sqlite& db, std::int64_t batch_id) {
  std::vector<std::uint32_t> numbers;
  auto rows = db.query(
      "SELECT e.number FROM chunk c CROSS JOIN exception e INDEXED BY exception_owed ON e.chunk_id = c.id"
      " AND e.channel = c.channel AND e.lane = c.lane WHERE c.batch_id = ? AND e.state IN ('retry', "
      "'sending')"
      " AND e.in_doubt = 1 ORDER BY e.number");
  rows.bind(0, batch_id);
  while (rows.step()) numbers.push_back(static_cast<std::uint32_t>(rows.integer(0)));
  return numbers;
}

// The members of a batch who did not get its message and will not, ascending.
std::vector<std::uint32_t> missed_members(Sqlite& db, std::int64_t batch_id) {
  std::vector<std::uint32_t> numbers;
  auto rows = db.query(
      "SELECT e.number FROM exception e JOIN chunk c ON c.id = e.chunk_id"
      " WHERE c.batch_id = ? AND e.state IN ('failed', 'suppressed')");
  rows.bind(0, batch_id);
  while (rows.step()) numbers.push_back(static_cast<std::uint32_t>(rows.integer(0)));
  auto chunks = db.query("SELECT members FROM chunk WHERE batch_id = ? AND suppressed IS NOT NULL");
  chunks.bind(0, batch_id);
  while (chunks.step())
    for (const auto& member : decode_audience(chunks.blob(0)).members) numbers.push_back(member.number);
  std::ranges::sort(numbers);
  return numbers;
}

// Whether the item was taken out of messages that had not left, after its batch was planned.
bool was_left_out(Sqlite& db, std::int64_t batch_id, std::int64_t seq) {
  // Only of columns that stand before the members.
  auto row = db.query(
      "SELECT 1 FROM digest_item WHERE batch_id = ?1 AND dropped IS NOT NULL AND dropped <> ?2"
      " AND (story_id, story_version) = (SELECT story_id, story_version FROM digest_item WHERE seq = ?3)");
  row.bind(0, batch_id).bind(1, digest_full).bind(2, seq);
  return row.step();
}

using Numbers = std::span<const std::uint32_t>;  // ascending

bool has_number(Numbers numbers, const Member& member) {
  return std::ranges::binary_search(numbers, member.number);
}

// Those of the numbers that are members.
std::vector<std::uint32_t> members_among(Numbers numbers, const Audience& audience) {
  std::vector<std::uint32_t> out;
  std::ranges::copy_if(numbers, std::back_inserter(out),
                       [&](std::uint32_t number) { return position_of(audience, number).has_value(); });
  return out;
}

// Moves members from the items that say what was left out back to the item itself.
void put_back(Sqlite& db, std::int64_t seq, Numbers numbers) {
  auto items = find_items(db, everybody,
                          "seq = ?1 OR (dropped IS NOT NULL AND (batch_id, story_id, story_version)"
                          " = (SELECT batch_id, story_id, story_version FROM digest_item WHERE seq = ?1))",
                          seq);
  for (auto& pending : items) {
    auto& audience = pending.item.audience;
    auto& members = audience.members;
    const auto before = members.size();
    if (pending.seq == seq) {
      const auto there = members_among(numbers, audience);
      for (const auto number : numbers)  // the message has left: its reason there is no longer asked for
        if (!std::ranges::binary_search(there, number)) members.push_back({number, 0});
      std::ranges::sort(members, {}, &Member::number);
    } else {
      std::erase_if(members, [&](const Member& member) { return has_number(numbers, member); });
    }
    if (members.size() != before) put_audience(db, pending.seq, to_stored(audience));
  }
}

// Moves members of an item that says why a story was left out to the one that says that it may have arrived
// all the same.
void put_in_doubt(Sqlite& db, const PendingItem& left, Numbers numbers) {
  const auto reason = left.dropped + std::string(may_have_arrived);
  const auto doubted =
      find_items(db, everybody, "batch_id = ? AND story_id = ? AND story_version = ? AND dropped = ?",
                 left.batch_id, left.item.story_id, std::int64_t{left.item.story_version}, reason);
  if (doubted.empty()) {
    leave_out(db, left, numbers, reason);
    return;
  }
  const auto [kept, gone] = split(left.item.audience, numbers);
  AudienceBuilder in_doubt;
  in_doubt.add(doubted.front().item.audience);
  in_doubt.add(gone);
  put_audience(db, doubted.front().seq, to_stored(in_doubt.build()));
  put_audience(db, left.seq, to_stored(kept));
}

void leave_out_later(Sqlite& db, std::int64_t seq, Numbers numbers, std::string_view reason) {
  const auto later = find_items(db, everybody,
                                "batch_id IS NULL AND dropped IS NULL AND (story_id, edition, channel)"
                                " = (SELECT story_id, edition, channel FROM digest_item WHERE seq = ?1)"
                                " AND story_version > (SELECT story_version FROM digest_item WHERE seq = ?1)",
                                seq);
  for (const auto& item : later)
    if (const auto members = members_among(numbers, item.item.audience); !members.empty())
      leave_out(db, item, members, reason);
}

// Puts those who had no room for an item back into it, which keeps its place among the others. Of a story
// that was stopped or came anew meanwhile they stay where they are.
void give_back(Sqlite& db, const PendingItem& full) {
  const auto& [edition, channel, story_id, story_version, audience, not_before, urgency, suppressed] =
      full.item;
  const auto items = find_items(
      db, everybody,
      "batch_id = ? AND edition = ? AND story_id = ? AND story_version = ? AND dropped IS NULL AND 'usable' ="
      " (SELECT status FROM story s WHERE s.id = digest_item.story_id AND s.version = story_version"
      " AND version = (SELECT MAX(version) FROM story WHERE id = s.id))",
      full.batch_id, edition, story_id, std::int64_t{story_version});
  if (items.empty()) return;
  AudienceBuilder readers;
  readers.add(items.front().item.audience);
  readers.add(audience);
  put_audience(db, items.front().seq, to_stored(readers.build()));
  db.query("DELETE FROM digest_item WHERE seq = ?").bind(0, full.seq).run();
}

}  // namespace

StoredAudience to_stored(const Audience& audience) {
  return {encode_audience(audience), audience.members.size()};
}

void put_audience(Sqlite& db, std::int64_t seq, const StoredAudience& audience) {
  db.query("UPDATE digest_item SET members = ?, size = ? WHERE seq = ?")
      .bind_blob(0, audience.members)
      .bind(1, static_cast<std::int64_t>(audience.size))
      .bind(2, seq)
      .run();
}

std::int64_t add_apart(Sqlite& db, std::int64_t seq, const StoredAudience& some, std::string_view reason) {
  auto insert = db.query(
      "INSERT INTO digest_item"
      " (edition, channel, story_id, story_version, not_before, urgency, members, size, dropped)"
      " SELECT edition, channel, story_id, story_version, not_before, urgency, ?1, ?2, ?3"
      " FROM digest_item WHERE seq = ?4");
  insert.bind_blob(0, some.members).bind(1, static_cast<std::int64_t>(some.size)).bind(3, seq);
  if (!reason.empty()) insert.bind(2, reason);
  insert.run();
  return db.last_insert_id();
}

void add_digest_item(Sqlite& db, const DigestItem& item) {
  auto insert = db.query(
      "INSERT INTO digest_item"
      " (edition, channel, story_id, story_version, members, size, not_before, urgency, dropped)"
      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
  insert.bind(0, item.edition)
      .bind(1, to_string(item.channel))
      .bind(2, item.story_id)
      .bind(3, std::int64_t{item.story_version})
      .bind_blob(4, encode_audience(item.audience))
      .bind(5, static_cast<std::int64_t>(item.audience.members.size()))
      .bind(6, to_ms(item.not_before))
      .bind(7, item.urgency);
  if (!item.suppressed.empty()) insert.bind(8, item.suppressed);
  insert.run();
}

void drop_pending_items(Sqlite& db, std::string_view story_id, std::string_view reason) {
  db.query("UPDATE digest_item SET dropped = ? WHERE story_id = ? AND batch_id IS NULL AND dropped IS NULL")
      .bind(0, reason)
      .bind(1, story_id)
      .run();
}

std::map<std::string, std::int64_t> drop_items_of_others(Sqlite& db, const std::set<std::string>& editions,
                                                         std::string_view reason) {
  std::map<std::string, std::int64_t> others;
  {
    auto rows =
        db.query("SELECT DISTINCT edition FROM digest_item WHERE batch_id IS NULL AND dropped IS NULL");
    while (rows.step()) {
      std::string edition(rows.text(0));
      if (!editions.contains(edition)) others.emplace(std::move(edition), 0);
    }
  }
  for (auto& [edition, deliveries] : others) {
    {
      auto row = db.query(
          "SELECT TOTAL(size) FROM digest_item WHERE edition = ? AND batch_id IS NULL AND dropped IS NULL");
      row.bind(0, edition);
      if (row.step()) deliveries = row.integer(0);
    }
    db.query("UPDATE digest_item SET dropped = ? WHERE edition = ? AND batch_id IS NULL AND dropped IS NULL")
        .bind(0, reason)
        .bind(1, edition)
        .run();
  }
  return others;
}

std::vector<PendingItem> pending_items(Sqlite& db, std::string_view edition, ChannelKind channel, Time now) {
  std::vector<PendingItem> items;
  for (const auto seq : pending_keys(db, edition, channel, now)) items.push_back(load_item(db, seq));
  return items;
}

std::vector<std::int64_t> pending_keys(Sqlite& db, std::string_view edition, ChannelKind channel, Time now) {
  std::vector<std::int64_t> keys;
  auto rows = db.query(
      "SELECT seq FROM digest_item WHERE edition = ? AND channel = ? AND batch_id IS NULL AND dropped IS NULL"
      " AND size > 0 AND not_before <= ? ORDER BY urgency, seq DESC");
  rows.bind(0, edition).bind(1, to_string(channel)).bind(2, to_ms(now));
  while (rows.step()) keys.push_back(rows.integer(0));
  return keys;
}

std::int64_t waiting_in_digests(Sqlite& db, ChannelKind channel) {
  auto row = db.query(
      "SELECT TOTAL(size) FROM digest_item WHERE channel = ? AND batch_id IS NULL AND dropped IS NULL");
  row.bind(0, to_string(channel));
  row.step();
  return row.integer(0);
}

PendingItem load_item(Sqlite& db, std::int64_t seq) {
  auto items = find_items(db, everybody, "seq = ?", seq);
  if (items.empty()) throw std::runtime_error("the outbox has lost a digest item: the database is damaged");
  return std::move(items.front());
}

std::string members_of_item(Sqlite& db, std::int64_t seq) {
  auto row = db.query("SELECT members FROM digest_item WHERE seq = ?");
  row.bind(0, seq);
  if (!row.step()) throw std::runtime_error("the outbox has lost a digest item: the database is damaged");
  return std::string(row.blob(0));
}

bool is_dropped(Sqlite& db, std::int64_t seq) {
  auto row = db.query("SELECT 1 FROM digest_item WHERE seq = ? AND dropped IS NOT NULL");
  row.bind(0, seq);
  return row.step();
}

void assign_items(Sqlite& db, std::span<const std::int64_t> items, std::int64_t batch_id) {
  for (const auto seq : items)
    db.query("UPDATE digest_item SET batch_id = ? WHERE seq = ?").bind(0, batch_id).bind(1, seq).run();
}

void undo_unreleased(Sqlite& db) {
  for (const auto batch_id : unreleased_batches(db)) {
    if (const auto dropped = dropped_for(db, batch_id); !dropped.empty()) {
      // The next occurrence may be another one, which must not bring them.
      db.query("UPDATE digest_item SET batch_id = NULL, dropped = COALESCE(dropped, ?2) WHERE batch_id = ?1")
          .bind(0, batch_id)
          .bind(1, dropped)
          .run();
    } else {
      for (const auto& full :
           find_items(db, everybody, "batch_id = ? AND dropped = ?", batch_id, digest_full))
        give_back(db, full);
      db.query("UPDATE digest_item SET batch_id = NULL WHERE batch_id = ?").bind(0, batch_id).run();
    }
    undo_batch(db, batch_id);
  }
}

std::vector<PendingItem> items_of_batch(Sqlite& db, std::int64_t batch_id, NumberRange range) {
  return find_items(db, range, "batch_id = ? ORDER BY urgency, seq DESC", batch_id);
}

std::vector<std::uint32_t> owed_in_edition(Sqlite& db, std::string_view story_id, std::string_view edition,
                                           ChannelKind channel) {
  std::vector<std::uint32_t> carried;
  const auto items =
      find_items(db, everybody, "story_id = ? AND edition = ? AND channel = ? AND dropped IS NULL", story_id,
                 edition, to_string(channel));
  for (const auto& item : items) {
    const auto missed = item.batch_id == 0 ? std::vector<std::uint32_t>() : missed_members(db, item.batch_id);
    for (const auto& member : item.item.audience.members)
      if (!std::ranges::binary_search(missed, member.number)) carried.push_back(member.number);
  }
  std::ranges::sort(carried);
  return carried;
}

std::int64_t leave_out(Sqlite& db, const PendingItem& item, std::span<const std::uint32_t> members,
                       std::string_view reason) {
  const auto [kept, gone] = split(item.item.audience, members);
  // The item itself stays, if only for what is being sent: see keep_carried.
  put_audience(db, item.seq, to_stored(kept));
  const auto seq = add_apart(db, item.seq, to_stored(gone), reason);
  if (item.batch_id != 0) assign_items(db, std::array{seq}, item.batch_id);
  return seq;
}

std::int64_t leave_out_of_unsent(Sqlite& db, const PendingItem& item, std::string_view reason) {
  std::vector<std::uint32_t> gone;
  std::vector<std::uint32_t> in_doubt;
  const auto unsettled = unsettled_members(db, item.batch_id);
  const auto doubtful = doubtful_members(db, item.batch_id);
  auto next = unsettled.begin();
  for (const auto& member : item.item.audience.members) {
    while (next != unsettled.end() && *next < member.number) ++next;
    if (next == unsettled.end() || *next != member.number) continue;
    (std::ranges::binary_search(doubtful, member.number) ? in_doubt : gone).push_back(member.number);
  }
  if (!gone.empty()) leave_out(db, item, gone, reason);
  if (!in_doubt.empty())
    leave_out(db, load_item(db, item.seq), in_doubt, std::string(reason) + std::string(may_have_arrived));
  return static_cast<std::int64_t>(gone.size() + in_doubt.size());
}

std::int64_t leave_out_of_batches(Sqlite& db, std::string_view story_id, std::string_view reason) {
  const auto items =
      find_items(db, everybody,
                 fmt::format("story_id = ? AND dropped IS NULL AND EXISTS ("
                             " SELECT 1 FROM chunk c WHERE c.batch_id = digest_item.batch_id AND {})",
                             is_owed_of_chunk),
                 story_id);
  std::int64_t left = 0;
  for (const auto& item : items) left += leave_out_of_unsent(db, item, reason);
  return left;
}

void keep_carried(Sqlite& db, std::int64_t batch_id, std::int64_t seq, std::span<const std::uint32_t> numbers,
                  std::string_view reason) {
  if (numbers.empty() || !was_left_out(db, batch_id, seq)) return;
  put_back(db, seq, numbers);
  leave_out_later(db, seq, numbers, reason);
}

void doubt_carried(Sqlite& db, std::int64_t batch_id, std::int64_t seq,
                   std::span<const std::uint32_t> numbers, std::string_view reason) {
  if (numbers.empty() || !was_left_out(db, batch_id, seq)) return;
  const auto left =
      find_items(db, everybody,
                 "dropped IS NOT NULL AND dropped <> ?2 AND (batch_id, story_id, story_version)"
                 " = (SELECT batch_id, story_id, story_version FROM digest_item WHERE seq = ?1)",
                 seq, digest_full);
  for (const auto& item : left) {
    const auto members = members_among(numbers, item.item.audience);
    if (members.empty()) continue;
    if (!item.dropped.ends_with(may_have_arrived)) put_in_doubt(db, item, members);
    if (!reason.empty()) leave_out_later(db, seq, members, reason);
  }
}

}  // namespace crier
