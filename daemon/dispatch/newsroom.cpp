#include "dispatch/newsroom.hpp"

#include <algorithm>

namespace crier {

const Edition* Newsroom::find_edition(std::string_view name) const {
  const auto found = std::ranges::find(editions, name, &Edition::name);
  return found == editions.end() ? nullptr : &*found;
}

Zone Newsroom::zone_of(const Subscriber& subscriber) const {
  if (subscriber.timezone().empty()) return site.zone;
  const auto own = Zone::find(subscriber.timezone());
  return own ? *own : site.zone;
}

Duration Newsroom::expiry(ChannelKind channel, bool is_digest) const {
  if (channel == ChannelKind::webhook) return webhook_expiry;
  return is_digest ? digest_expiry : alert_expiry;
}

}  // namespace crier
