// SmtpOpening: how an SMTP connection is opened, from the greeting to the login, as a state machine without
// I/O (RFC 5321; STARTTLS RFC 3207, AUTH RFC 4954). One command, one reply. SmtpSession drives it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "net/smtp_reply.hpp"

namespace crier {

/// What EHLO offered, after TLS if there is TLS.
struct SmtpCapabilities {
  bool starttls = false;
  bool pipelining = false;      ///< RFC 2920
  bool chunking = false;        ///< RFC 3030
  bool eight_bit_mime = false;  ///< RFC 6152
  bool smtp_utf8 = false;       ///< RFC 6531
  std::uint64_t max_size = 0;   ///< bytes (RFC 1870); 0 = no limit known
  bool size = false;
  bool auth_plain = false;
  bool auth_login = false;
  bool auth_xoauth2 = false;
};

SmtpCapabilities parse_capabilities(const SmtpReply& ehlo_reply);

enum class SmtpSecurity {
  off,            ///< never TLS
  opportunistic,  ///< STARTTLS where offered; its certificate proves nothing
  starttls,       ///< STARTTLS or nothing, certificate verified
  implicit,       ///< TLS from the first byte (RFC 8314), certificate verified
};

struct SmtpLogin {
  std::string user;  ///< empty = no AUTH
  std::string password;
  bool xoauth2 = false;         ///< the password is an OAuth 2 access token
  bool allow_in_clear = false;  ///< AUTH without verified TLS: only for loopback or by the operator's word
};

class SmtpOpening {
 public:
  enum class Step {
    connect,    ///< connected() is awaited
    say,        ///< line(), then said()
    hear,       ///< a reply, then heard()
    handshake,  ///< TLS, then secured() or fail()
    open,       ///< done
    failed,     ///< see failure()
  };

  /// `helo` names this host.
  SmtpOpening(std::string helo, SmtpSecurity security, SmtpLogin login);

  Step step() const { return step_; }
  SmtpStage stage() const { return stage_; }
  /// With its CRLF; stays until the reply to it was heard.
  std::string_view line() const { return line_; }
  const SmtpCapabilities& capabilities() const { return capabilities_; }
  const SmtpResult& failure() const { return failure_; }

  void connected();
  void said() { step_ = Step::hear; }
  void heard(const SmtpReply& reply);
  void secured();
  /// The connection cannot be opened. `reason` is countable.
  void fail(SmtpVerdict verdict, std::string_view reason, std::string_view sentence);

 private:
  void say(SmtpStage stage, std::string line);
  void say_hello();
  void hear_hello(const SmtpReply& reply);
  void after_hello();
  void authenticate();
  void hear_auth(const SmtpReply& reply);
  void refused(const SmtpReply& reply);

  const std::string helo_;
  const SmtpSecurity security_;
  const SmtpLogin login_;

  Step step_ = Step::connect;
  SmtpStage stage_ = SmtpStage::connect;
  std::string line_;
  bool secured_ = false;
  bool plain_hello_ = false;  // HELO, after EHLO was refused
  int auth_answers_ = 0;      // how many challenges of AUTH were answered
  bool logging_in_by_login_ = false;
  SmtpCapabilities capabilities_;
  SmtpResult failure_;
};

}  // namespace crier
