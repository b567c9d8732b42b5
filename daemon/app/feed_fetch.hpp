// Fetching a feed: one conditional request, redirects followed hop by hop, each checked by the address guard.
// On the loop; keeps nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>

#include "base/time.hpp"
#include "schedule/feed_memory.hpp"
#include "story/parse.hpp"

namespace crier {

class Clock;
class HostTurns;
class HttpClient;

struct FeedRequest {
  std::string url;
  FeedValidators validators;  ///< of the content that is known
  std::string user_agent;
};

struct FeedAnswer {
  enum class Kind {
    content,
    unchanged,  ///< 304
    gone,       ///< 410 where the feed lives: at its address, or where permanent redirects alone lead
    failed,
  };
  Kind kind = Kind::failed;
  std::string failure;   ///< "http-503", "timeout: https://example.org"
  std::string url;       ///< where the answer came from
  std::string moved_to;  ///< where the permanent redirects lead that come before any other; empty = nowhere
  std::string body;      ///< inflated, at most max_story_bytes
  ResponseHeaders headers;  ///< of a content; names in lower case
  std::optional<Duration> fresh_for;
  std::optional<Duration> retry_after;  ///< of a failure
};

/// Who asks, and where somebody can complain (RFC 9110 §10.1.5): "crier/1.0 (+https://example.org)".
std::string user_agent(std::string_view contact);

/// Never fails: what goes wrong is an answer of Kind::failed. Waits for the host's turn before each request.
/// `client`, `turns` and `clock` outlive the call.
boost::asio::awaitable<FeedAnswer> fetch_feed(HttpClient& client, HostTurns& turns, const Clock& clock,
                                              FeedRequest request);

}  // namespace crier
