// Local time: IANA zones and the conversions between wall clocks and UTC. The only user of cctz.
// Gaps and overlaps follow RFC 5545: in a gap the offset before it holds, in an overlap the first one.
#pragma once

#include <compare>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"

namespace crier {

/// A date and a wall-clock time without a zone.
struct LocalTime {
  int year = 1970;
  int month = 1;  ///< 1..12
  int day = 1;
  int hour = 0;
  int minute = 0;

  auto operator<=>(const LocalTime&) const = default;
};

/// "2026-11-23T07:00".
std::string to_string(const LocalTime& local);
/// Reads what to_string wrote.
std::optional<LocalTime> parse_local_time(std::string_view text);

/// ISO weekday, 1 = Monday … 7 = Sunday.
int iso_weekday(const LocalTime& local);

/// The same wall-clock time `days` calendar days later.
LocalTime add_days(const LocalTime& local, int days);

/// A zone of the system's database; cheap to copy.
class Zone {
 public:
  /// Error: not an IANA name of this system (abbreviations such as "IST" are refused), with a suggestion.
  static Result<Zone> find(std::string_view name);
  static Zone utc();

  const std::string& name() const { return name_; }
  LocalTime to_local(Time time) const;
  /// What people call the zone at that time: "EDT", "WAT"; "GMT+5:45" where it has no letters.
  std::string label(Time time) const;
  Time to_utc(const LocalTime& local) const;

 private:
  struct Rules;
  Zone(std::string name, std::shared_ptr<const Rules> rules);
  std::string name_;
  std::shared_ptr<const Rules> rules_;
};

}  // namespace crier
