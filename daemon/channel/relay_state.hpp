// RelayState: how a relay is doing, and what holds it, for people.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/time.hpp"
#include "schedule/warm_up.hpp"

namespace crier {

/// The connections to a relay.
struct PoolState {
  std::size_t most = 0;  ///< at once, as configured
  std::size_t messages_per_connection = 0;
  Duration time_per_connection{};
  std::size_t open = 0;     ///< or being opened
  std::size_t allowed = 0;  ///< at once, for now: it begins with few
  bool is_cut = false;      ///< it has said that they are too many, and not all are allowed again
};

struct RelayState {
  std::string name;
  unsigned weight = 1;              ///< its share of the mail; 0 = only what no other can take
  std::size_t under_way = 0;        ///< messages
  std::optional<PoolState> pool;    ///< absent: nothing that one connects to
  bool is_held = false;             ///< by an operator
  Duration pause{};                 ///< of its breaker; zero: it is asked
  bool is_failing = false;          ///< since its last success
  std::string pause_reason;         ///< of its last failure
  std::optional<double> rate;       ///< messages a second that it is held to now
  std::optional<double> most_rate;  ///< as configured
  bool is_slowed = false;           ///< it has asked for less
  std::optional<WarmUp> warm_up;    ///< as configured
  std::int64_t sent_today = 0;
  std::optional<std::int64_t> most_today;  ///< while it warms up
};

}  // namespace crier
