// SmtpConnection: one connection to an SMTP server, kept for many messages: SmtpSession with a socket, TLS
// and deadlines. Lives on its executor. The server is the operator's choice, so no AddressGuard is asked. A
// crash in the middle leaves what is under way undelivered or, where all of it was sent, in doubt.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/time.hpp"
#include "net/smtp_session.hpp"

namespace boost::asio::ssl {
class context;
}

namespace crier {

class Resolver;

/// How long each stage may take, from its first byte to its last (RFC 5321 §4.5.3.2). Of messages that are
/// under way together the oldest one counts.
struct SmtpTimeouts {
  Duration connect = std::chrono::seconds(30);  ///< each address
  Duration tls = std::chrono::minutes(1);
  Duration greeting = std::chrono::minutes(5);
  Duration command = std::chrono::minutes(5);  ///< EHLO, STARTTLS, AUTH, RSET, MAIL, RCPT
  Duration data_start = std::chrono::minutes(2);
  Duration data_block = std::chrono::minutes(3);  ///< each 64 KiB written
  Duration final_reply = std::chrono::minutes(10);
  Duration quit = std::chrono::seconds(5);
};

/// How far what is under way still goes when nothing more is to be sent.
enum class SmtpEnding : std::uint8_t {
  all_begun,     ///< to its end, if the connection is open already
  only_replies,  ///< to the replies that messages await which were sent as a whole
  nothing,
};

/// The reason of what was not sent because of SmtpConnection::end(), and of what is in doubt because of it.
inline constexpr std::string_view smtp_stopping = "stopping";

struct SmtpServer {
  std::string host;
  std::uint16_t port = 25;
  SmtpSecurity security = SmtpSecurity::starttls;
  SmtpLogin login;
  std::string helo = "localhost";  ///< this host's name
  SmtpMode mode = SmtpMode::automatic;
  SmtpWindow window;
  SmtpTimeouts timeouts;
};

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
  SmtpConnection(SmtpConnection&&) noexcept;
  SmtpConnection& operator=(SmtpConnection&&) noexcept;

  /// Sends them in order, after those of earlier calls that are still under way: calls may overlap, and two
  /// at once keep the wire busy. Connects when it is not connected, or is idle and not usable. The result of
  /// each by its position; returns when all are decided. Every failure is a result; cancellation closes the
  /// connection and throws operation_aborted. The argument and what it points to outlive the call.
  boost::asio::awaitable<std::vector<SmtpResult>> send(std::span<const MailPieces> messages);
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
  class Shell;
  class Wire;
  std::unique_ptr<Shell> shell_;
};

}  // namespace crier
