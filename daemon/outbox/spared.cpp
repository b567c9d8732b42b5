#include "outbox/spared.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "db/sqlite.hpp"
#include "outbox/digest_items.hpp"
#include "outbox/outbox.hpp"
#include "outbox/rows.hpp"
#include "story/story_groups.hpp"

namespace crier {
namespace {

using Numbers = std::vector<std::uint32_t>;

// Takes from `members` those who are served, and those who are not asked for.
void keep_unserved(std::vector<Member>& members, const Numbers& served,
                   std::span<const std::uint32_t> asked) {
  std::erase_if(members, [&](const Member& member) {
    return std::ranges::binary_search(served, member.number) ||
           (!asked.empty() && !std::ranges::binary_search(asked, member.number));
  });
}

// Moves members of a chunk that is sent to nobody to one that leaves at `due`. It expires a day later than
// others: it may be quiet hours for some of them, which only the courier knows.
void release_members(Sqlite& db, std::int64_t chunk_id, const Audience& all,
                     const std::vector<Member>& released, Time due) {
  db.query(
        "INSERT INTO chunk (batch_id, channel, lane, due_at, expires_at, members, size, settled, open,"
        " first_number, last_number)"
        " SELECT batch_id, channel, lane, ?2, ?2 + expires_at - due_at + ?6, ?3, ?4, ?5, ?4, ?7, ?8"
        " FROM chunk WHERE id = ?1")
      .bind(0, chunk_id)
      .bind(1, to_ms(due))
      .bind_blob(2, encode_audience(audience_of(released, all.reasons)))
      .bind(3, static_cast<std::int64_t>(released.size()))
      .bind_blob(4, SettledBits(released.size()).bytes())
      .bind(5, std::chrono::milliseconds(std::chrono::hours(24)).count())
      .bind(6, std::int64_t{released.front().number})
      .bind(7, std::int64_t{released.back().number})
      .run();
  auto kept = all.members;
  std::erase_if(kept, [&](const Member& member) {
    return std::ranges::binary_search(released, member.number, {}, &Member::number);
  });
  if (kept.empty()) {
    db.query("DELETE FROM chunk WHERE id = ?").bind(0, chunk_id).run();
    return;
  }
  SettledBits settled(kept.size());
  for (std::size_t i = 0; i < kept.size(); ++i) settled.set(i);
  db.query("UPDATE chunk SET members = ?, size = ?, settled = ? WHERE id = ?")
      .bind_blob(0, encode_audience(audience_of(kept, all.reasons)))
      .bind(1, static_cast<std::int64_t>(kept.size()))
      .bind_blob(2, settled.bytes())
      .bind(3, chunk_id)
      .run();
}

// Who has, or is owed, some story of a group in the same way.
class Served {
 public:
  Served(Sqlite& db, std::vector<std::string> group) : db_(db), group_(std::move(group)) {}

  /// An alert (no edition), or in an edition's digest; ascending.
  const Numbers& of(const std::string& edition, ChannelKind channel) {
    const auto [entry, is_new] = known_.try_emplace({edition, channel});
    if (!is_new) return entry->second;
    for (const auto& id : group_) {
      const auto some =
          edition.empty() ? already_owed(db_, id, channel) : owed_in_edition(db_, id, edition, channel);
      entry->second.insert(entry->second.end(), some.begin(), some.end());
    }
    std::ranges::sort(entry->second);
    return entry->second;
  }

 private:
  Sqlite& db_;
  std::vector<std::string> group_;
  std::map<std::pair<std::string, ChannelKind>, Numbers> known_;
};

std::vector<std::int64_t> keys(Sqlite& db, std::string_view sql, std::string_view story_id) {
  std::vector<std::int64_t> out;
  auto rows = db.query(sql);
  rows.bind(0, story_id).bind(1, reported_before);
  while (rows.step()) out.push_back(rows.integer(0));
  return out;
}

std::int64_t release_alerts(Sqlite& db, std::string_view story_id, Served& served, Time due,
                            std::span<const std::uint32_t> numbers) {
  std::int64_t count = 0;
  for (const auto chunk :
       keys(db,
            "SELECT c.id FROM batch b JOIN chunk c ON c.batch_id = b.id WHERE b.story_id = ?1 AND b.retired "
            "= 0"
            " AND b.story_version = (SELECT MAX(version) FROM story WHERE id = ?1) AND c.suppressed = ?2",
            story_id)) {
    auto row = db.query("SELECT channel, members FROM chunk WHERE id = ?");
    row.bind(0, chunk);
    row.step();
    const auto all = decode_audience(row.blob(1));
    auto released = all.members;
    keep_unserved(released, served.of("", parse_channel(row.text(0)).value_or(ChannelKind::email)), numbers);
    if (!released.empty()) release_members(db, chunk, all, released, due);
    count += static_cast<std::int64_t>(released.size());
  }
  return count;
}

std::int64_t release_items(Sqlite& db, std::string_view story_id, Served& served,
                           std::span<const std::uint32_t> numbers) {
  std::int64_t count = 0;
  for (const auto seq :
       keys(db,
            "SELECT seq FROM digest_item WHERE story_id = ?1"
            " AND story_version = (SELECT MAX(version) FROM story WHERE id = ?1) AND dropped = ?2",
            story_id)) {
    const auto pending = load_item(db, seq);
    auto released = pending.item.audience.members;
    keep_unserved(released, served.of(pending.item.edition, pending.item.channel), numbers);
    if (released.empty()) continue;
    Numbers members;
    for (const auto& member : released) members.push_back(member.number);
    leave_out(db, pending, members, {});
    count += static_cast<std::int64_t>(members.size());
  }
  return count;
}

}  // namespace

std::int64_t release_spared(Sqlite& db, std::string_view story_id, Time now,
                            std::span<const std::uint32_t> numbers) {
  auto others = others_in_group(db, story_id);
  std::vector<std::string> group{std::string(story_id)};
  for (const auto& other : others) group.push_back(other.id);
  std::erase_if(others, [](const GroupMember& other) { return other.status != StoryStatus::usable; });
  std::ranges::stable_partition(others, [&](const GroupMember& other) { return is_out(other, now); });
  std::int64_t count = 0;
  for (const auto& other : others) {
    Served served(db, group);  // anew: who was owed one before is owed no second
    count += release_alerts(db, other.id, served, std::max(now, other.embargo.value_or(now)), numbers);
    count += release_items(db, other.id, served, numbers);
  }
  return count;
}

}  // namespace crier
