#include "channel/email_channel.hpp"

#include <array>
#include <utility>

#include <fmt/core.h>

#include "base/encoding.hpp"
#include "base/log.hpp"
#include "channel/relay.hpp"
#include "render/mime.hpp"

namespace crier {
namespace {

std::string_view domain_of(std::string_view address) {
  return address.substr(address.rfind('@') + 1);
}

}  // namespace

Result<MailForm> prepare_email(const EmailSender& sender, const Letter& letter, const FormReader& reader) {
  const auto list = letter.edition.empty() ? std::string("alerts") : to_slug(letter.edition);
  MailHeaders headers;
  headers.from = {sender.name, sender.address};
  headers.date = letter.created;
  headers.list_name = letter.content.site.name;
  headers.list_id = fmt::format("{}.{}", list, domain_of(sender.address));
  return MailForm::prepare(std::move(headers), letter.content, reader, *letter.templates);
}

Result<Email> compose_email(const EmailSender& sender, const Outgoing& message) {
  const auto form = prepare_email(sender, *message.letter, form_reader_of(message.reader()));
  if (!form) return form.error();
  const auto message_id = fmt::format("{}@{}", message.delivery_id, domain_of(sender.address));
  const auto& address = message.subscriber->address(ChannelKind::email);
  const SlotValues values{message.subscriber->name, address, message_id, message.unsubscribe_url};
  FilledMail filled;
  if (auto ok = form->fill(values, filled); !ok) return ok.error();
  auto shown = form->show(values);
  if (!shown) return shown.error();
  return Email{{sender.address, address, "<" + message_id + ">"},
               std::move(shown->subject),
               std::move(shown->text),
               std::move(shown->html),
               filled.joined()};
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
