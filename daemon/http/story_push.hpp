// POST /v1/stories: a newsroom system pushes one story; POST /v1/stories/{id}/ORDER: it says what is to be
// done with one, such as to take it back. On the loop; parsing is the callback's, on workers. 202 is a
// promise: it is given only when all of it is durable, so a crash after it loses nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/result.hpp"
#include "http/message.hpp"
#include "http/push_gate.hpp"
#include "story/charset_label.hpp"
#include "story/story.hpp"

namespace crier::http {

/// A story as it was sent, alone or as a part of a multipart body.
struct Submission {
  std::string format;       ///< of StoryPush::formats
  ResponseHeaders headers;  ///< of these content-type, content-language and content-location
  std::string body;
  std::vector<std::string> warnings;  ///< what else was in the body and is left out
};

struct PushedBody {
  Story story;
  std::vector<std::string> warnings;  ///< what was doubtful or left out, a sentence each
};

struct PushedStory {
  std::string id;
  std::uint32_t version = 0;
  std::string result;  ///< "created", "updated", "unchanged", "outdated", "canceled", "split"
};

struct StoryPush {
  std::shared_ptr<PushGate> gate;
  std::map<std::string, std::string> formats;  ///< lower-case media type → the parser's name of the format
  std::size_t body_bytes = 1024UL * 1024;
  /// Why there is no room for stories; empty = there is.
  std::function<std::string()> storage_trouble = [] { return std::string(); };

  /// The story of a submission. An Error is the sender's fault: its sentence is answered with 400.
  std::function<boost::asio::awaitable<Result<PushedBody>>(Submission submission)> parse;
  /// Makes it durable and hands it on. An Error is ours, and its sentence goes to the log only: 507 when
  /// there is trouble with the storage, else 503.
  std::function<boost::asio::awaitable<Result<PushedStory>>(Story story)> accept;
};

/// 202 {"id", "version", "result"}, with "warnings" where there are any; else 400, 401, 403, 409, 413, 415
/// with Accept-Post, 503 or 507 with Retry-After. Of a multipart body the first part that has a media type of
/// `formats` is the story.
Handler story_push(StoryPush push);

struct StoryOrder {
  std::shared_ptr<PushGate> gate;
  std::string name;  ///< the last segment of the path: "cancel"
  /// Makes it durable; nullopt when there is no such story. An Error is ours, as in StoryPush::accept.
  std::function<boost::asio::awaitable<Result<std::optional<PushedStory>>>(std::string id)> carry_out;
};

/// The same answers for the {id} of the path, and 404. A signature covers the body alone, so a signed request
/// must repeat both there: {"cancel": ID}.
Handler story_order(StoryOrder order);

}  // namespace crier::http
