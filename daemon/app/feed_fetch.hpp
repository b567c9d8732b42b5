// Fetching a feed: one conditional request, redirects followed hop by hop, each checked by the address guard.
// On the loop; keeps nothing.
#pragma once

#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "base/time.hpp"
#include "story/parse.hpp"

namespace crier {

class HttpClient;

struct FeedRequest {
  std::string url;
  std::string etag;           ///< of the content that is known; empty = none
  std::string last_modified;  ///< likewise
  std::string contact;        ///< a page about whoever asks, for the User-Agent; may be empty
};

struct FeedAnswer {
  enum class Kind {
    content,
    unchanged,  ///< 304
    gone,       ///< 410
    failed,
  };
  Kind kind = Kind::failed;
  std::string failure;      ///< "http-503", "timeout: https://example.org"
  std::string url;          ///< where the answer came from
  std::string moved_to;     ///< where permanent redirects alone lead; empty = nowhere
  std::string body;         ///< inflated, at most max_story_bytes
  ResponseHeaders headers;  ///< names in lower case
  std::optional<Duration> fresh_for;
  std::optional<Duration> retry_after;
};

/// Never fails: what goes wrong is an answer of Kind::failed.
boost::asio::awaitable<FeedAnswer> fetch_feed(HttpClient& client, FeedRequest request, Time now);

}  // namespace crier
