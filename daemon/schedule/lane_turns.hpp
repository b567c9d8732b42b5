// LaneTurns: whose turn it is among the lanes that have something to send. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "schedule/lane.hpp"

namespace crier {

/// The most urgent lane goes first, but each 16th turn is for one of the others, the longest unserved of
/// them: however much there is of what is urgent, nothing waits for ever.
class LaneTurns {
 public:
  /// One of those in `ready`; nullopt when there are none.
  std::optional<Lane> next(LaneSet ready);

 private:
  static constexpr std::uint64_t others_every = 16;

  std::uint64_t turns_ = 0;                         // in which there was a choice
  std::array<std::uint64_t, lane_count> served_{};  // the turn in which each was served last
};

}  // namespace crier
