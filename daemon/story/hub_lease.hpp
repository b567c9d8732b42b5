// HubLease: a feed's standing with a WebSub hub, which sends what is new without being asked (W3C WebSub,
// 23 January 2018). The decisions of a subscriber: what to ask a hub, whether to confirm, whether a delivery
// is the hub's. Pure, but for the functions with a Sqlite, which run in a database job.
// Kept over a restart: the hub goes on delivering to the same callback.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace crier {

class Sqlite;

constexpr Duration wanted_lease = std::chrono::hours(24 * 10);

struct HubLease {
  std::string hub;                 ///< empty = the feed has none
  std::string topic;               ///< what is subscribed to: the feed's own name for itself
  std::string token;               ///< the unguessable end of the callback's URL
  std::string secret;              ///< signs deliveries; known to the hub and us
  bool is_asked = false;           ///< and not confirmed yet
  std::optional<Time> asked_at;    ///< the last time
  std::optional<Time> granted_at;  ///< absent = it never was
  std::optional<Time> expires_at;

  bool operator==(const HubLease&) const = default;
  bool is_active(Time now) const { return expires_at && now < *expires_at; }
};

/// Takes what a feed says about its hub. Another hub or topic is another lease, with a new token and secret;
/// an empty hub ends it. True when something has changed.
bool discover_hub(HubLease& lease, std::string_view hub, std::string_view topic);

/// When the hub is to be asked: at once for a new lease, after four fifths of a granted one, and an hour
/// after a question that was not confirmed. nullopt without a hub.
std::optional<Time> ask_hub_at(const HubLease& lease, Time now);

/// The form that asks for a lease (§5.1).
std::string subscription_form(const HubLease& lease, std::string_view callback);

/// What a hub wants to know (§5.3).
struct HubIntent {
  std::string_view mode;
  std::string_view topic;
  std::string_view lease_seconds;
};

/// True when the hub may go on: it was asked, for this topic. The lease is granted then.
bool confirm_intent(HubLease& lease, const HubIntent& intent, Time now);
/// True when the hub refuses a question that was asked.
bool take_denial(HubLease& lease, const HubIntent& intent);

/// Whether `signature` ("sha256=HEX", or sha1, sha384, sha512; §7.1) is that of `body` under this secret.
bool is_signed(std::string_view signature, std::string_view secret, std::string_view body);

/// Empty when there is none.
HubLease load_lease(Sqlite& db, std::string_view source);
void store_lease(Sqlite& db, std::string_view source, const HubLease& lease);

}  // namespace crier
