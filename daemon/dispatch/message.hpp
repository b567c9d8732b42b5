// The message of one delivery, made of what its claim shares with others. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "channel/channel.hpp"
#include "dispatch/claimed_batch.hpp"

namespace crier {

struct Newsroom;

/// The stories of one reader's message.
struct MessageParts {
  std::vector<const Part*> chosen;          ///< of an alert the one
  std::size_t no_room = 0;                  ///< further ones that the edition has no room for
  std::string missing = "nothing to send";  ///< why one is not among them
};

/// `parts.chosen` is not empty; it and the subscriber outlive the message. The key is that of unsubscribe
/// links.
Outgoing compose_message(const Newsroom& newsroom, const ClaimedBatch& batch, const Delivery& delivery,
                         const Subscriber& subscriber, const MessageParts& parts,
                         std::string_view unsubscribe_key);

}  // namespace crier
