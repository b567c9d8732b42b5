#include "audience/suppression.hpp"

#include <unordered_set>

#include "db/sqlite.hpp"

namespace crier {
namespace {

std::string key_of(ChannelKind channel, std::string_view address) {
  return std::string(to_string(channel)) + ' ' + normalised_address(channel, address);
}

// Of the suppressed `reasons`, those of endpoints that said they are gone and that nobody has any more.
std::vector<std::string> abandoned(const std::unordered_map<std::string, std::string>& reasons,
                                   const Subscribers& subscribers) {
  std::unordered_set<std::string> gone;
  for (const auto& [key, reason] : reasons)
    if (reason == endpoint_gone) gone.insert(key);
  for (const auto& subscriber : subscribers) {
    if (gone.empty()) break;
    for (const auto channel : all_channels)
      if (subscriber.is_on(channel)) gone.erase(key_of(channel, subscriber.address(channel)));
  }
  return {gone.begin(), gone.end()};
}

}  // namespace

std::optional<std::string_view> SuppressionList::find(ChannelKind channel, std::string_view address) const {
  if (reasons_.empty()) return std::nullopt;
  const auto found = reasons_.find(key_of(channel, address));
  if (found == reasons_.end()) return std::nullopt;
  return found->second;
}

void SuppressionList::add(ChannelKind channel, std::string_view address, std::string reason) {
  reasons_[key_of(channel, address)] = std::move(reason);
}

void SuppressionList::resubscribe(ChannelKind channel, std::string_view address) {
  const auto found = reasons_.find(key_of(channel, address));
  if (found != reasons_.end() && found->second == "unsubscribed") reasons_.erase(found);
}

void SuppressionList::forget_gone(const Subscribers& subscribers) {
  for (const auto& key : abandoned(reasons_, subscribers)) reasons_.erase(key);
}

void SuppressionList::erase_gone(Sqlite& db, const Subscribers& subscribers) {
  for (const auto& key : abandoned(load(db).reasons_, subscribers))
    db.query("DELETE FROM suppression WHERE channel || ' ' || address = ? AND reason = ?")
        .bind(0, key)
        .bind(1, endpoint_gone)
        .run();
}

SuppressionList SuppressionList::load(Sqlite& db) {
  SuppressionList list;
  auto rows = db.query("SELECT channel, address, reason FROM suppression");
  while (rows.step()) {
    list.reasons_[std::string(rows.text(0)) + ' ' + std::string(rows.text(1))] = rows.text(2);
  }
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
