// Feed fetch: one question to a feed's server: conditional (RFC 9110 §13), compressed, through redirects,
// each of which is a request of its own that the address guard checks. Called by FeedIntake on the loop;
// decides nothing about when, and keeps nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>

#include "base/time.hpp"
#include "story/charset_label.hpp"

namespace crier {

class Clock;
class HostTurns;
class HttpClient;

constexpr std::size_t max_feed_bytes = 10U << 20;  ///< inflated
constexpr int max_feed_redirects = 5;

/// What the server said last by which it can tell that nothing has changed; copied back byte for byte.
struct FeedValidators {
  std::string url;  ///< whose they are
  std::string etag;
  std::string last_modified;

  bool operator==(const FeedValidators&) const = default;
};

struct FeedQuestion {
  std::string url;
  FeedValidators validators;
  std::string user_agent;
  Duration timeout = std::chrono::seconds(60);  ///< of each hop
};

struct FeedAnswer {
  enum class Kind { body, unchanged, gone, failed };
  Kind kind = Kind::failed;
  std::string what;  ///< went wrong, of a failed one: a sentence without the URL
  std::optional<Duration> retry_after;
  std::optional<Duration> fresh_for;
  std::string url;  ///< that answered, after all redirects
  /// Where the permanent redirects (301, 308) lead that came before any other; the question's URL when none
  /// did.
  std::string permanent_url;
  FeedValidators validators;  ///< of a body
  ResponseHeaders headers;    ///< of a body
  std::string body;
};

/// Without its query, which may hold a token.
std::string url_for_logs(std::string_view url);

/// By whom HostTurns counts; empty when it is no URL.
std::string host_of_url(std::string_view url);

/// `client` and `turns` outlive the call. Cancellation throws operation_aborted.
boost::asio::awaitable<FeedAnswer> fetch_feed(HttpClient& client, HostTurns& turns, const Clock& clock,
                                              FeedQuestion question);

}  // namespace crier
