#include "channel/email_channel.hpp"

#include <array>
#include <utility>

#include <fmt/core.h>

#include "base/encoding.hpp"
#include "base/log.hpp"
#include "channel/relay.hpp"
#include "render/mail.hpp"
#include "render/mime.hpp"

namespace crier {
namespace {

std::string_view domain_of(std::string_view address) {
  return address.substr(address.rfind('@') + 1);
}

}  // namespace

Result<Email> compose_email(const EmailSender& sender, const Outgoing& message) {
  const auto& letter = *message.letter;
  const auto reader = message.reader();
  auto rendered = render_mail(letter.content, reader, *letter.templates);
  if (!rendered) return rendered.error();
  const auto domain = domain_of(sender.address);
  const auto list = letter.edition.empty() ? std::string("alerts") : to_slug(letter.edition);
  MailHeaders headers;
  headers.from = {sender.name, sender.address};
  headers.to = {reader.name, message.subscriber->address(ChannelKind::email)};
  headers.subject = rendered->subject;
  headers.date = letter.created;
  headers.message_id = fmt::format("{}@{}", message.delivery_id, domain);
  headers.list_name = letter.content.site.name;
  headers.list_id = fmt::format("{}.{}", list, domain);
  // One-click unsubscribing is defined for https only (RFC 8058); the link in the body is always there.
  if (reader.unsubscribe_url.starts_with("https://")) headers.unsubscribe_url = reader.unsubscribe_url;
  auto composed = compose_mail(headers, rendered->text, rendered->html);
  if (!composed) return composed.error();
  return Email{{sender.address, headers.to.address, "<" + headers.message_id + ">"},
               std::move(rendered->subject),
               std::move(rendered->text),
               std::move(rendered->html),
               std::move(*composed)};
}

EmailChannel::EmailChannel(Relay& relay, EmailSender sender, unsigned connections)
    : relay_(relay), sender_(std::move(sender)), connections_(connections) {}

std::span<const Duration> EmailChannel::retry_steps() const {
  using namespace std::chrono_literals;
  static constexpr std::array<Duration, 6> steps{1min, 5min, 15min, 30min, 1h, 2h};
  return steps;
}

// Once an occurrence: it may go to a million readers.
void EmailChannel::warn_of_size(const Email& email, const Outgoing& message) {
  const auto& letter = *message.letter;
  if (std::exchange(warned_of_[letter.edition], letter.created) == letter.created) return;
  log::warn("mail.large", {{"edition", letter.edition},
                           {"delivery", message.delivery_id},
                           {"stories", letter.stories.size()},
                           {"html_bytes", email.html.size()},
                           {"next", "mail programs show its beginning; a smaller max_items helps"}});
}

boost::asio::awaitable<Outcome> EmailChannel::send_one(const Outgoing& message) {
  auto email = compose_email(sender_, message);
  if (!email) {
    Outcome outcome;
    outcome.kind = OutcomeKind::refused;
    outcome.reason = "cannot-compose";
    outcome.reply = email.error().message;
    co_return outcome;
  }
  if (email->html.size() > max_html_bytes) warn_of_size(*email, message);
  const WireText message_text(email->message);
  const auto& envelope = email->envelope;
  const MailPieces pieces{envelope.from, envelope.to, envelope.message_id, {&message_text, 1}};
  auto outcomes = co_await relay_.deliver({&pieces, 1});
  co_return std::move(outcomes.front());
}

boost::asio::awaitable<std::vector<Outcome>> EmailChannel::send(std::span<const Outgoing> messages) {
  std::vector<Outcome> outcomes;
  for (const auto& message : messages) outcomes.push_back(co_await send_one(message));
  co_return outcomes;
}

}  // namespace crier
