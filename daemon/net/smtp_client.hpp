// SmtpConnection: a connection to an SMTP server for many messages, made anew when it is gone. Lives on its
// executor. The server is the operator's choice, so no AddressGuard is asked. A crash in the middle leaves
// what is under way undelivered or, where all of it was sent, in doubt.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "net/smtp_server.hpp"
#include "net/smtp_session.hpp"

namespace boost::asio::ssl {
class context;
}

namespace crier {

class Resolver;
class SmtpWire;

/// TLS 1.2 and later, verifying against `ca_file` (PEM) or, when it is empty, the system's authorities.
/// Throws std::runtime_error naming the file. Share it: loading the authorities takes milliseconds.
std::shared_ptr<boost::asio::ssl::context> make_smtp_tls(const std::string& ca_file);

class SmtpConnection {
 public:
  /// `resolver` outlives this.
  SmtpConnection(boost::asio::any_io_executor executor, Resolver& resolver,
                 std::shared_ptr<boost::asio::ssl::context> tls, SmtpServer server);
  /// Closes it without a word. No send() may be under way, unless the executor does not run again.
  ~SmtpConnection();
  SmtpConnection(const SmtpConnection&) = delete;
  SmtpConnection& operator=(const SmtpConnection&) = delete;

  /// Sends them in order, after those of earlier calls that are still under way: calls may overlap, and two
  /// at once keep the wire busy. Connects when it is not connected, or is idle and not usable. The result of
  /// each by its position; returns when all are decided. Every failure is a result; cancellation closes the
  /// connection and throws operation_aborted. The argument and what it points to outlive the call.
  boost::asio::awaitable<std::vector<SmtpResult>> send(std::span<const MailPieces> messages);
  /// What was not begun is decided at once as not sent.
  void recall();
  /// What was not begun is decided at once as not sent, and so is later what does not come as far as
  /// `ending` lets it; then it is closed, unless it is idle. Nothing is given to send() any more.
  void end(SmtpEnding ending);
  /// Says goodbye, briefly, if nothing is under way; closes it at any rate.
  boost::asio::awaitable<void> quit();

  /// Open, idle and silent: a server that has hung up or spoken since is not usable. Asks the socket.
  bool is_usable() const;
  /// Open or being opened.
  bool is_open() const;
  /// See SmtpSession, after the first send(): whether the server is asked more than one thing at a time.
  bool is_pipelined() const;
  /// See SmtpSession: what this connection has found out about the server.
  std::optional<SmtpMode> learnt() const;

 private:
  boost::asio::any_io_executor executor_;
  Resolver& resolver_;
  std::shared_ptr<boost::asio::ssl::context> tls_;
  SmtpServer server_;
  std::shared_ptr<SmtpWire> wire_;  // the current one, or the last
};

}  // namespace crier
