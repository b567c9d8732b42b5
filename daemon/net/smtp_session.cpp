#include "net/smtp_session.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <utility>

#include <fmt/core.h>

#include "base/encoding.hpp"

namespace crier {
namespace {

constexpr std::size_t max_line_bytes = 998;  // RFC 5322 §2.1.1
constexpr std::size_t max_text_bytes = 1024;

std::string_view take_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const auto word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

bool is_opening(SmtpStage stage) {
  return stage < SmtpStage::reset;
}

}  // namespace

SmtpCapabilities parse_capabilities(const SmtpReply& ehlo_reply) {
  SmtpCapabilities out;
  for (std::size_t i = 1; i < ehlo_reply.lines.size(); ++i) {  // the first line greets
    const auto line = to_lower_ascii(ehlo_reply.lines[i]);
    std::string_view rest = line;
    const auto keyword = take_word(rest);
    if (keyword == "starttls")
      out.starttls = true;
    else if (keyword == "pipelining")
      out.pipelining = true;
    else if (keyword == "chunking")
      out.chunking = true;
    else if (keyword == "8bitmime")
      out.eight_bit_mime = true;
    else if (keyword == "smtputf8")
      out.smtp_utf8 = true;
    else if (keyword == "size") {
      out.size = true;
      const auto digits = take_word(rest);
      std::uint64_t size = 0;
      const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size);
      if (error == std::errc{} && end == digits.data() + digits.size()) out.max_size = size;
    } else if (keyword == "auth") {
      for (auto mechanism = take_word(rest); !mechanism.empty(); mechanism = take_word(rest)) {
        if (mechanism == "plain")
          out.auth_plain = true;
        else if (mechanism == "login")
          out.auth_login = true;
        else if (mechanism == "xoauth2")
          out.auth_xoauth2 = true;
      }
    }
  }
  return out;
}

SmtpSession::SmtpSession(std::string helo, SmtpSecurity security, SmtpLogin login)
    : helo_(std::move(helo)), security_(security), login_(std::move(login)) {}

std::optional<SmtpResult> SmtpSession::take_result() {
  return std::exchange(result_, std::nullopt);
}

// ---- what the shell reports

void SmtpSession::connected() {
  if (security_ == SmtpSecurity::implicit) {
    stage_ = SmtpStage::tls;
    step_ = SmtpStep::handshake;
  } else {
    expect(SmtpStage::greeting);
  }
}

void SmtpSession::secured() {
  secured_ = true;
  if (security_ == SmtpSecurity::implicit)
    expect(SmtpStage::greeting);
  else
    say_hello();  // what was said in clear counts for nothing (RFC 3207 §4.2)
}

void SmtpSession::handshake_failed(std::string_view why) {
  fail(SmtpVerdict::sender, "tls", why);
}

void SmtpSession::written() {
  output_.clear();
  step_ = SmtpStep::read;
}

void SmtpSession::received(std::string_view bytes) {
  const bool early = step_ == SmtpStep::write;
  if (step_ != SmtpStep::read && !early) {
    step_ = SmtpStep::closed;
    return;
  }
  switch (parser_.feed(bytes)) {
    case SmtpReplyParser::Progress::incomplete:
      return;
    case SmtpReplyParser::Progress::malformed:
      return desync("the server's reply is not SMTP");
    case SmtpReplyParser::Progress::complete:
      break;
  }
  const auto reply = parser_.take();
  if (early && reply.code < 400) return desync("the server answered before it was asked: " + reply.text());
  handle(reply);
  if (early) step_ = SmtpStep::closed;  // half a command or message stands on the wire
  if (bytes.empty() || step_ == SmtpStep::closed) return;
  // One command, one reply: more bytes mean that somebody lost count, or writes into the session before TLS.
  if (step_ == SmtpStep::ready)
    step_ = SmtpStep::closed;
  else
    desync("the server said more than was asked");
}

void SmtpSession::lost(std::string reason, std::string_view what) {
  if (step_ == SmtpStep::ready || stage_ == SmtpStage::quit) {
    step_ = SmtpStep::closed;
    return;
  }
  const bool all_sent = stage_ == SmtpStage::body && step_ == SmtpStep::read;
  fail(all_sent ? SmtpVerdict::ambiguous : SmtpVerdict::transient, std::move(reason), what);
}

// ---- what the owner wants

