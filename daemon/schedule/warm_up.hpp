// Warm-up: how much may leave a day by a sender whose address is new. Providers distrust what suddenly sends
// a lot, so it doubles from day to day (UTC). Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.hpp"

namespace crier {

struct WarmUp {
  std::chrono::sys_days from{};      ///< the first day
  std::int64_t first_day = 50;       ///< messages on it
  std::int64_t done_at = 1'000'000;  ///< when a day's share reaches this there is no limit any more

  bool operator==(const WarmUp&) const = default;
};

/// What has left on a day.
struct SentOnDay {
  std::chrono::sys_days day{};
  std::int64_t count = 0;

  bool operator==(const SentOnDay&) const = default;
};

/// The most that may leave on the day of `now`: 0 before the first day, nullopt when it is over.
std::optional<std::int64_t> daily_share(const WarmUp& plan, Time now);

/// How many more may leave now; nullopt = any number.
std::optional<std::int64_t> daily_room(const WarmUp& plan, const SentOnDay& sent, Time now);

/// When the next day begins.
Time next_day(Time now);

}  // namespace crier
