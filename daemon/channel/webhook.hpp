// Signed webhooks (Standard Webhooks 1.0): signing, verifying, judging answers.
// All pure but WebhookSender, the thin shell on the loop. A repeated delivery carries the same webhook-id.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/result.hpp"
#include "base/time.hpp"
#include "channel/breaker.hpp"
#include "net/host_places.hpp"
#include "net/http_client.hpp"
#include "outbox/outcome.hpp"

namespace boost::json {
class object;
}

namespace crier {

class Clock;

/// The key inside "whsec_" + standard base64: 24 to 64 bytes. The error does not repeat the secret.
Result<std::string> parse_webhook_secret(std::string_view text);
/// A new one, from 32 random bytes.
std::string make_webhook_secret();

/// `{"type":…,"timestamp":…,"data":…}`: `type` is letters, digits and underscores in parts separated by dots
/// ("story.corrected"), `timestamp` when the event happened. Sign and send exactly these bytes.
Result<std::string> webhook_body(std::string_view type, Time timestamp, const boost::json::object& data);

/// The value of webhook-signature: "v1,…" for each key, separated by spaces. `id` is without dots; `at` is
/// the time of this attempt.
std::string sign_webhook(std::string_view id, Time at, std::string_view body,
                         std::span<const std::string> keys);

/// As received.
struct WebhookHeaders {
  std::string_view id;
  std::string_view timestamp;
  std::string_view signature;
};

/// Any one signature by any one key suffices; the timestamp is within five minutes of `now`. The caller
/// remembers ids for as long, to notice repetitions.
Result<void> verify_webhook(const WebhookHeaders& headers, std::string_view body,
                            std::span<const std::string> keys, Time now);

/// 2xx is delivered; 410 is refused with reason "gone", and so is the endpoint; all else is retried, after
/// Retry-After where a 429, 502, 503 or 504 asks for it (at most 24 hours).
Outcome judge_webhook(const HttpResponse& response, Time now);
Outcome judge_webhook(const HttpFailure& failure);

struct WebhookEndpoint {
  std::string url;                ///< a secret in itself
  std::vector<std::string> keys;  ///< newest first; during a rotation also the old one
};

class WebhookSender {
 public:
  /// So many requests are with one host at once, or a quarter of all connections.
  static constexpr std::size_t most_with_host = 8;

  /// `client`, which may have as many connections, and `clock` outlive this; `timeout` is for one attempt,
  /// from the lookup to the answer's end.
  WebhookSender(boost::asio::any_io_executor loop, HttpClient& client, const Clock& clock,
                std::size_t connections, Duration timeout = std::chrono::seconds(20));
  /// `id` is the same on every attempt. Untried: "host busy" when there is no place for it for a moment,
  /// "host paused: …" when the last few could not talk to the host, whatever the endpoint was.
  boost::asio::awaitable<Outcome> send(WebhookEndpoint endpoint, std::string id, std::string body);
  /// Nothing more is to be sent: see HttpClient::wind_up().
  void wind_up(Duration patience);

 private:
  std::optional<Outcome> pause_of(const UrlTarget& target, std::string_view id) const;
  void note_answer(const UrlTarget& target);
  void note_failure(const UrlTarget& target, const Outcome& outcome);

  HttpClient& client_;
  const Clock& clock_;
  Duration timeout_;
  HostPlaces places_;
  std::unordered_map<std::string, Breaker> troubled_;  // by origin: those that did not answer last
};

}  // namespace crier
