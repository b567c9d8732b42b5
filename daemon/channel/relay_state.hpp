// RelayState: how a relay is doing, for people.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.hpp"

namespace crier {

struct RelayState {
  std::string name;
  bool is_held = false;        ///< by an operator
  Duration pause{};            ///< of its breaker; zero: it is well
  std::string pause_reason;    ///< why it rests, or rested last
  std::optional<double> rate;  ///< messages a second that it is held to
  bool is_slowed = false;      ///< it has asked for less
  std::int64_t sent_today = 0;
  std::optional<std::int64_t> most_today;  ///< while it warms up
};

}  // namespace crier
