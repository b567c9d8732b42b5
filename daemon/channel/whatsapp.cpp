#include "channel/whatsapp.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/core.h>

#include "base/clock.hpp"
#include "base/encoding.hpp"
#include "net/http_headers.hpp"

namespace crier {
namespace {

namespace json = boost::json;

constexpr std::size_t max_delivery_id = 512;
constexpr std::size_t max_reply_bytes = 1024;
constexpr std::size_t max_answer_bytes = 65536;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}

// E.164: at most 15 digits, the first not 0. Empty when it is not a number.
std::string digits_of(std::string_view number) {
  if (number.starts_with('+')) number.remove_prefix(1);
  const bool fits = number.size() >= 7 && number.size() <= 15 && number[0] != '0';
  return fits && std::ranges::all_of(number, is_digit) ? std::string(number) : std::string();
}

// Business-scoped user id: a country code, a dot, letters and digits.
bool is_user_id(std::string_view text) {
  return text.size() > 3 && text.size() <= 128 && is_upper(text[0]) && is_upper(text[1]) && text[2] == '.' &&
         std::ranges::all_of(text.substr(3),
                             [](char c) { return is_digit(c) || is_upper(c) || (c >= 'a' && c <= 'z'); });
}

json::object text_parameter(const std::string& text) {
  return {{"type", "text"}, {"text", text}};
}

Result<json::array, WhatsAppRefusal> components(const WhatsAppMessage& message) {
  json::array out;
  if (!message.header_image.empty()) {
    const json::object image{{"type", "image"}, {"image", {{"link", message.header_image}}}};
    out.push_back(json::object{{"type", "header"}, {"parameters", json::array{image}}});
  }
  json::array body;
  for (const auto& parameter : message.body_parameters) {
    const auto clean = clean_template_parameter(parameter);
    if (clean.empty()) {
      return WhatsAppRefusal{fmt::format("template {}: its parameter {{{{{}}}}} is empty",
                                         message.template_name, body.size() + 1)};
    }
    body.push_back(text_parameter(clean));
  }
  if (!body.empty()) out.push_back(json::object{{"type", "body"}, {"parameters", std::move(body)}});
  if (!message.button_suffix.empty()) {
    out.push_back(json::object{{"type", "button"},
                               {"sub_type", "url"},
                               {"index", "0"},
                               {"parameters", json::array{text_parameter(message.button_suffix)}}});
  }
  return out;
}

// What to do about an error code; the table of Meta's "Error codes" page.
enum class Action {
  retry,
  retry_pair,    // this recipient was written to too often
  retry_in_day,  // per-user limit of the ecosystem
  give_up,       // this recipient cannot or will not have it
  stop_sender,   // account, token or template: keep the line, call the operator
  dead_letter,   // our request is wrong
};

Action action_for(std::int64_t code) {
  switch (code) {
    case 131056:
      return Action::retry_pair;
    case 131049:
      return Action::retry_in_day;
    case 130472:
    case 131026:
    case 131047:
    case 131050:
      return Action::give_up;
    case 132000:
    case 132001:
    case 132005:
    case 132007:
    case 132012:
    case 132015:
    case 132016:
    case 131048:
    case 368:
    case 131031:
    case 131042:
    case 0:
    case 3:
    case 10:
    case 190:
      return Action::stop_sender;
    case 100:
    case 131008:
    case 131009:
    case 131021:
    case 131030:
    case 131051:
    case 131053:
    case 131062:
      return Action::dead_letter;
    default:
      break;
  }
  // 200-299 are permissions; what is not known is tried again.
  return code >= 200 && code <= 299 ? Action::stop_sender : Action::retry;
}

void apply(Action action, int attempt, Outcome& outcome) {
  constexpr int most_doublings = 8;  // 4^8 s = 18 h
  switch (action) {
    case Action::retry:
      break;
    case Action::retry_pair:
      outcome.retry_after = std::chrono::seconds(1LL << (2 * std::clamp(attempt, 0, most_doublings)));
      outcome.about_delivery = true;
      break;
    case Action::retry_in_day:
      outcome.retry_after = std::chrono::hours(24);
      outcome.about_delivery = true;
      break;
    case Action::give_up:
      outcome.kind = OutcomeKind::refused;
      break;
    case Action::stop_sender:
      outcome.blames_sender = true;
      break;
    case Action::dead_letter:
      outcome.kind = OutcomeKind::refused;
      outcome.blames_sender = true;
      break;
  }
}

const json::object* object_in(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value == nullptr ? nullptr : value->if_object();
}

std::string string_in(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  const auto* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string() : std::string(*text);
}

void judge_accepted(const json::object& answer, Outcome& outcome) {
  const auto* messages = answer.if_contains("messages");
  const auto* list = messages == nullptr ? nullptr : messages->if_array();
  const auto* first = list == nullptr || list->empty() ? nullptr : list->front().if_object();
  outcome.remote_id =
      first == nullptr ? std::string() : to_one_line(string_in(*first, "id"), max_reply_bytes);
  if (outcome.remote_id.empty()) {
    outcome.kind = OutcomeKind::ambiguous;
    outcome.reason = "no-message-id";
    return;
  }
  outcome.kind = OutcomeKind::delivered;
  outcome.reply = to_one_line(string_in(*first, "message_status"), max_reply_bytes);
}

}  // namespace

