#include "channel/whatsapp_channel.hpp"

#include <array>

namespace crier {
namespace {

// Meta refuses empty parameters; a body of 1,024 characters holds several of this size.
constexpr std::size_t max_parameter = 400;

std::string headlines(const Content& content) {
  std::string out;
  for (const auto& item : content.items) {
    if (!out.empty()) out += " · ";
    out += item.title;
  }
  return out;
}

// Cut at a word, never within a character.
std::string shortened(std::string text) {
  if (text.size() <= max_parameter) return text;
  auto end = text.rfind(' ', max_parameter);
  if (end == std::string::npos || end < max_parameter / 2) {
    end = max_parameter;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  }
  text.resize(end);
  return text + "…";
}

std::string value_of(const std::string& parameter, const Letter& letter) {
  const auto& first = letter.content.items.front();
  if (parameter == "title") return letter.content.subject;
  if (parameter == "reason") return letter.reason;
  if (parameter == "url") return first.url;
  if (letter.content.kind == ContentKind::digest) return headlines(letter.content);
  if (!first.summary.empty()) return first.summary;
  return first_text(first);
}

}  // namespace

WhatsAppMessage compose_whatsapp(const WhatsAppTemplate& how, const Outgoing& message) {
  const auto& content = message.letter->content;
  WhatsAppMessage out;
  out.to = message.address;
  out.delivery_id = message.delivery_id;
  out.template_name = how.name;
  out.language = how.language;
  for (const auto& parameter : how.parameters) {
    auto value = clean_template_parameter(value_of(parameter, *message.letter));
    if (value.empty()) value = content.site.name;
    out.body_parameters.push_back(shortened(std::move(value)));
  }
  const auto& url = content.items.front().url;
  if (!how.button_prefix.empty() && url.starts_with(how.button_prefix))
    out.button_suffix = url.substr(how.button_prefix.size());
  return out;
}

WhatsAppChannel::WhatsAppChannel(WhatsAppSender& sender, WhatsAppTemplate how, bool resend)
    : sender_(sender), how_(std::move(how)), resend_(resend) {}

std::span<const Duration> WhatsAppChannel::retry_steps() const {
  using namespace std::chrono_literals;
  static constexpr std::array<Duration, 5> steps{10s, 1min, 5min, 15min, 1h};
  return steps;
}

boost::asio::awaitable<std::vector<Outcome>> WhatsAppChannel::send(std::span<const Outgoing> messages) {
  std::vector<Outcome> outcomes;
  for (const auto& message : messages)
    outcomes.push_back(co_await sender_.send(compose_whatsapp(how_, message), message.attempt));
  co_return outcomes;
}

}  // namespace crier
