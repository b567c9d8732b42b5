#include "story/feed_fetch.hpp"

#include <boost/url/parse.hpp>
#include <fmt/core.h>

#include "base/clock.hpp"
#include "base/encoding.hpp"
#include "net/host_turns.hpp"
#include "net/http_client.hpp"
#include "net/http_headers.hpp"
#include "story/url_reference.hpp"

namespace crier {
namespace {

namespace asio = boost::asio;

constexpr std::string_view accepted_types =
    "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, "
    "text/xml;q=0.9, "
    "application/json;q=0.9, */*;q=0.5";

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

HttpRequest make_request(const FeedQuestion& question, const std::string& url) {
  HttpRequest request;
  request.url = url;
  request.headers = {{"User-Agent", question.user_agent}, {"Accept", std::string(accepted_types)}};
  const auto& validators = question.validators;
  if (validators.url == url) {
    if (!validators.etag.empty()) request.headers.emplace_back("If-None-Match", validators.etag);
    if (!validators.last_modified.empty())
      request.headers.emplace_back("If-Modified-Since", validators.last_modified);
  }
  request.total_timeout = question.timeout;
  request.max_response_bytes = max_feed_bytes;
  request.accepts_compressed = true;
  return request;
}

// Where a redirect leads; empty when nowhere that one may go.
std::string target_of(const HttpResponse& response, const std::string& from) {
  auto target = resolve_url(response.header("location").value_or(""), from).value_or("");
  target.resize(std::min(target.find('#'), target.size()));
  return target;
}

std::string kept(const HttpResponse& response, std::string_view name) {
  constexpr std::size_t longest_validator = 1024;
  const auto value = response.header(name).value_or("");
  return value.size() <= longest_validator ? std::string(value) : std::string();
}

FeedAnswer::Kind kind_of(const HttpResponse& response, bool was_conditional, bool is_where_it_lives) {
  if (response.status == 304 && was_conditional) return FeedAnswer::Kind::unchanged;
  if (response.status == 410 && is_where_it_lives) return FeedAnswer::Kind::gone;
  if (response.status == 200 && !response.truncated) return FeedAnswer::Kind::body;
  return FeedAnswer::Kind::failed;
}

// The last answer of a chain, in the words of a feed.
void take_response(FeedAnswer& answer, HttpResponse response, bool was_conditional, Time now) {
  answer.kind = kind_of(response, was_conditional, answer.url == answer.permanent_url);
  answer.fresh_for =
      parse_freshness(response.header("cache-control").value_or(""), response.header("age").value_or(""),
                      response.header("expires").value_or(""), now);
  if (answer.kind == FeedAnswer::Kind::failed) {
    answer.what = response.status == 200 ? fmt::format("more than {} MB", max_feed_bytes >> 20)
                                         : fmt::format("answered {}", response.status);
    answer.retry_after = parse_retry_after(response.header("retry-after").value_or(""), now);
  }
  if (answer.kind != FeedAnswer::Kind::body) return;
  answer.validators = {answer.url, kept(response, "etag"), kept(response, "last-modified")};
  answer.headers = std::move(response.headers);
  answer.body = std::move(response.body);
}

}  // namespace

std::string host_of_url(std::string_view url) {
  const auto parsed = boost::urls::parse_uri(url);
  return parsed ? to_lower_ascii(parsed->host_address()) : std::string();
}

std::string url_for_logs(std::string_view url) {
  const auto query = url.find('?');
  return query == std::string_view::npos ? std::string(url) : std::string(url.substr(0, query)) + "?…";
}

asio::awaitable<FeedAnswer> fetch_feed(HttpClient& client, HostTurns& turns, const Clock& clock,
                                       FeedQuestion question) {
  FeedAnswer answer;
  answer.url = answer.permanent_url = question.url;
  bool all_permanent = true;
  for (int hop = 0; hop <= max_feed_redirects; ++hop) {
    auto request = make_request(question, answer.url);
    const bool is_conditional = request.headers.size() > 2;
    std::optional<Result<HttpResponse, HttpFailure>> response;
    {
      const auto turn = co_await turns.take(host_of_url(answer.url));
      response.emplace(co_await client.send(std::move(request)));
    }
    if (!*response) {
      answer.what = response->error().message;
      co_return answer;
    }
    auto& got = **response;
    if (!is_redirect(got.status)) {
      take_response(answer, std::move(got), is_conditional, clock.now());
      co_return answer;
    }
    auto target = target_of(got, answer.url);
    if (target.empty()) {
      answer.what = fmt::format("answered {} without a Location that can be followed", got.status);
      co_return answer;
    }
    all_permanent = all_permanent && (got.status == 301 || got.status == 308);
    answer.url = std::move(target);
    if (all_permanent) answer.permanent_url = answer.url;
  }
  answer.what = fmt::format("more than {} redirects", max_feed_redirects);
  co_return answer;
}

}  // namespace crier
