#include "dispatch/claimed_batch.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "outbox/digest_items.hpp"
#include "outbox/held.hpp"
#include "outbox/spared.hpp"
#include "story/story_groups.hpp"
#include "story/story_log.hpp"

namespace crier {
namespace {

// The story log was written by whatever crier ran before: what this one cannot read must not hold up the
// rest.
void load_part(Sqlite& db, Part& part, const std::string& id, std::uint32_t version) {
  auto story = load_story(db, id, version);
  if (story) {
    part.story = std::move(*story);
    return;
  }
  log::error("story.unreadable", {{"story", id}, {"version", version}, {"what", story.error().message}});
  part.left_out = unreadable_story;
}

// By the name of its publication, or of its source, each once.
std::vector<std::string> reporters_of(Sqlite& db, const std::string& story_id, Time now) {
  std::vector<std::string> names;
  for (const auto& other : others_in_group(db, story_id)) {
    if (!is_out(other, now)) continue;
    const auto& name = other.site.empty() ? other.source : other.site;
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  }
  return names;
}

}  // namespace

bool ClaimedBatch::is_for(const Part& part, std::uint32_t number) const {
  return !is_digest() || position_of(part.audience, number).has_value();
}

std::optional<LoadedClaim> load_claim(Sqlite& db, ChannelKind channel, LaneSet lanes, Time now,
                                      const Story* known) {
  hold_paused(db, channel, now);
  auto claimed = claim(db, channel, now, lanes);
  if (!claimed) return std::nullopt;
  auto batch = std::make_shared<ClaimedBatch>();
  auto deliveries = std::move(claimed->deliveries);
  batch->claim = std::move(*claimed);
  const auto& subject = batch->claim.subject;
  if (!batch->is_digest()) {
    auto& part = batch->parts.emplace_back();
    if (known != nullptr && known->id == subject.story_id && known->version == subject.story_version)
      part.story = *known;
    else
      load_part(db, part, subject.story_id, subject.story_version);
  } else if (!deliveries.empty()) {
    // Of an audience of millions only what this claim is for.
    const NumberRange claimed_for{deliveries.front().number, deliveries.back().number};
    for (auto& pending : items_of_batch(db, batch->claim.batch_id, claimed_for)) {
      auto& item = pending.item;
      auto& part =
          batch->parts.emplace_back(Part{{}, pending.seq, std::move(item.audience), pending.dropped});
      if (!part.left_out.empty()) continue;
      load_part(db, part, item.story_id, item.story_version);
      if (!part.left_out.empty()) {
        leave_out_of_unsent(db, load_item(db, pending.seq), part.left_out);
        release_spared(db, item.story_id, now);
      }
      part.reporters = reporters_of(db, item.story_id, now);
    }
  }
  return LoadedClaim{std::move(batch), std::move(deliveries)};
}

}  // namespace crier
