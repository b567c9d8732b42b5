// The e-mail channel: renders a mail and hands it to the relay. On the loop.
#pragma once

#include <map>
#include <string>

#include "channel/channel.hpp"
#include "net/envelope.hpp"
#include "render/mail_form.hpp"

namespace crier {

class Relay;

struct EmailSender {
  std::string address;
  std::string name;
};

struct Email {
  Envelope envelope;
  std::string subject;
  std::string text;
  std::string html;
  std::string message;  ///< complete, with its headers
};

/// The form of a letter for all readers of which form_reader_of says the same. Pure. An Error names what
/// cannot be put in a mail to any of them.
Result<MailForm> prepare_email(const EmailSender& sender, const Letter& letter, const FormReader& reader);

/// The message to its one reader. Pure; the same input gives the same bytes. An Error names what cannot be
/// put in a mail.
Result<Email> compose_email(const EmailSender& sender, const Outgoing& message);

class EmailChannel final : public Channel {
 public:
  /// `relay` outlives this.
  EmailChannel(Relay& relay, EmailSender sender, unsigned connections);

  ChannelKind kind() const override { return ChannelKind::email; }
  unsigned concurrency() const override { return connections_; }
  /// A repeat has the same Message-ID.
  bool recognises_repeats() const override { return true; }
  bool has_one_service() const override { return true; }
  std::span<const Duration> retry_steps() const override;
  boost::asio::awaitable<std::vector<Outcome>> send(std::span<const Outgoing> messages) override;

 private:
  boost::asio::awaitable<Outcome> send_one(const Outgoing& message);
  void warn_of_size(const Email& email, const Outgoing& message);

  Relay& relay_;
  EmailSender sender_;
  unsigned connections_;
  std::map<std::string, Time> warned_of_;  // edition → when the batch that was last warned of was made
};

}  // namespace crier
