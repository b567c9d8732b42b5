#include "channel/webhook.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/core.h>

#include "base/clock.hpp"
#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "base/log.hpp"
#include "net/http_headers.hpp"

namespace crier {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view secret_prefix = "whsec_";
constexpr std::size_t min_key_bytes = 24;
constexpr std::size_t max_key_bytes = 64;
constexpr std::size_t new_key_bytes = 32;
constexpr std::size_t max_reply_bytes = 1024;
constexpr std::size_t max_id_bytes = 256;
constexpr int max_signatures = 32;  // a receiver does no unbounded work for a stranger
constexpr auto tolerance = 5min;
// How long a request waits for a place, in the way of those to other hosts; and then aside.
constexpr auto place_patience = 200ms;
constexpr auto untried_pause = 5s;

std::int64_t unix_seconds(Time time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

std::string signature(std::string_view id, std::string_view timestamp, std::string_view body,
                      std::string_view key) {
  std::string text;
  text.reserve(id.size() + timestamp.size() + body.size() + 2);
  text.append(id).append(".").append(timestamp).append(".").append(body);
  return "v1," + to_base64(hmac_sha256(key, text));
}

// Not of crier, which stops, cannot ask this, or must not call the host.
bool is_of_host(HttpFailure::Kind kind) {
  using enum HttpFailure::Kind;
  return kind != stopping && kind != bad_request && kind != forbidden;
}

bool is_event_type(std::string_view type) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
  };
  return !type.empty() && !type.starts_with('.') && !type.ends_with('.') &&
         type.find("..") == std::string_view::npos && std::ranges::all_of(type, fits);
}

}  // namespace

Result<std::string> parse_webhook_secret(std::string_view text) {
  if (!text.starts_with(secret_prefix)) return Error{"webhook secret: does not start with whsec_"};
  auto key = from_base64(text.substr(secret_prefix.size()));
  if (!key) return Error{"webhook secret: what follows whsec_ is not base64"};
  if (key->size() < min_key_bytes || key->size() > max_key_bytes)
    return Error{fmt::format("webhook secret: holds {} bytes; 24 to 64 are right", key->size())};
  return std::move(*key);
}

std::string make_webhook_secret() {
  return std::string(secret_prefix) + to_base64(random_bytes(new_key_bytes));
}

Result<std::string> webhook_body(std::string_view type, Time timestamp, const boost::json::object& data) {
  if (!is_event_type(type))
    return Error{"webhook: the event type is not letters, digits and _ in parts separated by dots"};
  return boost::json::serialize(
      boost::json::object{{"type", type}, {"timestamp", to_rfc3339(timestamp)}, {"data", data}});
}

std::string sign_webhook(std::string_view id, Time at, std::string_view body,
                         std::span<const std::string> keys) {
  const auto timestamp = std::to_string(unix_seconds(at));
  std::string out;
  for (const auto& key : keys) {
    if (!out.empty()) out += ' ';
    out += signature(id, timestamp, body, key);
  }
  return out;
}

Result<void> verify_webhook(const WebhookHeaders& headers, std::string_view body,
                            std::span<const std::string> keys, Time now) {
  if (headers.id.empty() || headers.id.size() > max_id_bytes ||
      headers.id.find('.') != std::string_view::npos)
    return Error{"webhook-id: missing or malformed"};
  std::int64_t seconds = 0;
  const auto* const end = headers.timestamp.data() + headers.timestamp.size();
  const auto read = std::from_chars(headers.timestamp.data(), end, seconds);
  if (read.ec != std::errc{} || read.ptr != end || seconds < 0)
    return Error{"webhook-timestamp: missing or not in seconds"};
  // Compared in seconds: a hostile number would overflow in milliseconds.
  const auto tolerated = std::chrono::seconds(tolerance).count();
  if (seconds < unix_seconds(now) - tolerated || seconds > unix_seconds(now) + tolerated)
    return Error{"webhook-timestamp: more than five minutes away from now"};
  std::vector<std::string> expected;
  for (const auto& key : keys) expected.push_back(signature(headers.id, headers.timestamp, body, key));
  auto left = headers.signature;
  for (int count = 0; count < max_signatures && !left.empty(); ++count) {
    const auto given = left.substr(0, left.find(' '));
    left.remove_prefix(std::min(given.size() + 1, left.size()));
    for (const auto& each : expected) {
      if (constant_time_equal(given, each)) return {};
    }
  }
  return Error{"webhook-signature: none of them matches"};
}

