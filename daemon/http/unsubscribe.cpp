#include "http/unsubscribe.hpp"

#include <memory>

#include "base/encoding.hpp"
#include "base/log.hpp"
#include "http/header_values.hpp"
#include "http/page.hpp"

namespace crier::http {

namespace asio = boost::asio;

namespace {

// The form has no action: it posts to its own address, so the token appears in no markup.
constexpr std::string_view confirm_form =
    R"(<form method="post"><button name="confirm" value="1">Unsubscribe</button></form>)";
constexpr std::string_view undo_form =
    R"(<form method="post"><button class="quiet" name="undo" value="1">Subscribe again</button></form>)";

Response page(int status, std::string_view title, std::string_view sentence, std::string_view form = {}) {
  auto response =
      html_response(status, html_page(title, "<h1>" + html_escape(title) + "</h1>\n<p>" +
                                                 html_escape(sentence) + "</p>\n" + std::string(form)));
  response.headers.set("Cache-Control", "no-store");
  // The address holds the reader's token: no referrer may carry it, no index may keep it.
  response.headers.set("Referrer-Policy", "no-referrer");
  response.headers.set("X-Robots-Tag", "noindex");
  return response;
}

Response failed(const Error& error) {
  log::error("reader.not_unsubscribed", {{"what", error.message}});
  auto response =
      page(503, "Please try again", "This could not be done just now. Please try again in a minute.");
  response.headers.set("Retry-After", "60");
  return response;
}

Response unknown() {
  return page(404, "This link is not known", "It may be incomplete. Please use the link in a newer message.");
}

// RFC 8058 §3.1: the mail program posts List-Unsubscribe=One-Click.
std::optional<UnsubscribeAction> action_of(const Parameters& form) {
  for (const auto& [name, value] : form) {
    if (equal_ignoring_case(name, "List-Unsubscribe") && equal_ignoring_case(value, "One-Click"))
      return UnsubscribeAction::stop;
  }
  if (const auto confirm = form.find("confirm"); confirm != form.end() && confirm->second == "1")
    return UnsubscribeAction::stop;
  if (const auto undo = form.find("undo"); undo != form.end() && undo->second == "1")
    return UnsubscribeAction::resume;
  return std::nullopt;
}

Response unsubscribed(const Standing& standing) {
  return page(200, "You are unsubscribed", "You will get no more " + standing.about + ".", undo_form);
}

asio::awaitable<Response> answer_get(const UnsubscribeDoor& door, std::string token) {
  const auto found = co_await door.look_up(std::move(token));
  if (!found) co_return failed(found.error());
  if (!*found) co_return unknown();
  const auto& standing = **found;
  if (standing.has_left) co_return unsubscribed(standing);
  co_return page(200, "Unsubscribe?", "You get " + standing.about + ". Do you want to stop?", confirm_form);
}

asio::awaitable<Response> answer_post(const UnsubscribeDoor& door, std::string token,
                                      std::optional<UnsubscribeAction> action) {
  if (!action) co_return page(400, "Nothing was changed", "This page understood no request to unsubscribe.");
  const auto found = co_await door.change(std::move(token), *action);
  if (!found) co_return failed(found.error());
  if (!*found) co_return unknown();
  if (*action == UnsubscribeAction::stop) co_return unsubscribed(**found);
  co_return page(200, "You are subscribed", "You get " + (*found)->about + " again.", confirm_form);
}

asio::awaitable<Response> answer_unsubscribe(std::shared_ptr<const UnsubscribeDoor> door, Request request) {
  auto token = request.parameters["token"];
  if (request.method != "POST") co_return co_await answer_get(*door, std::move(token));
  const auto form = parse_form(request);
  const auto action = form ? action_of(*form) : std::nullopt;
  co_return co_await answer_post(*door, std::move(token), action);
}

}  // namespace

Handler unsubscribe_page(UnsubscribeDoor door) {
  return [door = std::make_shared<const UnsubscribeDoor>(std::move(door))](Request request) {
    return answer_unsubscribe(door, std::move(request));
  };
}

}  // namespace crier::http
