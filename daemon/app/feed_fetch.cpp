#include "app/feed_fetch.hpp"

#include <fmt/core.h>

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
  if (!request.contact.empty())
    http.headers.emplace_back("User-Agent", fmt::format("crier/{} (+{})", CRIER_VERSION, request.contact));
  if (!request.etag.empty()) http.headers.emplace_back("If-None-Match", request.etag);
  if (!request.last_modified.empty()) http.headers.emplace_back("If-Modified-Since", request.last_modified);
  return http;
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

void take_response(FeedAnswer& answer, HttpResponse response, Time now) {
  if (const auto wish = response.header("retry-after")) answer.retry_after = parse_retry_after(*wish, now);
  if (const auto cache = response.header("cache-control")) answer.fresh_for = parse_max_age(*cache);
  if (response.status == 304) {
    answer.kind = FeedAnswer::Kind::unchanged;
  } else if (response.status == 410) {
    answer.kind = FeedAnswer::Kind::gone;
  } else if (response.truncated) {
    answer.failure = fmt::format("more than {} MB", max_story_bytes >> 20);
  } else if (response.status == 200) {
    answer.kind = FeedAnswer::Kind::content;
    answer.body = std::move(response.body);
    answer.headers = std::move(response.headers);
  } else {
    answer.failure = fmt::format("http-{}", response.status);
  }
}

}  // namespace

boost::asio::awaitable<FeedAnswer> fetch_feed(HttpClient& client, FeedRequest request, Time now) {
  FeedAnswer answer;
  answer.url = request.url;
  bool is_permanent = true;
  for (int redirects = 0; redirects <= most_redirects; ++redirects) {
    auto response = co_await client.send(to_http(request, answer.url));
    if (!response) {
      answer.failure = fmt::format("{}: {}", to_string(response.error().kind), response.error().message);
      co_return answer;
    }
    const auto location = response->header("location");
    if (!is_redirect(response->status) || !location) {
      take_response(answer, *std::move(response), now);
      co_return answer;
    }
    const auto next = resolve_url(*location, answer.url);
    if (!next) {
      answer.failure = fmt::format("redirected to an address that is none: \"{}\"", cut_text(*location, 200));
      co_return answer;
    }
    is_permanent = is_permanent && (response->status == 301 || response->status == 308);
    answer.url = next->substr(0, next->find('#'));
    answer.moved_to = is_permanent ? answer.url : std::string();
  }
  answer.failure = fmt::format("more than {} redirects", most_redirects);
  co_return answer;
}

}  // namespace crier
