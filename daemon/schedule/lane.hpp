// Lane: the order in which things leave. Lower numbers go first.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace crier {

enum class Lane : std::uint8_t { kill, breaking, correction, alert, digest, replay };

inline constexpr std::size_t lane_count = 6;

/// Which lanes, by their numbers.
using LaneSet = std::bitset<lane_count>;
inline constexpr LaneSet all_lanes{(1U << lane_count) - 1};

constexpr std::string_view to_string(Lane lane) {
  constexpr std::array<std::string_view, lane_count> names{"kill",  "breaking", "correction",
                                                           "alert", "digest",   "replay"};
  return names[static_cast<std::size_t>(lane)];
}

}  // namespace crier
