// Edition: a named, repeating publication with a local time and a zone. Pure: given "now", it says when
// the next occurrence is and which one is owed.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "schedule/local_time.hpp"

namespace crier {

/// When something repeats: some weekdays at one wall-clock time in one zone.
struct Recurrence {
  Zone zone = Zone::utc();
  int hour = 7;
  int minute = 0;
  unsigned days = 0x7F;  ///< bit 0 = Monday … bit 6 = Sunday; never 0
};

/// One dated run. The nominal local time is its identity; a change of the zone's rules moves the instant.
struct Occurrence {
  LocalTime nominal;
  Time at;
};

/// The first `count` occurrences strictly after `after`. In a zone that skips a whole day, so does this.
std::vector<Occurrence> next_occurrences(const Recurrence& recurrence, Time after, std::size_t count);

/// The latest occurrence at or before `now`, if it is after `since`.
std::optional<Occurrence> latest_occurrence(const Recurrence& recurrence, Time since, Time now);

/// Whether an occurrence comes less than half the edition's period after one that was sent at `sent`, the
/// period being the time since the occurrence before it. Only a changed time, zone or set of days can bring
/// that about.
bool is_too_soon(const Recurrence& recurrence, const Occurrence& occurrence, Time sent);

struct Edition {
  std::string name;
  std::string title;
  Recurrence recurrence;
  /// Stories per reader: the most urgent, and of these the newest. How many more there were stands in the
  /// message.
  std::size_t max_items = 20;
};

}  // namespace crier