void SmtpSession::submit(const Envelope& envelope, std::string_view message) {
  if (step_ != SmtpStep::ready) throw std::logic_error("SmtpSession: submit() while busy");
  result_.reset();
  stage_ = SmtpStage::mail;
  from_ = {};
  if (!envelope.from.empty()) {
    auto from = to_wire_address(envelope.from);
    if (!from) return refuse_unsent(SmtpVerdict::sender, "sender-address", from.error().message);
    from_ = std::move(*from);
  }
  auto to = to_wire_address(envelope.to);
  if (!to) return refuse_unsent(SmtpVerdict::permanent, "address", to.error().message);
  to_ = std::move(*to);
  data_ = to_smtp_data(message);
  if (from_.needs_utf8 && !capabilities_.smtp_utf8)
    return refuse_unsent(SmtpVerdict::sender, "no-smtputf8", "the server does not take our address in UTF-8");
  if (to_.needs_utf8 && !capabilities_.smtp_utf8)
    return refuse_unsent(SmtpVerdict::permanent, "no-smtputf8",
                         "the server does not take addresses in UTF-8");
  stage_ = SmtpStage::body;
  if (data_.has_nul || data_.longest_line > max_line_bytes)
    return refuse_unsent(SmtpVerdict::permanent, "malformed-message",
                         "a NUL or a line of more than 998 bytes");
  if (data_.eight_bit && !capabilities_.eight_bit_mime)
    return refuse_unsent(SmtpVerdict::permanent, "no-8bitmime", "the server takes only 7-bit messages");
  if (capabilities_.max_size != 0 && data_.size > capabilities_.max_size) {
    return refuse_unsent(SmtpVerdict::permanent, "too-large",
                         fmt::format("{} bytes; the server takes {}", data_.size, capabilities_.max_size));
  }
  if (needs_reset_)
    command(SmtpStage::reset, "RSET");
  else
    mail();
}

void SmtpSession::quit() {
  if (step_ == SmtpStep::ready) command(SmtpStage::quit, "QUIT");
}

// ---- the dialogue

void SmtpSession::command(SmtpStage stage, std::string line) {
  stage_ = stage;
  output_ = std::move(line);
  output_ += "\r\n";
  step_ = SmtpStep::write;
}

void SmtpSession::expect(SmtpStage stage) {
  stage_ = stage;
  parser_.reset();
  step_ = SmtpStep::read;
}

void SmtpSession::handle(const SmtpReply& reply) {
  if (stage_ == SmtpStage::quit)
    step_ = SmtpStep::closed;
  else if (is_opening(stage_))
    handle_opening(reply);
  else
    handle_transaction(reply);
}

void SmtpSession::handle_opening(const SmtpReply& reply) {
  switch (stage_) {
    case SmtpStage::greeting:
      if (reply.code == 220) return say_hello();
      break;
    case SmtpStage::hello:
      return handle_hello(reply);
    case SmtpStage::starttls:
      if (reply.code == 220) {
        stage_ = SmtpStage::tls;
        step_ = SmtpStep::handshake;
        return;
      }
      if (security_ == SmtpSecurity::opportunistic && reply.code >= 400 && reply.code != 421)
        return authenticate();
      break;
    case SmtpStage::auth:
      return handle_auth(reply);
    default:
      break;
  }
  if (reply.code < 400) return desync("unexpected reply: " + reply.text());
  decide(judge(stage_, reply));
}

void SmtpSession::handle_hello(const SmtpReply& reply) {
  if (reply.code == 250) {
    capabilities_ = plain_hello_ ? SmtpCapabilities{} : parse_capabilities(reply);
    return after_hello();
  }
  if (reply.code >= 500 && !plain_hello_) {  // RFC 5321 §3.2
    plain_hello_ = true;
    return say_hello();
  }
  if (reply.code < 400) return desync("unexpected reply: " + reply.text());
  decide(judge(stage_, reply));
}

void SmtpSession::handle_auth(const SmtpReply& reply) {
  if (reply.code == 235) {
    stage_ = SmtpStage::reset;
    step_ = SmtpStep::ready;
    return;
  }
  if (reply.code >= 400) return decide(judge(stage_, reply));
  if (reply.code != 334 || auth_answers_ == 2) return desync("unexpected reply: " + reply.text());
  // LOGIN asks for two things. Elsewhere a challenge is an error in disguise (XOAUTH2), which wants an empty
  // line before it says 535.
  ++auth_answers_;
  if (!logging_in_by_login_)
    command(SmtpStage::auth, "");
  else
    command(SmtpStage::auth, to_base64(auth_answers_ == 1 ? login_.user : login_.password));
}