std::string clean_template_parameter(std::string_view text) {
  // White space beyond ASCII that a reader would see as a gap or a line break: NEL, NBSP, LS, PS.
  static constexpr std::string_view wide[] = {"\xC2\x85", "\xC2\xA0", "\xE2\x80\xA8", "\xE2\x80\xA9"};
  std::string spaced;
  spaced.reserve(text.size());
  while (!text.empty()) {
    const auto* gap =
        std::ranges::find_if(wide, [&](std::string_view each) { return text.starts_with(each); });
    if (gap != std::end(wide)) {
      spaced += ' ';
      text.remove_prefix(gap->size());
    } else {
      spaced += text.front();
      text.remove_prefix(1);
    }
  }
  return to_one_line(spaced, spaced.size() * 3);
}

Result<std::string, WhatsAppRefusal> whatsapp_request_body(const WhatsAppMessage& message) {
  if (message.delivery_id.size() > max_delivery_id)
    return WhatsAppRefusal{"delivery id: more than 512 characters"};
  json::object body{{"messaging_product", "whatsapp"}, {"recipient_type", "individual"}};
  if (is_user_id(message.to)) {
    body["recipient"] = message.to;
  } else {
    const auto number = digits_of(message.to);
    if (number.empty())
      return WhatsAppRefusal{"WhatsApp address: neither an international number nor a user id", false};
    body["to"] = number;
  }
  body["type"] = "template";
  auto parts = components(message);
  if (!parts) return parts.error();
  json::object content{{"name", message.template_name}, {"language", {{"code", message.language}}}};
  if (!parts->empty()) content["components"] = std::move(*parts);
  body["template"] = std::move(content);
  if (!message.delivery_id.empty()) body["biz_opaque_callback_data"] = message.delivery_id;
  return json::serialize(body);
}

Outcome judge_whatsapp(const HttpResponse& response, int attempt, Time now) {
  Outcome outcome;
  boost::system::error_code malformed;
  const auto parsed = json::parse(response.body, malformed);
  static const json::object nothing;
  const auto& answer = !malformed && parsed.is_object() ? parsed.get_object() : nothing;
  if (response.status >= 200 && response.status < 300) {
    judge_accepted(answer, outcome);
    return outcome;
  }
  outcome.reason = fmt::format("http-{}", response.status);
  if (const auto wish = response.header("retry-after")) outcome.retry_after = parse_retry_after(*wish, now);
  const auto* error = object_in(answer, "error");
  const auto* code = error == nullptr ? nullptr : error->if_contains("code");
  const auto* number = code == nullptr ? nullptr : code->if_int64();
  if (number == nullptr) {
    outcome.blames_sender = response.status == 401 || response.status == 403;
    return outcome;
  }
  outcome.reason = std::to_string(*number);
  outcome.reply = to_one_line(
      fmt::format("{} fbtrace_id={}", string_in(*error, "message"), string_in(*error, "fbtrace_id")),
      max_reply_bytes);
  if (response.status < 500) apply(action_for(*number), attempt, outcome);
  return outcome;
}

Outcome judge_whatsapp(const HttpFailure& failure) {
  Outcome outcome;
  outcome.kind = failure.request_sent ? OutcomeKind::ambiguous : OutcomeKind::retry_later;
  outcome.untried = failure.kind == HttpFailure::Kind::stopping && !failure.request_sent;
  outcome.reason = to_string(failure.kind);
  outcome.reply = to_one_line(failure.message, max_reply_bytes);
  // Only the operator's own base URL can be refused here.
  outcome.blames_sender =
      failure.kind == HttpFailure::Kind::bad_request || failure.kind == HttpFailure::Kind::forbidden;
  return outcome;
}

WhatsAppSender::WhatsAppSender(HttpClient& client, const Clock& clock, WhatsAppAccount account)
    : client_(client), clock_(clock), account_(std::move(account)) {}

boost::asio::awaitable<Outcome> WhatsAppSender::send(WhatsAppMessage message, int attempt) {
  auto body = whatsapp_request_body(message);
  if (!body) {
    Outcome refused;
    refused.kind = OutcomeKind::refused;
    refused.reason = body.error().blames_sender ? "bad-message" : "address";
    refused.reply = body.error().message;
    refused.blames_sender = body.error().blames_sender;
    co_return refused;
  }
  HttpRequest request;
  request.method = "POST";
  request.url =
      fmt::format("{}/{}/{}/messages", account_.base_url, account_.version, account_.phone_number_id);
  request.headers = {{"Authorization", "Bearer " + account_.token}, {"Content-Type", "application/json"}};
  request.body = std::move(*body);
  request.max_response_bytes = max_answer_bytes;
  const auto answer = co_await client_.send(std::move(request));
  if (!answer) co_return judge_whatsapp(answer.error());
  co_return judge_whatsapp(*answer, attempt, clock_.now());
}

void WhatsAppSender::wind_up(Duration patience) {
  client_.wind_up(patience);
}

}  // namespace crier
