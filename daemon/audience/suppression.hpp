// The suppression list: addresses that get nothing, and why. Outranks everything; asked when a story is
// planned and again right before each attempt. Memory for the asking, the database for keeping.
#pragma once

#include <optional>
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

/// Lives on the loop; the database functions run in database jobs.
class SuppressionList {
 public:
  bool empty() const { return reasons_.empty(); }
  /// The reason ("unsubscribed", "complaint", …), or nullopt.
  std::optional<std::string_view> find(ChannelKind channel, std::string_view address) const;
  void add(ChannelKind channel, std::string_view address, std::string reason);
  /// Lifts an unsubscription; a complaint or a manual entry stays.
  void resubscribe(ChannelKind channel, std::string_view address);
  /// Lifts endpoint_gone where none of `subscribers` has the address, so that one that is configured anew is
  /// tried anew.
  void forget_gone(const Subscribers& subscribers);

  static SuppressionList load(Sqlite& db);
  static void store(Sqlite& db, ChannelKind channel, std::string_view address, std::string_view reason,
                    Time now);
  /// As forget_gone() above.
  static void erase_gone(Sqlite& db, const Subscribers& subscribers);
  static void erase_unsubscription(Sqlite& db, ChannelKind channel, std::string_view address);

 private:
  std::unordered_map<std::string, std::string> reasons_;  // "channel address" → reason
};

}  // namespace crier
