// Date text: the dates that pages and people write, as instants.
// Called by the parsers; pure, any thread. English month names only: a date is refused rather than guessed.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace crier {

struct DateReading {
  Time time{};
  std::string doubt;  ///< what had to be assumed, for a warning; empty = nothing
};

/// Reads a text that is a date and nothing else: RFC 3339, RFC 5322 ("Wed, 18 Oct 2023 15:37 -0400"),
/// "2023-10-18 15:37 UTC", "Oct 18, 2023, 3:37pm EDT", "18 October 2023, 15:37 BST", "18/10/2023" where
/// the order is plain, "3:37 PM ET, Wed October 18, 2023". A weekday is not checked. Zone abbreviations come
/// from a table; "ET", "CT", "MT", "PT" follow United States daylight saving time. Without a zone the date
/// counts in `default_zone` (IANA name), else in UTC; without a time of day it means midnight.
/// nullopt: not a date, an impossible one, or one whose day and month could be exchanged.
std::optional<DateReading> parse_date_text(std::string_view text, const std::string& default_zone);

/// Whether a line was meant as a date although parse_date_text may refuse it ("Oct 38, 2023, 3:37pm EDT").
bool resembles_date(std::string_view text);

}  // namespace crier