void SmtpSession::handle_transaction(const SmtpReply& reply) {
  const bool done = reply.code >= 200 && reply.code < 300;
  if (reply.code >= 400) return decide(judge(stage_, reply));
  if (stage_ == SmtpStage::data ? reply.code != 354 : !done)
    return desync("unexpected reply: " + reply.text());
  switch (stage_) {
    case SmtpStage::reset:
      needs_reset_ = false;
      return mail();
    case SmtpStage::mail:
      return command(SmtpStage::recipient, "RCPT TO:<" + to_.text + ">");
    case SmtpStage::recipient:
      return command(SmtpStage::data, "DATA");
    case SmtpStage::data:
      stage_ = SmtpStage::body;
      output_ = std::move(data_.bytes);
      step_ = SmtpStep::write;
      return;
    default:
      break;
  }
  auto accepted = judge(stage_, reply);
  accepted.verdict = SmtpVerdict::accepted;
  needs_reset_ = false;
  result_ = std::move(accepted);
  step_ = SmtpStep::ready;
}

void SmtpSession::say_hello() {
  command(SmtpStage::hello, (plain_hello_ ? "HELO " : "EHLO ") + helo_);
}

void SmtpSession::after_hello() {
  const bool wanted = security_ == SmtpSecurity::starttls || security_ == SmtpSecurity::opportunistic;
  if (secured_ || !wanted) return authenticate();
  if (capabilities_.starttls) return command(SmtpStage::starttls, "STARTTLS");
  if (security_ == SmtpSecurity::opportunistic) return authenticate();
  stage_ = SmtpStage::starttls;
  fail(SmtpVerdict::sender, "no-starttls", "the server does not offer STARTTLS, which this relay requires");
}

void SmtpSession::authenticate() {
  stage_ = SmtpStage::auth;
  if (login_.user.empty()) {
    step_ = SmtpStep::ready;
    return;
  }
  // Opportunistic TLS keeps eavesdroppers out, not impostors.
  const bool trusted = secured_ && security_ != SmtpSecurity::opportunistic;
  if (!trusted && !login_.allow_in_clear)
    return fail(SmtpVerdict::sender, "auth-in-clear",
                "a password is not sent without verified TLS to this relay");
  if (login_.xoauth2) {
    if (!capabilities_.auth_xoauth2)
      return fail(SmtpVerdict::sender, "no-auth", "the server does not offer AUTH XOAUTH2");
    const auto response = "user=" + login_.user + "\x01" + "auth=Bearer " + login_.password + "\x01\x01";
    return command(SmtpStage::auth, "AUTH XOAUTH2 " + to_base64(response));
  }
  if (capabilities_.auth_plain) {
    const auto nul = std::string(1, '\0');
    return command(SmtpStage::auth, "AUTH PLAIN " + to_base64(nul + login_.user + nul + login_.password));
  }
  logging_in_by_login_ = true;
  if (capabilities_.auth_login) return command(SmtpStage::auth, "AUTH LOGIN");
  fail(SmtpVerdict::sender, "no-auth", "the server offers neither AUTH PLAIN nor AUTH LOGIN");
}

void SmtpSession::mail() {
  std::string line = "MAIL FROM:<" + from_.text + ">";
  if (capabilities_.size) line += fmt::format(" SIZE={}", data_.size);
  if (data_.eight_bit) line += " BODY=8BITMIME";
  if (from_.needs_utf8 || to_.needs_utf8) line += " SMTPUTF8";
  command(SmtpStage::mail, std::move(line));
}

// ---- endings

void SmtpSession::refuse_unsent(SmtpVerdict verdict, std::string reason, std::string_view sentence) {
  SmtpResult result;
  result.verdict = verdict;
  result.stage = stage_;
  result.reason = std::move(reason);
  result.text = to_one_line(sentence, max_text_bytes);
  result_ = std::move(result);
}

void SmtpSession::decide(SmtpResult result) {
  const bool closing = result.code == 421 || is_opening(stage_) || stage_ == SmtpStage::reset ||
                       result.verdict == SmtpVerdict::desync;
  // After the answer to the body the transaction is over, whatever the answer.
  needs_reset_ = stage_ != SmtpStage::body;
  result_ = std::move(result);
  step_ = closing ? SmtpStep::closed : SmtpStep::ready;
}

void SmtpSession::fail(SmtpVerdict verdict, std::string reason, std::string_view sentence) {
  refuse_unsent(verdict, std::move(reason), sentence);
  step_ = SmtpStep::closed;
}

void SmtpSession::desync(std::string_view sentence) {
  if (stage_ == SmtpStage::quit) {
    step_ = SmtpStep::closed;
    return;
  }
  const bool all_sent = stage_ == SmtpStage::body && step_ == SmtpStep::read;
  fail(all_sent ? SmtpVerdict::ambiguous : SmtpVerdict::desync, "desync", sentence);
}

}  // namespace crier
