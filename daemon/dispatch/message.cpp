#include "dispatch/message.hpp"

#include <fmt/core.h>

#include "dispatch/compose.hpp"
#include "dispatch/newsroom.hpp"

namespace crier {

Outgoing compose_message(const Newsroom& newsroom, const ClaimedBatch& batch, const Delivery& delivery,
                         const Subscriber& subscriber, const MessageParts& parts,
                         std::string_view unsubscribe_key) {
  const auto& claim = batch.claim;
  Outgoing message;
  message.delivery_id = fmt::format("{}-{}", claim.batch_uid, delivery.number);
  message.created = claim.created_at;
  message.attempt = delivery.attempts;
  message.subscriber = &subscriber;
  message.edition = claim.subject.edition;
  for (const auto* part : parts.chosen) message.stories.push_back(&part->story);
  if (batch.is_digest()) {
    const auto* edition = newsroom.find_edition(claim.subject.edition);
    Edition unnamed;
    unnamed.title = claim.subject.edition;
    DigestStories stories;
    stories.left_out = parts.no_room;
    for (const auto* part : parts.chosen)
      stories.chosen.push_back(
          {&part->story, std::string(reason_for(part->audience, delivery.number)), part->reporters});
    message.content = compose_digest(newsroom, edition != nullptr ? *edition : unnamed,
                                     claim.subject.occurrence, stories, subscriber, claim.channel);
  } else {
    message.content = compose_alert(newsroom, *message.stories.front(), subscriber, claim.channel);
  }
  message.reader.name = subscriber.name;
  message.reader.reason = claim.reasons.at(delivery.reason);
  if (!newsroom.public_url.empty())
    message.reader.unsubscribe_url =
        newsroom.public_url + "/u/" + unsubscribe_token(unsubscribe_key, delivery.number, claim.channel);
  message.templates = newsroom.templates;
  return message;
}

}  // namespace crier
