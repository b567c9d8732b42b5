// SmtpServer: an SMTP server of the operator's choice, and how patient one is with it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "net/smtp_session.hpp"

namespace crier {

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
/// The reason of what was not sent because of SmtpConnection::recall().
inline constexpr std::string_view smtp_recalled = "recalled";

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

}  // namespace crier
