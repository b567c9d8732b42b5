// Zone text: time zones as pages write them ("EDT", "ET", "+0100"), applied to a wall-clock time.
// Called by date_text.cpp; pure, any thread.
// Abbreviations are not a standard: the table holds what English-language newsrooms mean by them.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "story/date_text.hpp"

namespace crier {

struct ZoneText {
  std::string word;                   ///< lower case; empty = none was written
  std::optional<int> offset_minutes;  ///< east of UTC; decides when it is there
};

bool is_zone_word(std::string_view lower_case_word);

/// The instant of a wall-clock time. An unknown word counts as UTC, with a doubt; without word and offset
/// the IANA zone `default_zone` holds, and when that is empty or unknown UTC, with a doubt. "ET", "CT", "MT",
/// "PT" follow United States daylight saving time; in a gap the time after it is meant, in an overlap the
/// first.
DateReading apply_zone(std::chrono::sys_seconds wall_clock, const ZoneText& zone,
                       const std::string& default_zone);

}  // namespace crier
