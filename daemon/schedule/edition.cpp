#include "schedule/edition.hpp"

namespace crier {
namespace {

// The occurrence on the nominal date of `day`, unless the weekday is not in the set or the zone skips it.
std::optional<Occurrence> occurrence_on(const Recurrence& recurrence, LocalTime day) {
  day.hour = recurrence.hour;
  day.minute = recurrence.minute;
  if ((recurrence.days >> (iso_weekday(day) - 1) & 1) == 0) return std::nullopt;
  const Time at = recurrence.zone.to_utc(day);
  // A gap of minutes moves the wall clock within the day; a zone that drops a whole day lands on the next
  // date's own time of day, which has an occurrence of its own.
  const LocalTime shown = recurrence.zone.to_local(at);
  if (shown == add_days(day, 1)) return std::nullopt;
  return Occurrence{day, at};
}

}  // namespace

std::vector<Occurrence> next_occurrences(const Recurrence& recurrence, Time after, std::size_t count) {
  std::vector<Occurrence> out;
  // From the day before: near midnight the nominal date and the date of the instant may differ.
  LocalTime day = add_days(recurrence.zone.to_local(after), -1);
  while (out.size() < count) {
    const auto occurrence = occurrence_on(recurrence, day);
    if (occurrence && occurrence->at > after) out.push_back(*occurrence);
    day = add_days(day, 1);
    if (day.year > 9999) break;
  }
  return out;
}

std::optional<Occurrence> latest_occurrence(const Recurrence& recurrence, Time since, Time now) {
  constexpr int days_to_look_back = 8;  // a weekly edition is at most seven days old
  LocalTime day = add_days(recurrence.zone.to_local(now), 1);
  for (int i = 0; i <= days_to_look_back + 1; ++i, day = add_days(day, -1)) {
    const auto occurrence = occurrence_on(recurrence, day);
    if (occurrence && occurrence->at <= now) {
      if (occurrence->at <= since) return std::nullopt;
      return occurrence;
    }
  }
  return std::nullopt;
}

bool is_too_soon(const Recurrence& recurrence, const Occurrence& occurrence, Time sent) {
  const auto before = latest_occurrence(recurrence, Time::min(), occurrence.at - Duration(1));
  return before && 2 * (occurrence.at - sent) < occurrence.at - before->at;
}

}  // namespace crier
