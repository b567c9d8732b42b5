// Header values of HTTP that crier acts on. Pure; input is hostile.
#pragma once

#include <optional>
#include <string_view>

#include "base/time.hpp"

namespace crier {

/// An HTTP-date in any of its three forms (RFC 9110 §5.6.7).
std::optional<Time> parse_http_date(std::string_view text);

/// Retry-After (RFC 9110 §10.2.3) as a wait from `now`: seconds or an HTTP-date; never negative, never more
/// than `most`. nullopt when it is neither.
std::optional<Duration> parse_retry_after(std::string_view text, Time now,
                                          Duration most = std::chrono::hours(24));

/// The max-age of a Cache-Control header (RFC 9111 §5.2.2.1), at most a year; nullopt when there is none, or
/// when the answer is not to be kept at all.
std::optional<Duration> parse_max_age(std::string_view cache_control);

}  // namespace crier
