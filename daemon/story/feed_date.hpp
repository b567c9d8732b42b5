// Feed date: the dates of feeds, which are dates and nothing else, in every form that feeds have them.
// Called by the readers of XML formats; pure, any thread. Wider than date_text.hpp, which finds dates in pages.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "story/date_text.hpp"

namespace crier {

/// RFC 822 and 5322, RFC 3339, ISO 8601 (basic, ordinal and week dates, years and months alone, two-digit
/// years), asctime, "24:00", and month names of Dutch, French, German, Greek, Hungarian, Italian, Korean,
/// Portuguese and Spanish feeds. A Korean date without a zone is Korea's time, any other `default_zone`'s (IANA
/// name), else UTC. A wrong weekday does not matter. nullopt: not a date, or an impossible one.
std::optional<DateReading> parse_feed_date(std::string_view text, const std::string& default_zone);

}  // namespace crier
