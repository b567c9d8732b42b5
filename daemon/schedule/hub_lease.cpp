#include "schedule/hub_lease.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/core.h>

#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "db/sqlite.hpp"
#include "db/time_column.hpp"
#include "net/link_header.hpp"
#include "story/parse.hpp"
#include "story/url_reference.hpp"

namespace crier {
namespace {

constexpr Duration shortest_lease = std::chrono::minutes(5);
constexpr Duration longest_lease = std::chrono::hours(24 * 90);
constexpr Duration until_asked_again = std::chrono::hours(1);

Duration lease_of(std::string_view seconds) {
  std::int64_t count = 0;
  const auto [end, failed] = std::from_chars(seconds.data(), seconds.data() + seconds.size(), count);
  constexpr std::int64_t most = 10'000'000'000;
  if (failed != std::errc{} || end != seconds.data() + seconds.size() || count <= 0) return wanted_lease;
  return std::clamp<Duration>(std::chrono::seconds(std::min(count, most)), shortest_lease, longest_lease);
}

std::optional<Time> time_or_null(const Statement& row, int column) {
  return row.is_null(column) ? std::nullopt : std::optional(from_ms(row.integer(column)));
}

}  // namespace

HubAddress find_hub(const ResponseHeaders& headers, std::string_view url, const ParsedSource& source) {
  HubAddress found;
  for (const auto& [name, value] : headers) {
    if (name != "link") continue;
    for (const auto& link : parse_links(value)) {
      const auto target = resolve_url(link.target, url);
      if (target && found.hub.empty() && link.has("hub")) found.hub = *target;
      if (target && found.topic.empty() && link.has("self")) found.topic = *target;
    }
  }
  if (!found.hub.empty() && !found.topic.empty()) return found;
  if (!source.hub.empty() && !source.self.empty()) return {source.hub, source.self};
  return {};
}

bool discover_hub(HubLease& lease, const HubAddress& address) {
  const auto& [hub, topic, callback] = address;
  if (lease.hub == hub && (hub.empty() || (lease.topic == topic && lease.callback == callback))) return false;
  lease = {};
  if (hub.empty()) return true;
  lease.hub = hub;
  lease.topic = topic;
  lease.callback = callback;
  lease.token = to_hex(random_bytes(24));
  lease.secret = to_hex(random_bytes(32));  // 64 characters of the 200 that a hub must take
  return true;
}

std::optional<Time> ask_hub_at(const HubLease& lease, Time now) {
  if (lease.hub.empty()) return std::nullopt;
  if (!lease.asked_at) return now;
  if (!lease.is_asked && lease.granted_at && lease.expires_at)
    return *lease.granted_at + (*lease.expires_at - *lease.granted_at) * 4 / 5;
  return *lease.asked_at + until_asked_again;
}

std::string subscription_form(const HubLease& lease) {
  return fmt::format("hub.callback={}&hub.mode=subscribe&hub.topic={}&hub.lease_seconds={}&hub.secret={}",
                     percent_encode(lease.callback + lease.token), percent_encode(lease.topic),
                     std::chrono::duration_cast<std::chrono::seconds>(wanted_lease).count(),
                     percent_encode(lease.secret));
}

bool confirm_intent(HubLease& lease, const HubIntent& intent, Time now) {
  if (intent.mode != "subscribe" || !lease.is_asked || intent.topic != lease.topic) return false;
  lease.is_asked = false;
  lease.granted_at = now;
  lease.expires_at = now + lease_of(intent.lease_seconds);
  return true;
}

bool take_denial(HubLease& lease, const HubIntent& intent) {
  if (intent.mode != "denied" || intent.topic != lease.topic) return false;
  lease.is_asked = true;  // asked again later: hubs change their minds
  lease.granted_at.reset();
  lease.expires_at.reset();
  return true;
}

bool is_signed(std::string_view signature, std::string_view secret, std::string_view body) {
  static constexpr std::array<std::pair<std::string_view, Digest>, 4> methods{{{"sha256", Digest::sha256},
                                                                               {"sha512", Digest::sha512},
                                                                               {"sha384", Digest::sha384},
                                                                               {"sha1", Digest::sha1}}};
  const auto equals = signature.find('=');
  if (equals == std::string_view::npos || secret.empty()) return false;
  const auto method = to_lower_ascii(signature.substr(0, equals));
  const auto given = to_lower_ascii(signature.substr(equals + 1));
  for (const auto& [name, digest] : methods)
    if (name == method) return constant_time_equal(to_hex(hmac(digest, secret, body)), given);
  return false;
}

HubLease load_lease(Sqlite& db, std::string_view source) {
  auto row = db.query(
      "SELECT hub, topic, token, secret, is_asked, asked_at, granted_at, expires_at, callback FROM hub_lease"
      " WHERE source = ?");
  row.bind(0, source);
  HubLease lease;
  if (!row.step()) return lease;
  lease.hub = row.text(0);
  lease.topic = row.text(1);
  lease.token = row.text(2);
  lease.secret = row.text(3);
  lease.is_asked = row.integer(4) != 0;
  lease.asked_at = time_or_null(row, 5);
  lease.granted_at = time_or_null(row, 6);
  lease.expires_at = time_or_null(row, 7);
  lease.callback = row.text(8);
  return lease;
}

void store_lease(Sqlite& db, std::string_view source, const HubLease& lease) {
  if (lease.hub.empty()) {
    db.query("DELETE FROM hub_lease WHERE source = ?").bind(0, source).run();
    return;
  }
  auto row = db.query(
      "INSERT OR REPLACE INTO hub_lease (source, hub, topic, token, secret, is_asked, callback,"
      " asked_at, granted_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  row.bind(0, source).bind(1, lease.hub).bind(2, lease.topic).bind(3, lease.token).bind(4, lease.secret);
  row.bind(5, std::int64_t{lease.is_asked}).bind(6, lease.callback);
  if (lease.asked_at) row.bind(7, to_ms(*lease.asked_at));
  if (lease.granted_at) row.bind(8, to_ms(*lease.granted_at));
  if (lease.expires_at) row.bind(9, to_ms(*lease.expires_at));
  row.run();
}

}  // namespace crier
