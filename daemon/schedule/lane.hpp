// Lane: the order in which things leave. Lower numbers go first.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace crier {

enum class Lane : std::uint8_t { kill, breaking, correction, alert, digest, replay };

constexpr std::string_view to_string(Lane lane) {
  constexpr std::array<std::string_view, 6> names{"kill",  "breaking", "correction",
                                                  "alert", "digest",   "replay"};
  return names[static_cast<std::size_t>(lane)];
}

}  // namespace crier
