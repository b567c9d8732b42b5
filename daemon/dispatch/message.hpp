// The letters of a claim: readers of the same zone, reason and choice of stories share one, so that what
// costs time is done once for all of them.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/container/small_vector.hpp>

#include "channel/channel.hpp"
#include "dispatch/claimed_batch.hpp"

namespace crier {

struct Newsroom;

/// The stories of one reader's message.
struct MessageParts {
  boost::container::small_vector<const Part*, 1> chosen;  ///< of an alert the one
  std::size_t no_room = 0;                                ///< further ones that the edition has no room for
  std::string missing = "nothing to send";                ///< why one is not among them
};

/// `parts.chosen` is not empty and outlives the letter. Pure.
Letter compose_letter(const Newsroom& newsroom, const ClaimedBatch& batch, const Delivery& delivery,
                      const Subscriber& subscriber, const MessageParts& parts);

/// Composes each letter of a claim once. On the loop.
class Letters {
 public:
  /// `batch` outlives this and the letters.
  explicit Letters(const ClaimedBatch& batch) : batch_(batch) {}

  /// As compose_letter. The subscriber is one of the newsroom's.
  std::shared_ptr<const Letter> letter_to(const std::shared_ptr<const Newsroom>& newsroom,
                                          const Delivery& delivery, const Subscriber& subscriber,
                                          const MessageParts& parts);

 private:
  // Digests may differ from reader to reader: then keeping them all would cost more than making them.
  static constexpr std::size_t most_kept = 64;

  struct Key {
    std::string_view zone;
    std::uint32_t reason = 0;
    std::size_t no_room = 0;
    std::vector<std::pair<const Part*, std::string_view>> parts;  // of a digest, with the reason of each

    auto operator<=>(const Key&) const = default;
  };

  const ClaimedBatch& batch_;
  std::shared_ptr<const Newsroom> newsroom_;  // that of the letters
  std::map<Key, std::shared_ptr<const Letter>> letters_;
};

}  // namespace crier
