// Header values of HTTP that crier acts on. Pure; input is hostile.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace crier {

/// An HTTP-date in any of its three forms (RFC 9110 §5.6.7).
std::optional<Time> parse_http_date(std::string_view text);

/// Retry-After (RFC 9110 §10.2.3) as a wait from `now`: seconds or an HTTP-date; never negative, never more
/// than `most`. nullopt when it is neither.
std::optional<Duration> parse_retry_after(std::string_view text, Time now,
                                          Duration most = std::chrono::hours(24));

/// How long an answer counts as fresh (RFC 9111 §4.2): `max-age` of Cache-Control less the Age, else the
/// time until Expires; never negative, never more than `most`. nullopt when neither says it, and for
/// `no-cache` and `no-store`. Empty = the header is not there.
std::optional<Duration> parse_freshness(std::string_view cache_control, std::string_view age,
                                        std::string_view expires, Time now,
                                        Duration most = std::chrono::hours(24));

/// One link of a Link header.
struct HttpLink {
  std::string_view target;             ///< as written, perhaps relative
  std::vector<std::string> relations;  ///< of `rel`, in lower case

  bool has(std::string_view relation) const;
};

/// A Link header (RFC 8288 §3): as many of its links as can be read, 100 at most.
std::vector<HttpLink> parse_links(std::string_view value);

}  // namespace crier
