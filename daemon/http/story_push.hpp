// POST /v1/stories: a newsroom system pushes one story. On the loop; parsing is the callback's, on workers.
// 202 is a promise: it is given only when the story is durable, so a crash after it loses nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/result.hpp"
#include "http/message.hpp"
#include "story/story.hpp"

namespace crier::http {

struct PushedBody {
  Story story;
  std::vector<std::string> warnings;  ///< what was doubtful or left out, a sentence each
};

struct PushedStory {
  std::string id;
  std::uint32_t version = 0;
  std::string result;  ///< "created", "updated", "unchanged"
};

struct StoryPush {
  std::vector<std::string> tokens;             ///< bearer tokens; none = 403 for all
  std::map<std::string, std::string> formats;  ///< lower-case media type → the parser's name of the format
  std::size_t body_bytes = 1024UL * 1024;

  /// The story in `body`. An Error is the sender's fault: its sentence is answered with 400.
  std::function<boost::asio::awaitable<Result<PushedBody>>(std::string format, std::string body)> parse;
  /// Makes it durable and hands it on. An Error is ours: 503, and its sentence goes to the log only.
  std::function<boost::asio::awaitable<Result<PushedStory>>(Story story)> accept;
};

/// 202 {"id", "version", "result"}, with "warnings" where there are any; else 400, 401, 403, 413, 415 with
/// Accept-Post, or 503 with Retry-After.
Handler story_push(StoryPush push);

}  // namespace crier::http
