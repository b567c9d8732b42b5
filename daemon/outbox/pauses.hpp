// Pauses: what an operator has told to wait, until when and why. Pure; the courier asks before each attempt.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audience/subscriber.hpp"
#include "base/time.hpp"
#include "outbox/target.hpp"
#include "schedule/lane.hpp"

namespace crier {

struct Pause {
  Target target;  ///< a channel, relay, domain, lane or batch
  std::string why;
  std::string who;
  Time since{};
  Time until{};
  /// Of a channel, or of a relay that is all the channel has: what is held as a whole.
  std::optional<ChannelKind> channel{};

  /// What a delivery that waits for it gives as its reason: "paused domain example.org".
  std::string reason() const { return std::string(paused_prefix) + to_string(target); }

  static constexpr std::string_view paused_prefix = "paused ";
};

/// Whether a delivery's reason is that of a pause.
inline bool is_paused(std::string_view reason) {
  return reason.starts_with(Pause::paused_prefix);
}

/// Which way a delivery goes.
struct Route {
  ChannelKind channel = ChannelKind::email;
  Lane lane = Lane::alert;
  std::int64_t batch_id = 0;
  std::string_view address;
};

class Pauses {
 public:
  Pauses() = default;
  explicit Pauses(std::vector<Pause> pauses);

  const std::vector<Pause>& list() const { return pauses_; }
  /// The pause that holds a delivery at `now`; of several the one that ends last. nullptr: it may leave.
  const Pause* holding(const Route& route, Time now) const;
  /// When the first of them ends; nullopt when there are none.
  std::optional<Time> next_end() const;

 private:
  std::vector<Pause> pauses_;
  bool has_domains_ = false;
};

/// When a delivery that is held is looked at again: when the pause ends, or the delivery expires, which goes
/// on meanwhile.
Time held_until(const Pause& pause, Time expires_at);

}  // namespace crier
