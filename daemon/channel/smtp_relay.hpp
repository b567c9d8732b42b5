// SmtpRelay: a pool of connections to the operator's SMTP server. Lives on the loop.
// A transaction that has begun is finished to its final reply, also while crier shuts down; a crash leaves at
// most one message a connection in doubt.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>

#include "base/result.hpp"
#include "base/tasks.hpp"
#include "channel/relay.hpp"
#include "net/smtp_client.hpp"

namespace crier {

/// "smtp://user@host:port?starttls=required|opportunistic|off&auth=plain|xoauth2" or "smtps://…" (TLS from
/// the first byte). Ports default to 25 and 465. starttls defaults to required, for a loopback host to
/// opportunistic. The user is percent-encoded; a password in the URL is an error. Fills all but helo,
/// password and timeouts.
Result<SmtpServer> parse_smtp_url(std::string_view url);

struct SmtpRelayOptions {
  SmtpServer server;
  std::string ca_file;  ///< PEM; empty = the system's
  std::size_t connections = 5;
  int messages_per_connection = 100;
  unsigned handful =
      1;  ///< messages that one connection is given at once; a crash may repeat that many of each
  Duration idle_timeout = std::chrono::seconds(30);
};

class SmtpRelay final : public Relay {
 public:
  /// `resolver` outlives this. Throws std::runtime_error when `ca_file` cannot be read.
  SmtpRelay(boost::asio::any_io_executor executor, Resolver& resolver, SmtpRelayOptions options);
  /// After stop(), or when the executor does not run again.
  ~SmtpRelay() override;

  /// Cancellation ends the wait for a free connection (operation_aborted). From there to the final reply it
  /// is put off: the Outcome is returned, and the caller asks its own stop flag before it begins anything
  /// new.
  boost::asio::awaitable<std::vector<Outcome>> deliver(std::span<const MailPieces> messages) override;
  unsigned handful() const override { return options_.handful; }
  boost::asio::awaitable<void> stop() override;

 private:
  struct Idle;
  struct Turn;

  boost::asio::awaitable<void> wait_for_turn();
  void give_turn();
  boost::asio::awaitable<SmtpResult> attempt(const Envelope& envelope, std::string_view message);
  std::unique_ptr<SmtpConnection> take_idle();
  boost::asio::awaitable<void> put_back(std::unique_ptr<SmtpConnection> connection);
  boost::asio::awaitable<void> reap();

  boost::asio::any_io_executor executor_;
  Resolver& resolver_;
  SmtpRelayOptions options_;
  std::shared_ptr<boost::asio::ssl::context> tls_;
  std::size_t busy_ = 0;
  std::list<Turn*> waiting_;  // first come, first served; each belongs to a deliver()
  std::list<Idle> idle_;      // longest idle first
  bool reaping_ = false;
  TaskGroup tasks_;
};

/// What a result means for the delivery: 4yz and lost connections are retried, a 5yz about the recipient is
/// refused, all that speaks of us is retried and blames the sender. A message refused after its recipient was
/// accepted blames the sender, too.
Outcome to_outcome(const SmtpResult& result);

}  // namespace crier
