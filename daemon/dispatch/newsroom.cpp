#include "dispatch/newsroom.hpp"

#include <algorithm>

namespace crier {

const Edition* Newsroom::find_edition(std::string_view name) const {
  const auto found = std::ranges::find(editions, name, &Edition::name);
  return found == editions.end() ? nullptr : &*found;
}

Duration Newsroom::expiry(ChannelKind channel, bool is_digest) const {
  if (channel == ChannelKind::webhook) return webhook_expiry;
  return is_digest ? digest_expiry : alert_expiry;
}

}  // namespace crier
