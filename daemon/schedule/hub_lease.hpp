// HubLease: a feed's standing with a WebSub hub, which sends what is new without being asked (W3C WebSub,
// 23 January 2018). The decisions of a subscriber: which hub, what to ask it and when, whether to confirm,
// whether a delivery is the hub's. Pure, but for load_lease and store_lease, which run in a database job.
// Kept over a restart: the hub goes on delivering to the same callback.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "story/charset_label.hpp"

namespace crier {

class Sqlite;
struct ParsedSource;

constexpr Duration wanted_lease = std::chrono::hours(24 * 10);

/// What a feed says about its hub, absolute, and where that is to deliver. Without a hub all are empty.
struct HubAddress {
  std::string hub;
  std::string topic;       ///< what is subscribed to: the feed's own name for itself
  std::string callback{};  ///< without the lease's token
};

/// The hub that a feed names and the feed's own name: by the Link headers of the answer from `url`, else in
/// the feed (§4). Headers count only with both, so that the two are of one word.
HubAddress find_hub(const ResponseHeaders& headers, std::string_view url, const ParsedSource& source);

struct HubLease {
  std::string hub;  ///< empty = the feed has none
  std::string topic;
  std::string callback;            ///< without the token
  std::string token;               ///< the unguessable end of the callback's URL
  std::string secret;              ///< signs deliveries; known to the hub and us
  bool is_asked = false;           ///< and not confirmed yet
  std::optional<Time> asked_at;    ///< the last time
  std::optional<Time> granted_at;  ///< absent = it never was
  std::optional<Time> expires_at;

  bool operator==(const HubLease&) const = default;
  bool is_active(Time now) const { return expires_at && now < *expires_at; }
};

/// Takes what a feed says about its hub. Another hub, topic or callback is another lease, with a new token
/// and secret; an empty hub ends it. True when something has changed.
bool discover_hub(HubLease& lease, const HubAddress& address);

/// When the hub is to be asked: at once for a new lease, after four fifths of a granted one, and an hour
/// after a question that was not confirmed. nullopt without a hub.
std::optional<Time> ask_hub_at(const HubLease& lease, Time now);

/// The form that asks for a lease (§5.1).
std::string subscription_form(const HubLease& lease);

/// What a hub wants to know (§5.3), or says when it refuses (§5.2).
struct HubIntent {
  std::string_view mode;
  std::string_view topic;
  std::string_view lease_seconds;
};

/// True when the hub may go on: it was asked, for this topic. The lease is granted then.
bool confirm_intent(HubLease& lease, const HubIntent& intent, Time now);
/// True when the hub refuses, or takes back, what it was asked for.
bool take_denial(HubLease& lease, const HubIntent& intent);

/// Whether `signature` ("sha256=HEX", or sha1, sha384, sha512; §7.1) is that of `body` under this secret.
/// Takes the same time wherever they differ.
bool is_signed(std::string_view signature, std::string_view secret, std::string_view body);

/// Empty when there is none.
HubLease load_lease(Sqlite& db, std::string_view source);
void store_lease(Sqlite& db, std::string_view source, const HubLease& lease);

}  // namespace crier
