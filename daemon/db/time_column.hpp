// How the database keeps times: milliseconds since 1970 UTC.
#pragma once

#include <cstdint>

#include "base/time.hpp"

namespace crier {

inline std::int64_t to_ms(Time time) {
  return time.time_since_epoch().count();
}

inline Time from_ms(std::int64_t ms) {
  return Time(Duration(ms));
}

}  // namespace crier
