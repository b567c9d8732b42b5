#include "schedule/quiet_hours.hpp"

namespace crier {

Time earliest_send(Time now, const QuietHours& quiet, const Zone& zone) {
  const auto [start, end] = quiet;
  if (start == end) return now;
  const LocalTime local = zone.to_local(now);
  const int minute = local.hour * 60 + local.minute;
  const bool over_midnight = start > end;
  const bool is_quiet = over_midnight ? minute >= start || minute < end : minute >= start && minute < end;
  if (!is_quiet) return now;
  LocalTime ends = over_midnight && minute >= start ? add_days(local, 1) : local;
  ends.hour = end / 60;
  ends.minute = end % 60;
  const Time until = zone.to_utc(ends);
  // In the second pass of a repeated hour the converted end is that of the first pass and already over.
  return until > now ? until
                     : std::chrono::floor<std::chrono::minutes>(now) +
                           std::chrono::minutes((end - minute + 1440) % 1440);
}

}  // namespace crier
