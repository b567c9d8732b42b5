#include "app/feed_fetch.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "base/clock.hpp"
#include "net/host_turns.hpp"
#include "net/http_client.hpp"
#include "net/http_headers.hpp"
#include "story/plain_text.hpp"
#include "story/url_reference.hpp"

namespace crier {
namespace {

constexpr int most_redirects = 5;

HttpRequest to_http(const FeedRequest& request, const std::string& url) {
  HttpRequest http;
  http.url = url;
  http.total_timeout = std::chrono::seconds(60);
  http.max_response_bytes = max_story_bytes;
  http.accept_compressed = true;
  http.headers = {
      {"Accept",
       "application/atom+xml, application/rss+xml, application/feed+json, application/json;q=0.9, "
       "application/xml;q=0.9, text/xml;q=0.8, text/html;q=0.5, */*;q=0.1"}};
  http.headers.emplace_back("User-Agent", request.user_agent);
  const auto& validators = request.validators;
  if (validators.url != url) return http;
  if (!validators.etag.empty()) http.headers.emplace_back("If-None-Match", validators.etag);
  if (!validators.last_modified.empty())
    http.headers.emplace_back("If-Modified-Since", validators.last_modified);
  return http;
}

bool is_conditional(const HttpRequest& request) {
  return std::ranges::any_of(request.headers,
                             [](const auto& header) { return header.first.starts_with("If-"); });
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// The last answer of a chain of redirects.
void take_response(FeedAnswer& answer, HttpResponse response, bool is_conditional, bool is_home, Time now) {
  const auto header = [&](std::string_view name) { return response.header(name).value_or(""); };
  if (response.status == 304 && is_conditional) {
    answer.kind = FeedAnswer::Kind::unchanged;
  } else if (response.status == 410 && is_home) {
    answer.kind = FeedAnswer::Kind::gone;
  } else if (response.truncated) {
    answer.failure = fmt::format("more than {} MB", max_story_bytes >> 20);
  } else if (response.status == 200) {
    answer.kind = FeedAnswer::Kind::content;
  } else {
    answer.failure = fmt::format("http-{}", response.status);
  }
  if (answer.kind == FeedAnswer::Kind::failed)
    answer.retry_after = parse_retry_after(header("retry-after"), now);
  else
    answer.fresh_for = parse_freshness(header("cache-control"), header("age"));
  if (answer.kind != FeedAnswer::Kind::content) return;
  answer.body = std::move(response.body);
  answer.headers = std::move(response.headers);
}

}  // namespace

std::string user_agent(std::string_view contact) {
  const std::string name = "crier/" CRIER_VERSION;
  return contact.empty() ? name : fmt::format("{} (+{})", name, contact);
}

boost::asio::awaitable<FeedAnswer> fetch_feed(HttpClient& client, HostTurns& turns, const Clock& clock,
                                              FeedRequest request) {
  FeedAnswer answer;
  answer.url = request.url;
  bool is_permanent = true;
  for (int redirects = 0; redirects <= most_redirects; ++redirects) {
    auto http = to_http(request, answer.url);
    const bool has_condition = is_conditional(http);
    std::optional<Result<HttpResponse, HttpFailure>> response;
    {
      const auto turn = co_await turns.take(host_of(answer.url));
      response.emplace(co_await client.send(std::move(http)));
    }
    if (!*response) {
      answer.failure = fmt::format("{}: {}", to_string(response->error().kind), response->error().message);
      co_return answer;
    }
    auto& got = **response;
    const std::string location(got.header("location").value_or(""));
    if (!is_redirect(got.status) || location.empty()) {
      const auto& home = answer.moved_to.empty() ? request.url : answer.moved_to;
      take_response(answer, std::move(got), has_condition, answer.url == home, clock.now());
      co_return answer;
    }
    const auto next = resolve_url(location, answer.url);
    if (!next) {
      answer.failure = fmt::format("redirected to an address that is none: \"{}\"", cut_text(location, 200));
      co_return answer;
    }
    is_permanent = is_permanent && (got.status == 301 || got.status == 308);
    answer.url = next->substr(0, next->find('#'));
    if (is_permanent) answer.moved_to = answer.url;
  }
  answer.failure = fmt::format("more than {} redirects", most_redirects);
  co_return answer;
}

}  // namespace crier
