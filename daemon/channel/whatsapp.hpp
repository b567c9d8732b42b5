// WhatsApp Cloud API: one template message to one person, and what its answer means.
// Building and judging are pure; WhatsAppSender is the thin shell, on the loop.
// The API has no idempotency key: a lost answer is ambiguous until a status event echoes our delivery id.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/result.hpp"
#include "net/http_client.hpp"
#include "outbox/outcome.hpp"

namespace crier {

class Clock;

struct WhatsAppMessage {
  std::string to;           ///< "+2348012345678", or a business-scoped user id, "US.1349…"
  std::string delivery_id;  ///< comes back in status events; at most 512 characters
  std::string template_name;
  std::string language;                      ///< "en_US"
  std::vector<std::string> body_parameters;  ///< in the order of the template's {{1}}, {{2}}, …
  std::string header_image;                  ///< URL of a JPEG or PNG; empty = the template has none
  std::string button_suffix;  ///< what follows the approved prefix of the URL button; empty = none
};

/// A template refuses line breaks, tabs and more than four spaces in a parameter: every run of white space
/// becomes one space, control characters vanish, the ends are trimmed.
std::string clean_template_parameter(std::string_view text);

/// What is wrong with a message before it is sent.
struct WhatsAppRefusal {
  std::string message;
  bool blames_sender = true;  ///< false: the recipient's number is malformed
};

/// The JSON to POST to …/messages.
Result<std::string, WhatsAppRefusal> whatsapp_request_body(const WhatsAppMessage& message);

/// Judges an answer by its error code alone (titles and subcodes are not stable). `attempt` counts from 0; it
/// spaces retries to one recipient (131056: 4^attempt seconds).
Outcome judge_whatsapp(const HttpResponse& response, int attempt, Time now);
/// A failure after everything was sent is ambiguous.
Outcome judge_whatsapp(const HttpFailure& failure);

struct WhatsAppAccount {
  std::string base_url = "https://graph.facebook.com";
  std::string version = "v25.0";
  std::string phone_number_id;
  std::string token;  ///< secret
};

class WhatsAppSender {
 public:
  /// `client` and `clock` outlive this.
  WhatsAppSender(HttpClient& client, const Clock& clock, WhatsAppAccount account);
  boost::asio::awaitable<Outcome> send(WhatsAppMessage message, int attempt);
  /// Nothing more is to be sent: see HttpClient::wind_up().
  void wind_up(Duration patience);

 private:
  HttpClient& client_;
  const Clock& clock_;
  WhatsAppAccount account_;
};

}  // namespace crier
