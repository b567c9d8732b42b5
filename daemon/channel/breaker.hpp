// Breaker: the pauses of a service that fails. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "outbox/outcome.hpp"

namespace crier {

/// Stops a channel for a while when everything on it fails in the same way, so that a dead relay costs a few
/// attempts and not one for each reader. Answers about one reader or message are no outage, but when a
/// hundred in a row are the same, the channel goes on slowly: it may be the service's trouble in other words.
/// Of those that blame the sender twenty in a row are an outage: one may be what a single reader wants.
class Breaker {
 public:
  /// Told of every outcome. Returns the pause when this one opened the breaker.
  std::optional<Duration> record(const Outcome& outcome, Time now);
  /// How long nothing is to be sent; zero when the channel is open. A wall clock that was put back does not
  /// make it longer.
  Duration pause_left(Time now) const;
  /// The same for one of many that wait: where pause follows pause longer by its share of five minutes, so
  /// that not all come back at once, only to be put off again.
  Duration wait_of(std::string_view who, Time now) const;
  const std::string& reason() const { return reason_; }
  /// False from the first failure to the next success: until then one attempt of each slot says enough.
  bool is_well() const { return failures_ == 0 && pauses_ == 0; }
  /// Whether this pause follows another without any success between them.
  bool goes_on() const { return pauses_ > 1; }

 private:
  static constexpr int tolerated = 5;
  static constexpr int tolerated_answers = 100;
  static constexpr int tolerated_blames = 20;
  static constexpr Duration first_pause = std::chrono::seconds(5);
  static constexpr int most_doublings = 4;  // 80 s

  std::optional<Duration> record_answer(const Outcome& outcome, Time now);
  std::optional<Duration> rest(Time now);

  int failures_ = 0;  // in a row, with the same reason
  int answers_ = 0;   // put off, in a row, with the same reason
  int pauses_ = 0;    // in a row
  std::string reason_;
  Time paused_until_{};
};

}  // namespace crier
