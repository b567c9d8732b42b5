// SmtpConnection: one connection to an SMTP server, kept for many messages: SmtpSession with a socket, TLS
// and deadlines. Lives on the loop. The server is the operator's choice, so no AddressGuard is asked. A crash
// in the middle leaves the message undelivered or, after its final dot, in doubt.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/time.hpp"
#include "net/smtp_session.hpp"

namespace boost::asio::ssl {
class context;
}

namespace crier {

class Resolver;

/// How long each stage may take, from its first byte to its last (RFC 5321 §4.5.3.2).
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

struct SmtpServer {
  std::string host;
  std::uint16_t port = 25;
  SmtpSecurity security = SmtpSecurity::starttls;
  SmtpLogin login;
  std::string helo = "localhost";  ///< this host's name
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
  ~SmtpConnection();
  SmtpConnection(SmtpConnection&&) noexcept;
  SmtpConnection& operator=(SmtpConnection&&) noexcept;

  /// Connects when it is not connected. One message at a time. Every failure is a result; cancellation closes
  /// the connection and throws operation_aborted. Both arguments outlive the call.
  boost::asio::awaitable<SmtpResult> send(const Envelope& envelope, std::string_view message);
  /// Says goodbye, briefly.
  boost::asio::awaitable<void> quit();

  /// Open, idle and silent: a server that has hung up or spoken since is not usable. Asks the socket.
  bool is_usable() const;
  /// Accepted since it was connected.
  int messages() const;

 private:
  class Shell;
  std::unique_ptr<Shell> shell_;
};

}  // namespace crier
