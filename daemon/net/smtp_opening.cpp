#include "net/smtp_opening.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/encoding.hpp"

namespace crier {
namespace {

std::string_view take_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const auto word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
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

SmtpOpening::SmtpOpening(std::string helo, SmtpSecurity security, SmtpLogin login)
    : helo_(std::move(helo)), security_(security), login_(std::move(login)) {}

// ---- what the owner reports

void SmtpOpening::connected() {
  const bool implicit = security_ == SmtpSecurity::implicit;
  stage_ = implicit ? SmtpStage::tls : SmtpStage::greeting;
  step_ = implicit ? Step::handshake : Step::hear;
}

void SmtpOpening::secured() {
  secured_ = true;
  if (security_ != SmtpSecurity::implicit) return say_hello();  // what was said in clear counts for nothing
  stage_ = SmtpStage::greeting;                                 // (RFC 3207 §4.2)
  step_ = Step::hear;
}

void SmtpOpening::fail(SmtpVerdict verdict, std::string_view reason, std::string_view sentence) {
  failure_ = own_words(verdict, stage_, reason, sentence);
  step_ = Step::failed;
}

void SmtpOpening::heard(const SmtpReply& reply) {
  switch (stage_) {
    case SmtpStage::greeting:
      return reply.code == 220 ? say_hello() : refused(reply);
    case SmtpStage::hello:
      return hear_hello(reply);
    case SmtpStage::starttls:
      if (reply.code == 220) {
        stage_ = SmtpStage::tls;
        step_ = Step::handshake;
        return;
      }
      if (security_ == SmtpSecurity::opportunistic && reply.code >= 400 && reply.code != 421)
        return authenticate();
      return refused(reply);
    case SmtpStage::auth:
      return hear_auth(reply);
    default:
      return refused(reply);
  }
}

// ---- the dialogue

void SmtpOpening::say(SmtpStage stage, std::string line) {
  stage_ = stage;
  line_ = std::move(line);
  line_ += "\r\n";
  step_ = Step::say;
}

void SmtpOpening::refused(const SmtpReply& reply) {
  if (reply.code < 400) return fail(SmtpVerdict::desync, "desync", "unexpected reply: " + reply.text());
  failure_ = judge(stage_, reply);
  step_ = Step::failed;
}

void SmtpOpening::say_hello() {
  say(SmtpStage::hello, (plain_hello_ ? "HELO " : "EHLO ") + helo_);
}

void SmtpOpening::hear_hello(const SmtpReply& reply) {
  if (reply.code == 250) {
    capabilities_ = plain_hello_ ? SmtpCapabilities{} : parse_capabilities(reply);
    return after_hello();
  }
  if (reply.code >= 500 && !plain_hello_) {  // RFC 5321 §3.2
    plain_hello_ = true;
    return say_hello();
  }
  refused(reply);
}

void SmtpOpening::after_hello() {
  const bool wanted = security_ == SmtpSecurity::starttls || security_ == SmtpSecurity::opportunistic;
  if (secured_ || !wanted) return authenticate();
  if (capabilities_.starttls) return say(SmtpStage::starttls, "STARTTLS");
  if (security_ == SmtpSecurity::opportunistic) return authenticate();
  stage_ = SmtpStage::starttls;
  fail(SmtpVerdict::sender, "no-starttls", "the server does not offer STARTTLS, which this relay requires");
}

void SmtpOpening::authenticate() {
  stage_ = SmtpStage::auth;
  if (login_.user.empty()) {
    step_ = Step::open;
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
    return say(SmtpStage::auth, "AUTH XOAUTH2 " + to_base64(response));
  }
  if (capabilities_.auth_plain) {
    const auto nul = std::string(1, '\0');
    return say(SmtpStage::auth, "AUTH PLAIN " + to_base64(nul + login_.user + nul + login_.password));
  }
  logging_in_by_login_ = true;
  if (capabilities_.auth_login) return say(SmtpStage::auth, "AUTH LOGIN");
  fail(SmtpVerdict::sender, "no-auth", "the server offers neither AUTH PLAIN nor AUTH LOGIN");
}

void SmtpOpening::hear_auth(const SmtpReply& reply) {
  if (reply.code == 235) {
    step_ = Step::open;
    return;
  }
  if (reply.code != 334 || auth_answers_ == 2) return refused(reply);
  // LOGIN asks for two things. Elsewhere a challenge is an error in disguise (XOAUTH2), which wants an empty
  // line before it says 535.
  ++auth_answers_;
  if (!logging_in_by_login_)
    say(SmtpStage::auth, "");
  else
    say(SmtpStage::auth, to_base64(auth_answers_ == 1 ? login_.user : login_.password));
}

}  // namespace crier
