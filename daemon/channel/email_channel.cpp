#include "channel/email_channel.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/core.h>

#include "base/encoding.hpp"
#include "base/log.hpp"
#include "base/unicode.hpp"
#include "render/mime.hpp"

namespace crier {
namespace {

std::string_view domain_of(std::string_view address) {
  return address.substr(address.rfind('@') + 1);
}

// With its angle brackets.
std::string message_id_of(const EmailSender& sender, const Outgoing& message) {
  std::string id = "<";
  id.append(message.delivery_id).append("@").append(domain_of(sender.address)).append(">");
  return id;
}

SlotValues values_for(const Outgoing& message, std::string_view message_id) {
  return {message.name, message.address, message_id.substr(1, message_id.size() - 2),
          message.unsubscribe_url};
}

// As form_reader_of, for names that nearly all have at once.
bool shows_name(std::string_view name) {
  if (!name.empty() && name.front() > ' ' && name.front() <= '~') return true;
  return !single_line(name).empty();
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
  const auto message_id = message_id_of(sender, message);
  const auto values = values_for(message, message_id);
  FilledMail filled;
  if (auto ok = form->fill(values, filled); !ok) return ok.error();
  auto shown = form->show(values);
  if (!shown) return shown.error();
  return Email{{sender.address, std::string(values.address), message_id},
               std::move(shown->subject),
               std::move(shown->text),
               std::move(shown->html),
               filled.joined()};
}

// The form of a letter, or why there is none.
struct EmailChannel::Prepared {
  std::shared_ptr<const Letter> letter;
  bool has_name = false;
  bool has_unsubscribe = false;
  Result<MailForm> form;
  BodyStart start;  // of its mails, for signing
};

// A mail on its way, and what it consists of.
struct EmailChannel::Mail {
  std::shared_ptr<const Prepared> prepared;
  std::string message_id;  // with its angle brackets
  FilledMail filled;
  std::size_t position = 0;  // among the messages of its handful
};

EmailChannel::EmailChannel(Relay& relay, EmailSender sender) : relay_(relay), sender_(std::move(sender)) {}

EmailChannel::~EmailChannel() = default;

void EmailChannel::sign_with(std::shared_ptr<const DkimSigner> signer, Workers& workers) {
  signer_ = std::move(signer);
  signing_ = &workers;
}

void EmailChannel::sign_no_more() {
  signer_ = nullptr;
}

std::size_t EmailChannel::handful() const {
  // A slot that is free for something urgent comes as often as a handful was signed.
  constexpr unsigned signed_by_a_thread = 4;
  return signer_ ? std::min(relay_.handful(), signed_by_a_thread * signing_->threads()) : relay_.handful();
}

std::span<const Duration> EmailChannel::retry_steps() const {
  using namespace std::chrono_literals;
  static constexpr std::array<Duration, 6> steps{1min, 5min, 15min, 30min, 1h, 2h};
  return steps;
}

// Once an occurrence: it may go to a million readers.
void EmailChannel::warn_of_size(const Letter& letter, std::size_t html_bytes) {
  if (std::exchange(warned_of_[letter.edition], letter.created) == letter.created) return;
  log::warn("mail.large", {{"edition", letter.edition},
                           {"stories", letter.stories.size()},
                           {"html_bytes", html_bytes},
                           {"next", "mail programs show its beginning; a smaller max_items helps"}});
}

std::shared_ptr<const EmailChannel::Prepared> EmailChannel::prepared_for(const Outgoing& message) {
  const bool has_name = shows_name(message.name);
  const bool has_unsubscribe = !message.unsubscribe_url.empty();
  const auto found = std::ranges::find_if(prepared_, [&](const auto& each) {
    return each->letter == message.letter && each->has_name == has_name &&
           each->has_unsubscribe == has_unsubscribe;
  });
  if (found != prepared_.end()) return *found;
  constexpr std::size_t most_kept = 64;
  if (prepared_.size() == most_kept) prepared_.pop_back();
  auto form = prepare_email(sender_, *message.letter, form_reader_of(message.reader()));
  if (form && form->html_size() > max_html_bytes) warn_of_size(*message.letter, form->html_size());
  auto start = signer_ && form ? hash_start(form->body_start()) : BodyStart();
  prepared_.push_front(std::make_shared<const Prepared>(
      Prepared{message.letter, has_name, has_unsubscribe, std::move(form), std::move(start)}));
  return prepared_.front();
}

std::optional<Error> EmailChannel::fill(const Outgoing& message, Mail& mail) {
  mail.prepared = prepared_for(message);
  const auto& form = mail.prepared->form;
  if (!form) return form.error();
  mail.message_id = message_id_of(sender_, message);
  if (auto ok = form->fill(values_for(message, mail.message_id), mail.filled); !ok) return ok.error();
  return std::nullopt;
}

// Each by itself, so that all threads share a handful, and an alert waits for no more than the signature that
// a thread is making. They say when the batch was made, so that a repeat has the same.
boost::asio::awaitable<void> EmailChannel::sign(std::span<Mail> mails) {
  const auto signer = signer_;
  const bool is_alert = mails.front().prepared->letter->edition.empty();
  co_await signing_->run_each(
      mails.size(),
      [&](std::size_t i) {
        auto& [prepared, message_id, filled, position] = mails[i];
        filled.put_first(signer->sign(filled.pieces, prepared->start, prepared->letter->created));
      },
      is_alert ? Urgency::urgent : Urgency::usual);
}

void EmailChannel::recall() {
  ++recalls_;
  relay_.recall();
}

boost::asio::awaitable<std::vector<Outcome>> EmailChannel::send(std::span<const Outgoing> messages) {
  std::vector<Mail> spare;
  if (!spare_.empty()) {
    spare = std::move(spare_.back());
    spare_.pop_back();
  }
  spare.resize(std::max(spare.size(), messages.size()));
  std::vector<Outcome> outcomes(messages.size());
  std::size_t count = 0;  // of the mails that leave
  for (std::size_t i = 0; i < messages.size(); ++i) {
    auto& mail = spare[count];
    if (const auto error = fill(messages[i], mail)) {
      outcomes[i].kind = OutcomeKind::refused;
      outcomes[i].reason = "cannot-compose";
      outcomes[i].reply = error->message;
      continue;
    }
    mail.position = i;
    ++count;
  }
  const auto mails = std::span(spare).first(count);
  const auto recalls = recalls_;
  if (signer_ && !mails.empty()) co_await sign(mails);
  const bool is_recalled = recalls != recalls_;
  std::vector<MailPieces> pieces;
  for (const auto& mail : mails) {
    outcomes[mail.position].recalled = outcomes[mail.position].untried = is_recalled;
    pieces.push_back({sender_.address, messages[mail.position].address, mail.message_id, mail.filled.pieces});
  }
  if (!pieces.empty() && !is_recalled) {
    auto delivered = co_await relay_.deliver(pieces);
    for (std::size_t i = 0; i < mails.size(); ++i) outcomes[mails[i].position] = std::move(delivered.at(i));
  }
  for (auto& mail : spare) mail.prepared.reset();
  spare_.push_back(std::move(spare));
  co_return outcomes;
}

}  // namespace crier
