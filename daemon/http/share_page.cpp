#include "http/share_page.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <fmt/core.h>

#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "http/header_values.hpp"

namespace crier::http {
namespace {

bool wants_html(const Request& request) {
  const auto format = request.query.find("format");
  if (format != request.query.end()) return format->second == "html";
  return prefers_html(request.headers.get("Accept"));
}

Response as_json(const SharedStory& story) {
  boost::json::object links;
  for (const auto& link : story.links) links[link.target] = link.url;
  return json_response(
      200, boost::json::object{{"story", {{"id", story.id}, {"title", story.title}, {"url", story.url}}},
                               {"links", std::move(links)}});
}

Response as_html(const SharePage& page, const SharedStory& story) {
  auto response = html_response(200, page.render_html(story));
  response.headers.set("Content-Security-Policy",
                       fmt::format("default-src 'none'; style-src 'sha256-{}'; base-uri 'none'",
                                   to_base64(sha256(page.style))));
  return response;
}

Response answer_share(const SharePage& page, const Request& request) {
  const auto name = request.parameters.find("story");
  const auto story = name == request.parameters.end() ? std::nullopt : page.look_up(name->second);
  Response response;
  if (!story)
    response = problem(404, "There is no such story.");
  else if (story->killed)
    response = problem(410, "This story was withdrawn.");
  else
    response = wants_html(request) ? as_html(page, *story) : as_json(*story);
  // Short, so that a correction or a kill reaches the buttons within a minute.
  response.headers.set("Cache-Control", response.status == 200 ? "public, max-age=60" : "no-store");
  response.headers.set("Vary", "Accept");
  response.headers.set("Access-Control-Allow-Origin", "*");
  response.headers.set("X-Robots-Tag", "noindex");
  return response;
}

}  // namespace

Handler share_page(SharePage page) {
  return immediate([page = std::move(page)](const Request& request) { return answer_share(page, request); });
}

}  // namespace crier::http
