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

/// How long an answer counts as fresh: the max-age of Cache-Control (RFC 9111 §5.2.2.1), at most a year, less
/// the Age that it has already (§5.1; empty = none). nullopt when there is no max-age, or when the answer is
/// not to be kept at all.
std::optional<Duration> parse_freshness(std::string_view cache_control, std::string_view age = {});

/// A validator (ETag, Last-Modified) as it may be sent back (RFC 9110 §5.5); empty when it holds controls or
/// has more than 1,024 bytes: it would spoil the next request.
std::string_view usable_validator(std::string_view value);

}  // namespace crier
