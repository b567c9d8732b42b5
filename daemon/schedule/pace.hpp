// Pace: how fast messages may go to one place, a relay or the domains of one provider. A token bucket whose
// rate the place itself corrects: halved when it says that it is too much, and grown back while it is silent
// (AIMD, as TCP's congestion control: RFC 5681). Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace crier {

/// Messages a second: "20/s", "300/m", "1000/h", "50000/d". nullopt for anything else, and for 0.
std::optional<double> parse_rate(std::string_view text);

struct PaceLimits {
  std::optional<double> rate;  ///< messages a second at most; absent = as fast as they are taken
  std::size_t at_once = 0;     ///< under way at most; 0 = any number

  bool operator==(const PaceLimits&) const = default;
};

/// Those who wait stand in three queues, so that what is urgent does not wait behind what is not, nor who has
/// waited behind who has not.
enum class PaceOrder { urgent, usual, again };

class Pace {
 public:
  static constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();

  /// A configured rate is not used from the first message on: it begins with an eighth of it and doubles
  /// every ten seconds.
  explicit Pace(PaceLimits limits = {}) : limits_(limits) {}

  /// How many messages may leave now.
  std::size_t room(Time now);
  /// When there will be room: `now` where there is, an estimate where it depends on what is under way.
  Time free_at(Time now);
  /// For one that cannot leave now: when its turn is, behind those of its order who were told before. In five
  /// minutes at the latest: how fast it will go then nobody knows.
  Time queue(PaceOrder order, Time now);
  /// Whether somebody of its order was told to wait whose turn has not come, and there is not much room.
  bool is_others_turn(PaceOrder order, Time now);

  /// So many leave now; more than there is room for may.
  void begin(Time now, std::size_t count);
  /// One of those has its answer. `too_much`: the place asks for less (421, 4.7.x). All that it says within
  /// five seconds is one word.
  void end(Time now, bool too_much);

  /// Messages a second that are let through now; nullopt = any number.
  std::optional<double> rate(Time now) const;
  std::size_t under_way() const { return under_way_; }
  const PaceLimits& limits() const { return limits_; }
  /// Whether the place has asked for less, and its wish still counts.
  bool is_slowed(Time now) const;

 private:
  void slow_down(Time now);
  void refill(Time now);
  double seen_rate(Time now) const;

  PaceLimits limits_;
  std::size_t under_way_ = 0;
  // The rate at `since_`, and from there on: up to `goal_`.
  std::optional<double> rate_;
  double goal_ = 0;
  bool doubles_ = false;  // else it grows by a two-hundredth of the goal a second
  Time since_{};
  Time slowed_at_{};
  double tokens_ = 0;
  Time refilled_at_{};
  std::array<double, 3> next_turn_ms_{};  // of each order; since 1970: turns may be closer than a millisecond
  // What has left in the second that began at second_, and in the one before.
  Time second_{};
  std::uint64_t in_second_ = 0;
  std::uint64_t in_last_second_ = 0;
};

}  // namespace crier
