#include "audience/suppression.hpp"

#include <unordered_set>

#include "db/sqlite.hpp"

namespace crier {

std::vector<ChannelAddress> without_reader(std::span<const ChannelAddress> endpoints,
                                           const Subscribers& subscribers) {
  std::array<std::unordered_set<std::string>, all_channels.size()> left;
  ChannelSet channels;
  for (const auto& [channel, address] : endpoints) {
    left[static_cast<std::size_t>(channel)].insert(address);
    channels.add(channel);
  }
  for (const auto& subscriber : subscribers)
    for (const auto channel : channels)
      if (subscriber.is_on(channel))
        left[static_cast<std::size_t>(channel)].erase(
            normalised_address(channel, subscriber.address(channel)));
  std::vector<ChannelAddress> out;
  for (const auto channel : channels)
    for (const auto& address : left[static_cast<std::size_t>(channel)]) out.push_back({channel, address});
  return out;
}

std::optional<std::string_view> SuppressionList::find(ChannelKind channel, std::string_view address) const {
  const auto& reasons = of(channel);
  if (reasons.empty()) return std::nullopt;
  const auto found = reasons.find(normalised_address(channel, address));
  if (found == reasons.end()) return std::nullopt;
  return found->second;
}

void SuppressionList::add(ChannelKind channel, std::string_view address, std::string reason) {
  of(channel)[normalised_address(channel, address)] = std::move(reason);
}

void SuppressionList::resubscribe(ChannelKind channel, std::string_view address) {
  auto& reasons = of(channel);
  const auto found = reasons.find(normalised_address(channel, address));
  if (found != reasons.end() && found->second == "unsubscribed") reasons.erase(found);
}

std::vector<ChannelAddress> SuppressionList::gone() const {
  std::vector<ChannelAddress> out;
  for (const auto channel : all_channels)
    for (const auto& [address, reason] : of(channel))
      if (reason == endpoint_gone) out.push_back({channel, address});
  return out;
}

void SuppressionList::lift_gone(std::span<const ChannelAddress> endpoints) {
  for (const auto& [channel, address] : endpoints) {
    const auto found = of(channel).find(address);
    if (found != of(channel).end() && found->second == endpoint_gone) of(channel).erase(found);
  }
}

void SuppressionList::erase_gone(Sqlite& db, std::span<const ChannelAddress> endpoints) {
  for (const auto& [channel, address] : endpoints)
    db.query("DELETE FROM suppression WHERE channel = ? AND address = ? AND reason = ?")
        .bind(0, to_string(channel))
        .bind(1, address)
        .bind(2, endpoint_gone)
        .run();
}

SuppressionList SuppressionList::load(Sqlite& db) {
  SuppressionList list;
  auto rows = db.query("SELECT channel, address, reason FROM suppression");
  while (rows.step())
    if (const auto channel = parse_channel(rows.text(0)))
      list.of(*channel)[std::string(rows.text(1))] = rows.text(2);
  return list;
}

void SuppressionList::store(Sqlite& db, ChannelKind channel, std::string_view address,
                            std::string_view reason, Time now) {
  db.query("INSERT OR REPLACE INTO suppression (channel, address, reason, since) VALUES (?, ?, ?, ?)")
      .bind(0, to_string(channel))
      .bind(1, normalised_address(channel, address))
      .bind(2, reason)
      .bind(3, now.time_since_epoch().count())
      .run();
}

void SuppressionList::erase_unsubscription(Sqlite& db, ChannelKind channel, std::string_view address) {
  db.query("DELETE FROM suppression WHERE channel = ? AND address = ? AND reason = 'unsubscribed'")
      .bind(0, to_string(channel))
      .bind(1, normalised_address(channel, address))
      .run();
}

}  // namespace crier
