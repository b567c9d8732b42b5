#include "outbox/late_alerts.hpp"

#include <map>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <tuple>

#include "db/sqlite.hpp"
#include "outbox/digest_items.hpp"
#include "outbox/rows.hpp"
#include "story/story_groups.hpp"
#include "story/story_log.hpp"

namespace crier {
namespace {

// So many readers an item may have before another is begun: it is written anew whenever some are added.
constexpr std::int64_t most_readers = 16 * static_cast<std::int64_t>(chunk_capacity);

struct Alert {
  std::string story_id;
  ChannelKind channel = ChannelKind::email;
  Audience audience;
};

Alert load_alert(Sqlite& db, std::int64_t chunk_id) {
  auto row = db.query(
      "SELECT b.story_id, c.channel, c.members FROM chunk c JOIN batch b ON b.id = c.batch_id WHERE c.id = "
      "?");
  row.bind(0, chunk_id);
  if (!row.step()) throw std::runtime_error("the outbox has lost a chunk: the database is damaged");
  return {std::string(row.text(0)), parse_channel(row.text(1)).value_or(ChannelKind::email),
          decode_audience(row.blob(2))};
}

// An item that waits for the edition with the same story, and has room; nullopt when there is none.
std::optional<PendingItem> waiting_item(Sqlite& db, const DigestItem& item) {
  std::optional<std::int64_t> seq;
  {
    auto row = db.query(
        "SELECT seq FROM digest_item WHERE story_id = ? AND story_version = ? AND edition = ? AND channel = ?"
        " AND batch_id IS NULL AND dropped IS NULL AND size < ? LIMIT 1");
    row.bind(0, item.story_id)
        .bind(1, std::int64_t{item.story_version})
        .bind(2, item.edition)
        .bind(3, to_string(item.channel))
        .bind(4, most_readers);
    if (row.step()) seq = row.integer(0);
  }
  if (!seq) return std::nullopt;
  return load_item(db, *seq);
}

// Makes them readers of the edition's item. Returns how many were not yet.
std::int64_t add_readers(Sqlite& db, DigestItem item, AudienceBuilder& readers) {
  readers.remove(owed_in_edition(db, item.story_id, item.edition, item.channel));
  for (const auto& other : others_in_group(db, item.story_id))
    readers.remove(owed_in_edition(db, other.id, item.edition, item.channel));
  const auto added = static_cast<std::int64_t>(readers.size());
  if (added == 0) return 0;
  const auto waiting = waiting_item(db, item);
  if (waiting) {
    readers.add(waiting->item.audience);
    put_audience(db, waiting->seq, to_stored(readers.build()));
  } else {
    item.audience = readers.build();
    add_digest_item(db, item);
  }
  return added;
}

}  // namespace

void add_to_digests(Sqlite& db, std::span<const LateAlert> late) {
  std::map<std::int64_t, Alert> alerts;
  std::map<std::tuple<std::string_view, std::string_view, ChannelKind>, AudienceBuilder> items;
  for (const auto& [chunk_id, number, edition] : late) {
    auto alert = alerts.find(chunk_id);
    if (alert == alerts.end()) alert = alerts.emplace(chunk_id, load_alert(db, chunk_id)).first;
    const auto& [story_id, channel, audience] = alert->second;
    items[{story_id, edition, channel}].add(number, reason_for(audience, number));
  }
  for (auto& [key, readers] : items) {
    const auto& [story_id, edition, channel] = key;
    const auto story = load_story(db, story_id);
    if (!story || story->status != StoryStatus::usable) continue;
    const auto added = add_readers(db,
                                   {.edition = std::string(edition),
                                    .channel = channel,
                                    .story_id = std::string(story_id),
                                    .story_version = story->version,
                                    .audience = {},
                                    .not_before = story->embargo.value_or(Time{}),
                                    .urgency = story->urgency.value_or(DigestItem{}.urgency)},
                                   readers);
    db.query("UPDATE story SET matched = matched + ? WHERE id = ? AND version = ?")
        .bind(0, added)
        .bind(1, story_id)
        .bind(2, std::int64_t{story->version})
        .run();
  }
}

}  // namespace crier
