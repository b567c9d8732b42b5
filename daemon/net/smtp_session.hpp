// SmtpSession: the client's side of an SMTP dialogue as a state machine without I/O (RFC 5321; STARTTLS RFC
// 3207, AUTH RFC 4954). The shell does what step() says and reports back; all decisions are here. Lock-step
// MAIL/RCPT/DATA, one recipient a message; what EHLO offers beyond that is already known in capabilities().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/envelope.hpp"
#include "net/smtp_data.hpp"
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

enum class SmtpStep {
  write,      ///< write output(), then written()
  read,       ///< read what comes, then received()
  handshake,  ///< do the TLS handshake, then secured() or handshake_failed()
  ready,      ///< open and idle: submit() or quit(); see take_result() for what became of the last message
  closed,     ///< close the socket
};

class SmtpSession {
 public:
  /// `helo` names this host.
  SmtpSession(std::string helo, SmtpSecurity security, SmtpLogin login);

  SmtpStep step() const { return step_; }
  SmtpStage stage() const { return stage_; }
  const SmtpCapabilities& capabilities() const { return capabilities_; }
  std::string_view output() const { return output_; }
  /// Set once when a message has been decided or the opening has failed.
  std::optional<SmtpResult> take_result();

  /// The socket is connected; under SmtpSecurity::implicit a handshake comes first.
  void connected();
  /// Only in step ready. Answers through take_result(), possibly at once: what cannot be sent never reaches
  /// the wire.
  void submit(const Envelope& envelope, std::string_view message);
  /// Only in step ready.
  void quit();

  void written();
  /// Also while writing, when the server speaks before all is written.
  void received(std::string_view bytes);
  void secured();
  void handshake_failed(std::string_view why);
  /// The connection broke or a stage took too long. `reason` is countable: "timeout", "connection-lost".
  void lost(std::string reason, std::string_view what);

 private:
  void command(SmtpStage stage, std::string line);
  void expect(SmtpStage stage);
  void handle(const SmtpReply& reply);
  void handle_opening(const SmtpReply& reply);
  void handle_transaction(const SmtpReply& reply);
  void handle_hello(const SmtpReply& reply);
  void handle_auth(const SmtpReply& reply);
  void say_hello();
  void after_hello();
  void authenticate();
  void mail();
  void refuse_unsent(SmtpVerdict verdict, std::string reason, std::string_view sentence);
  void decide(SmtpResult result);
  void fail(SmtpVerdict verdict, std::string reason, std::string_view sentence);
  void desync(std::string_view sentence);

  const std::string helo_;
  const SmtpSecurity security_;
  const SmtpLogin login_;

  SmtpStep step_ = SmtpStep::closed;
  SmtpStage stage_ = SmtpStage::connect;
  bool secured_ = false;
  bool plain_hello_ = false;  // HELO, after EHLO was refused
  int auth_answers_ = 0;      // how many challenges of AUTH were answered
  bool logging_in_by_login_ = false;
  bool needs_reset_ = false;  // the last transaction was left in the middle
  SmtpCapabilities capabilities_;
  SmtpReplyParser parser_;
  std::string output_;
  std::optional<SmtpResult> result_;

  WireAddress from_;
  WireAddress to_;
  SmtpData data_;
};

}  // namespace crier
