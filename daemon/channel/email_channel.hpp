// The e-mail channel: prepares a mail once for all readers of a letter, fills it for each, has them signed
// where that is wanted, and hands them to the relay. On the loop; signing has threads of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/workers.hpp"
#include "channel/channel.hpp"
#include "channel/relay.hpp"
#include "net/envelope.hpp"
#include "render/dkim.hpp"
#include "render/mail_form.hpp"

namespace crier {

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
  EmailChannel(Relay& relay, EmailSender sender);
  ~EmailChannel() override;

  const EmailSender& sender() const { return sender_; }
  /// From now on mails are signed by `signer`, which is not nullptr, on `workers`, which outlive this: not on
  /// those that parse and match, where a story that comes in would wait behind a digest's signatures.
  void sign_with(std::shared_ptr<const DkimSigner> signer, Workers& workers);
  void sign_no_more();

  ChannelKind kind() const override { return ChannelKind::email; }
  unsigned concurrency() const override { return relay_.concurrency(); }
  unsigned most_concurrency() const override { return relay_.most_concurrency(); }
  std::size_t allowance(Time now) const override { return relay_.allowance(now); }
  Time free_at(Time now) const override { return relay_.free_at(now); }
  std::size_t handful() const override;
  /// A repeat has the same Message-ID.
  bool recognises_repeats() const override { return true; }
  bool has_one_service() const override { return true; }
  std::span<const Duration> retry_steps() const override;
  std::vector<RelayState> relays(Time now) const override { return relay_.states(now); }
  void hold_relays(const std::vector<std::string>& names) override { relay_.hold(names); }
  void recall() override;
  void wind_up(Duration patience) override { relay_.wind_up(patience); }
  void prepare(const Outgoing& message) override { prepared_for(message); }
  boost::asio::awaitable<std::vector<Outcome>> send(std::span<const Outgoing> messages) override;

 private:
  struct Mail;
  struct Prepared;

  std::shared_ptr<const Prepared> prepared_for(const Outgoing& message);
  std::optional<Error> fill(const Outgoing& message, Mail& mail);
  void warn_of_size(const Letter& letter, std::size_t html_bytes);
  boost::asio::awaitable<void> sign(std::span<Mail> mails);

  Relay& relay_;
  EmailSender sender_;
  std::shared_ptr<const DkimSigner> signer_;
  Workers* signing_ = nullptr;  // never back to that: a handful may be on its way through them
  std::deque<std::shared_ptr<const Prepared>> prepared_;  // the newest first
  std::vector<std::vector<Mail>> spare_;  // of handfuls that were sent: they keep their memory
  std::uint64_t recalls_ = 0;
  std::map<std::string, Time> warned_of_;  // edition → when the batch that was last warned of was made
};

}  // namespace crier