Outcome judge_webhook(const HttpResponse& response, Time now) {
  Outcome outcome;
  outcome.reply = to_one_line(response.body, max_reply_bytes);
  if (response.status >= 200 && response.status < 300) {
    outcome.kind = OutcomeKind::delivered;
    return outcome;
  }
  if (response.status == 410) {
    outcome.kind = OutcomeKind::refused;
    outcome.reason = "gone";
    outcome.endpoint_gone = true;
    return outcome;
  }
  outcome.reason = fmt::format("http-{}", response.status);
  static constexpr std::array overloaded{429, 502, 503, 504};
  const auto wish = response.header("retry-after");
  if (wish && std::ranges::find(overloaded, response.status) != overloaded.end())
    outcome.retry_after = parse_retry_after(*wish, now);
  return outcome;
}

Outcome judge_webhook(const HttpFailure& failure) {
  Outcome outcome;
  outcome.reason = to_string(failure.kind);
  outcome.reply = to_one_line(failure.message, max_reply_bytes);
  // A lost answer is no doubt here: the receiver knows the repetition by its webhook-id.
  if (failure.kind == HttpFailure::Kind::bad_request) outcome.kind = OutcomeKind::refused;
  outcome.untried = failure.kind == HttpFailure::Kind::stopping && !failure.request_sent;
  return outcome;
}

WebhookSender::WebhookSender(boost::asio::any_io_executor loop, HttpClient& client, const Clock& clock,
                             std::size_t connections, Duration timeout)
    : client_(client),
      clock_(clock),
      timeout_(timeout),
      places_(std::move(loop), {.in_all = connections,
                                .with_one = std::clamp<std::size_t>(connections / 4, 1, most_with_host)}) {}

std::optional<Outcome> WebhookSender::pause_of(const UrlTarget& target, std::string_view id) const {
  if (troubled_.empty()) return std::nullopt;
  const auto known = troubled_.find(target.origin());
  if (known == troubled_.end()) return std::nullopt;
  const auto wait = known->second.wait_of(id, clock_.now());
  if (wait == Duration::zero()) return std::nullopt;
  Outcome outcome;
  outcome.reason = "host paused: " + known->second.reason();
  outcome.about_delivery = true;
  outcome.untried = true;
  outcome.retry_after = wait;
  return outcome;
}

void WebhookSender::note_answer(const UrlTarget& target) {
  if (!troubled_.empty()) troubled_.erase(target.origin());
}

void WebhookSender::note_failure(const UrlTarget& target, const Outcome& outcome) {
  const auto now = clock_.now();
  constexpr std::size_t most_known = 10'000;
  if (troubled_.size() >= most_known)
    std::erase_if(troubled_,
                  [&](const auto& known) { return known.second.pause_left(now) == Duration::zero(); });
  const auto origin = target.origin();
  auto& breaker = troubled_[origin];
  const auto pause = breaker.record(outcome, now);
  if (pause && !breaker.goes_on())
    log::warn(
        "webhook.host_paused",
        {{"host", origin}, {"for", to_string(*pause)}, {"reason", outcome.reason}, {"reply", outcome.reply}});
}

boost::asio::awaitable<Outcome> WebhookSender::send(WebhookEndpoint endpoint, std::string id,
                                                    std::string body) {
  auto target = client_.target_of(endpoint.url);
  if (!target) co_return judge_webhook(target.error());
  if (auto paused = pause_of(*target, id)) co_return *std::move(paused);
  auto place = places_.take_free(target->host);
  if (!place) place = co_await places_.take(target->host, place_patience);
  if (!place) {
    Outcome outcome;
    outcome.reason = "host busy";
    outcome.about_delivery = true;
    outcome.untried = true;
    outcome.retry_after = untried_pause;
    co_return outcome;
  }
  const auto now = clock_.now();
  HttpRequest request;
  request.method = "POST";
  request.url = std::move(endpoint.url);
  request.total_timeout = timeout_;
  request.headers = {{"Content-Type", "application/json"},
                     {"webhook-id", id},
                     {"webhook-timestamp", std::to_string(unix_seconds(now))},
                     {"webhook-signature", sign_webhook(id, now, body, endpoint.keys)}};
  request.body = std::move(body);
  request.may_repeat = true;  // by its webhook-id
  const auto answer = co_await client_.send(std::move(request), *target);
  if (answer) {
    note_answer(*target);
    co_return judge_webhook(*answer, clock_.now());
  }
  auto outcome = judge_webhook(answer.error());
  if (is_of_host(answer.error().kind)) note_failure(*target, outcome);
  co_return outcome;
}

void WebhookSender::wind_up(Duration patience) {
  client_.wind_up(patience);
}

}  // namespace crier
