#include "dispatch/message.hpp"

#include "dispatch/compose.hpp"
#include "dispatch/newsroom.hpp"

namespace crier {

Letter compose_letter(const Newsroom& newsroom, const ClaimedBatch& batch, const Delivery& delivery,
                      const Subscriber& subscriber, const MessageParts& parts) {
  const auto& claim = batch.claim;
  Letter letter;
  letter.created = claim.created_at;
  letter.edition = claim.subject.edition;
  letter.reason = claim.reasons.at(delivery.reason);
  letter.templates = newsroom.templates;
  for (const auto* part : parts.chosen) letter.stories.push_back(&part->story);
  if (!batch.is_digest()) {
    letter.content = compose_alert(newsroom, *letter.stories.front(), subscriber, claim.channel);
    return letter;
  }
  const auto* edition = newsroom.find_edition(claim.subject.edition);
  Edition unnamed;
  unnamed.title = claim.subject.edition;
  DigestStories stories;
  stories.left_out = parts.no_room;
  for (const auto* part : parts.chosen)
    stories.chosen.push_back(
        {&part->story, std::string(reason_for(part->audience, delivery.number)), part->reporters});
  letter.content = compose_digest(newsroom, edition != nullptr ? *edition : unnamed, claim.subject.occurrence,
                                  stories, subscriber, claim.channel);
  return letter;
}

std::shared_ptr<const Letter> Letters::letter_to(const std::shared_ptr<const Newsroom>& newsroom,
                                                 const Delivery& delivery, const Subscriber& subscriber,
                                                 const MessageParts& parts) {
  if (newsroom_ != newsroom) {
    letters_.clear();
    newsroom_ = newsroom;
  }
  Key key{subscriber.timezone(), delivery.reason, parts.no_room, {}};
  if (batch_.is_digest()) {
    for (const auto* part : parts.chosen)
      key.parts.emplace_back(part, reason_for(part->audience, delivery.number));
  }
  if (const auto found = letters_.find(key); found != letters_.end()) return found->second;
  if (letters_.size() == most_kept) letters_.clear();
  auto letter =
      std::make_shared<const Letter>(compose_letter(*newsroom, batch_, delivery, subscriber, parts));
  letters_.emplace(std::move(key), letter);
  return letter;
}

}  // namespace crier
