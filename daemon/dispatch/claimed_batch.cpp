#include "dispatch/claimed_batch.hpp"

#include <algorithm>
#include <stdexcept>

#include <fmt/core.h>

#include "outbox/digest_items.hpp"
#include "story/story_log.hpp"

namespace crier {
namespace {

Story story_of(Sqlite& db, const std::string& id, std::uint32_t version) {
  auto story = load_story(db, id, version);
  if (!story) throw std::runtime_error(fmt::format("story {} is owed but not in the story log", id));
  return std::move(*story);
}

}  // namespace

bool ClaimedBatch::is_for(const Part& part, std::uint32_t number) const {
  return !is_digest() || std::ranges::binary_search(part.members, number);
}

std::optional<LoadedClaim> load_claim(Sqlite& db, ChannelKind channel, std::optional<Lane> than, Time now) {
  if (than) {
    const auto waiting = waiting_lane(db, channel, now);
    if (!waiting || *waiting >= *than) return std::nullopt;
  }
  auto claimed = claim(db, channel, now);
  if (!claimed) return std::nullopt;
  auto batch = std::make_shared<ClaimedBatch>();
  auto deliveries = std::move(claimed->deliveries);
  batch->claim = std::move(*claimed);
  const auto& subject = batch->claim.subject;
  if (!batch->is_digest()) {
    batch->parts.push_back({story_of(db, subject.story_id, subject.story_version), 0, {}, {}});
  } else {
    for (auto& [seq, item, batch_id, dropped] : items_of_batch(db, batch->claim.batch_id)) {
      Part part{{}, seq, std::move(item.members), std::move(dropped)};
      if (part.left_out.empty()) part.story = story_of(db, item.story_id, item.story_version);
      batch->parts.push_back(std::move(part));
    }
  }
  return LoadedClaim{std::move(batch), std::move(deliveries)};
}

}  // namespace crier
