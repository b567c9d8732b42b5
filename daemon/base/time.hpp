// Points and spans of time, and how people write them.
// Everything inside crier is UTC in milliseconds; zones appear only in schedule/.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace crier {

using Time = std::chrono::sys_time<std::chrono::milliseconds>;
using Duration = std::chrono::milliseconds;

/// "2023-10-18T19:37:00Z"; milliseconds are written only when there are any (RFC 3339).
std::string to_rfc3339(Time time);

/// "2026-11-23T21:46:17.123Z": always milliseconds, for logs.
std::string to_rfc3339_ms(Time time);

/// Reads an RFC 3339 date-time with its offset (also a space instead of "T"); nothing else.
std::optional<Time> parse_rfc3339(std::string_view text);

/// "Wed, 18 Oct 2023 19:37:00 +0000" (RFC 5322).
std::string to_rfc5322(Time time);

/// "15m", "2h", "30s", "7d", "250ms": one number and one unit. nullopt for anything else.
std::optional<Duration> parse_duration(std::string_view text);

/// The shortest exact spelling in the units of parse_duration: "90s", "2h".
std::string to_string(Duration duration);

/// "90 KB", "10MB", "512 B" (1 KB = 1024 B). nullopt for anything else.
std::optional<std::uint64_t> parse_size(std::string_view text);

}  // namespace crier
