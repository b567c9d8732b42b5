// The suppression list: addresses that get nothing, and why. Outranks everything; asked when a story is
// planned and again right before each attempt. Memory for the asking, the database for keeping.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "audience/subscribers.hpp"
#include "base/time.hpp"

namespace crier {

class Sqlite;

/// The reason of an endpoint that said itself that it is no more (HTTP 410).
inline constexpr std::string_view endpoint_gone = "gone";

/// An address of a channel, normalised.
struct ChannelAddress {
  ChannelKind channel = ChannelKind::email;
  std::string address;
};

/// Of these endpoints those that none of the subscribers has. It reads every subscriber: not on the loop.
std::vector<ChannelAddress> without_reader(std::span<const ChannelAddress> endpoints,
                                           const Subscribers& subscribers);

/// Lives on the loop; the database functions run in database jobs.
class SuppressionList {
  using Reasons = std::unordered_map<std::string, std::string>;  // address → reason

 public:
  bool empty() const {
    return std::ranges::all_of(reasons_, [](const Reasons& each) { return each.empty(); });
  }
  /// The reason ("unsubscribed", "complaint", …), or nullopt.
  std::optional<std::string_view> find(ChannelKind channel, std::string_view address) const;
  void add(ChannelKind channel, std::string_view address, std::string reason);
  /// Lifts an unsubscription; a complaint or a manual entry stays.
  void resubscribe(ChannelKind channel, std::string_view address);
  /// Those with endpoint_gone. They are lifted where nobody has the address, so that one that is configured
  /// anew is tried anew.
  std::vector<ChannelAddress> gone() const;
  void lift_gone(std::span<const ChannelAddress> endpoints);

  static SuppressionList load(Sqlite& db);
  static void store(Sqlite& db, ChannelKind channel, std::string_view address, std::string_view reason,
                    Time now);
  static void erase_gone(Sqlite& db, std::span<const ChannelAddress> endpoints);
  static void erase_unsubscription(Sqlite& db, ChannelKind channel, std::string_view address);

 private:
  Reasons& of(ChannelKind channel) { return reasons_[static_cast<std::size_t>(channel)]; }
  const Reasons& of(ChannelKind channel) const { return reasons_[static_cast<std::size_t>(channel)]; }

  std::array<Reasons, all_channels.size()> reasons_;
};

}  // namespace crier
