#include "http/story_push.hpp"

#include <variant>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fmt/core.h>

#include "base/log.hpp"
#include "http/header_values.hpp"
#include "http/multipart.hpp"

namespace crier::http {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

Response unsupported(const StoryPush& push) {
  std::string known;
  for (const auto& [type, format] : push.formats) known += (known.empty() ? "" : ", ") + type;
  auto response = problem(415, "A story comes as one of: " + known + ", or as a part of a multipart body.");
  response.headers.set("Accept-Post", known);
  return response;
}

Response unstored(const Error& error, std::string_view trouble = {}) {
  log::error("story.unstored", {{"source", "push"}, {"what", error.message}});
  auto response =
      trouble.empty()
          ? problem(503, "It could not be stored; send it again later.")
          : problem(507,
                    fmt::format("No stories are taken while there is no room for them ({}); what is owed is "
                                "still sent. Send it again later.",
                                trouble));
  response.headers.set("Retry-After", "30");
  return response;
}

json::object answer_of(const PushedStory& story) {
  return {{"id", story.id}, {"version", story.version}, {"result", story.result}};
}

ResponseHeaders headers_of(const Headers& headers) {
  ResponseHeaders out;
  for (const auto* name : {"content-type", "content-language", "content-location"})
    if (const auto value = headers.find(name)) out.emplace_back(name, *value);
  return out;
}

using Submitted = std::variant<Submission, Response>;

Submitted submission_of_parts(const StoryPush& push, const Request& request) {
  const auto parts = parse_multipart(request.headers.get("Content-Type"), request.body);
  if (!parts) return problem(400, parts.error().message + ".");
  std::optional<Submission> submission;
  std::vector<std::string> left_out;
  for (const auto& part : *parts) {
    const auto type = media_type(part.headers.get("Content-Type"));
    const auto format = push.formats.find(type);
    if (!submission && format != push.formats.end())
      submission = {format->second, headers_of(part.headers), std::string(part.content), {}};
    else
      left_out.push_back(fmt::format("the part \"{}\"{} is left out", part_name(part),
                                     type.empty() ? "" : fmt::format(" ({})", type)));
  }
  if (!submission) return unsupported(push);
  submission->warnings = std::move(left_out);
  return *std::move(submission);
}

Submitted submission_of(const StoryPush& push, Request& request) {
  if (request.body.size() > push.body_bytes) return problem(413, too_large("The story is", push.body_bytes));
  const auto type = media_type(request.headers.get("Content-Type"));
  if (type.starts_with("multipart/")) return submission_of_parts(push, request);
  const auto format = push.formats.find(type);
  if (format == push.formats.end()) return unsupported(push);
  return Submission{format->second, headers_of(request.headers), std::move(request.body), {}};
}

asio::awaitable<Response> take_story(std::shared_ptr<const StoryPush> push, Request request) {
  auto admitted = push->gate->admit(request);
  if (auto* refusal = std::get_if<Response>(&admitted)) co_return std::move(*refusal);
  auto submitted = submission_of(*push, request);
  if (auto* refusal = std::get_if<Response>(&submitted)) co_return std::move(*refusal);
  auto& submission = std::get<Submission>(submitted);
  auto warnings = std::move(submission.warnings);

  auto parsed = co_await push->parse(std::move(submission));
  if (!parsed) co_return problem(400, parsed.error().message);
  const auto accepted = co_await push->accept(std::move(parsed->story));
  if (!accepted) co_return unstored(accepted.error(), push->storage_trouble());
  std::get<PushGate::Pass>(admitted).keep();
  auto answer = answer_of(*accepted);
  warnings.insert(warnings.end(), parsed->warnings.begin(), parsed->warnings.end());
  if (!warnings.empty()) answer["warnings"] = json::array(warnings.begin(), warnings.end());
  co_return json_response(202, std::move(answer));
}

// Whether the body is {name: id}.
bool repeats_order(std::string_view body, std::string_view name, std::string_view id) {
  json::error_code failed;
  const auto parsed = json::parse(body, failed);
  if (failed || !parsed.is_object()) return false;
  const auto* named = parsed.get_object().if_contains(name);
  return named != nullptr && named->is_string() && std::string_view(named->get_string()) == id;
}

asio::awaitable<Response> take_order(std::shared_ptr<const StoryOrder> order, Request request) {
  auto admitted = order->gate->admit(request);
  if (auto* refusal = std::get_if<Response>(&admitted)) co_return std::move(*refusal);
  const auto& id = request.parameters["id"];
  if ((is_signed(request) || !request.body.empty()) && !repeats_order(request.body, order->name, id))
    co_return problem(400, fmt::format(R"(The body must be {{"{}": ID}} with the story's id of the address.)",
                                       order->name));
  const auto done = co_await order->carry_out(id);
  if (!done) co_return unstored(done.error());
  if (!*done) co_return problem(404, "There is no such story for this.");
  std::get<PushGate::Pass>(admitted).keep();
  co_return json_response(202, answer_of(**done));
}

}  // namespace

Handler story_push(StoryPush push) {
  return [push = std::make_shared<const StoryPush>(std::move(push))](Request request) {
    return take_story(push, std::move(request));
  };
}

Handler story_order(StoryOrder order) {
  return [order = std::make_shared<const StoryOrder>(std::move(order))](Request request) {
    return take_order(order, std::move(request));
  };
}

}  // namespace crier::http
