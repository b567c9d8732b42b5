#include "http/story_push.hpp"

#include <memory>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/log.hpp"
#include "http/bearer_tokens.hpp"
#include "http/header_values.hpp"

namespace crier::http {

namespace asio = boost::asio;

namespace {

struct Door {
  explicit Door(StoryPush the_push) : push(std::move(the_push)), tokens(push.tokens) {}
  StoryPush push;
  BearerTokens tokens;
};

Response unsupported(const StoryPush& push) {
  std::string known;
  for (const auto& [type, format] : push.formats) known += (known.empty() ? "" : ", ") + type;
  auto response = problem(415, "A story comes as one of: " + known + ".");
  response.headers.set("Accept-Post", known);
  return response;
}

asio::awaitable<Response> take_story(std::shared_ptr<const Door> door, Request request) {
  const auto& push = door->push;
  if (auto refusal = door->tokens.refuse(request)) co_return std::move(*refusal);
  const auto format = push.formats.find(media_type(request.headers.get("Content-Type")));
  if (format == push.formats.end()) co_return unsupported(push);
  if (request.body.size() > push.body_bytes)
    co_return problem(413, too_large("The story is", push.body_bytes));

  auto parsed = co_await push.parse(format->second, std::move(request.body));
  if (!parsed) co_return problem(400, parsed.error().message);
  const auto accepted = co_await push.accept(std::move(parsed->story));
  if (!accepted) {
    log::error("story.unstored", {{"source", "push"}, {"what", accepted.error().message}});
    auto response = problem(503, "The story could not be stored; send it again later.");
    response.headers.set("Retry-After", "30");
    co_return response;
  }
  boost::json::object answer{
      {"id", accepted->id}, {"version", accepted->version}, {"result", accepted->result}};
  if (const auto& warnings = parsed->warnings; !warnings.empty())
    answer["warnings"] = boost::json::array(warnings.begin(), warnings.end());
  co_return json_response(202, std::move(answer));
}

}  // namespace

Handler story_push(StoryPush push) {
  return [door = std::make_shared<const Door>(std::move(push))](Request request) {
    return take_story(door, std::move(request));
  };
}

}  // namespace crier::http
