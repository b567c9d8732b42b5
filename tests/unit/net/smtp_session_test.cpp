#include "net/smtp_session.hpp"

#include <deque>

#include <catch2/catch.hpp>

#include "base/encoding.hpp"

using namespace crier;

namespace {

constexpr const char* message = "Subject: hello\r\n\r\nbody\r\n";
constexpr const char* mail_line = "MAIL FROM:<news@example.org>\r\n";
constexpr const char* recipient_line = "RCPT TO:<amara@example.net>\r\n";

// The server's side of a transcript: `hear` is what the client must have said since it was last heard.
class Script {
 public:
  explicit Script(SmtpSecurity security = SmtpSecurity::off, SmtpLogin login = {},
                  SmtpMode mode = SmtpMode::lockstep, SmtpWindow window = {})
      : session("crier.example", security, std::move(login), mode, window) {
    session.connected();
  }
  explicit Script(SmtpMode mode, SmtpWindow window = {}) : Script(SmtpSecurity::off, {}, mode, window) {}

  Script& submit(const std::string& text = message, const std::string& to = "amara@example.net",
                 const std::string& from = "news@example.org") {
    auto& kept = mails.emplace_back(Mail{from, to, text, {}});
    kept.piece = WireText(kept.text);
    session.submit({kept.from, kept.to, "<1@example.org>", {&kept.piece, 1}});
    return *this;
  }

  Script& say(const std::string& text) {
    REQUIRE(session.awaits_reply());
    session.received(text);
    return *this;
  }

  std::string output() const {
    std::string all;
    for (const auto view : session.output()) all += view;
    return all;
  }

  Script& hear(const std::string& text) {
    REQUIRE(output() == text);
    session.written(text.size());
    return *this;
  }

  Script& open(const std::string& extensions = "250-PIPELINING\r\n250 SIZE 1000\r\n") {
    return say("220 fake\r\n").hear("EHLO crier.example\r\n").say("250-fake\r\n" + extensions);
  }

  Script& up_to_body() {
    return open("250 OK\r\n")
        .submit()
        .hear(mail_line)
        .say("250 ok\r\n")
        .hear(recipient_line)
        .say("250 ok\r\n")
        .hear("DATA\r\n")
        .say("354 go\r\n");
  }

  // The next message that was decided.
  SmtpDecision decision() {
    if (decided.empty()) {
      std::vector<SmtpDecision> fresh;
      session.take_decided(fresh);
      decided.insert(decided.end(), fresh.begin(), fresh.end());
    }
    REQUIRE_FALSE(decided.empty());
    auto first = decided.front();
    decided.pop_front();
    return first;
  }

  SmtpResult result() { return decision().result; }

  bool has_decision() {
    std::vector<SmtpDecision> fresh;
    session.take_decided(fresh);
    decided.insert(decided.end(), fresh.begin(), fresh.end());
    return !decided.empty();
  }

  struct Mail {
    std::string from;
    std::string to;
    std::string text;
    WireText piece;
  };
  std::deque<Mail> mails;
  std::deque<SmtpDecision> decided;
  SmtpSession session;
};

SmtpLogin login(bool xoauth2 = false) {
  return {"desk@example.org", "s3cret", xoauth2, true};
}

const std::string chunked = "250-PIPELINING\r\n250 CHUNKING\r\n";

std::string bdat(const std::string& text = message) {
  return "BDAT " + std::to_string(text.size()) + " LAST\r\n" + text;
}

std::string envelope_of(const std::string& to = "amara@example.net") {
  return std::string(mail_line) + "RCPT TO:<" + to + ">\r\n";
}

}  // namespace

// ---- lock-step

TEST_CASE("a message goes through the dialogue and the connection stays ready for the next") {
  Script script;
  script.open();
  const std::string text = message;
  for (std::uint64_t i = 0; i < 2; ++i) {
    script.submit()
        .hear("MAIL FROM:<news@example.org> SIZE=" + std::to_string(text.size()) + "\r\n")
        .say("250 2.1.0 ok\r\n")
        .hear(recipient_line)
        .say("250 2.1.5 ok\r\n")
        .hear("DATA\r\n")
        .say("354 go\r\n")
        .hear(text + ".\r\n")
        .say("250-2.0.0 taken\r\n250 2.0.0 as 4711\r\n");
    const auto [number, result] = script.decision();
    REQUIRE(number == i);
    REQUIRE(result.verdict == SmtpVerdict::accepted);
    REQUIRE(result.text == "250 2.0.0 taken 2.0.0 as 4711");
    REQUIRE(result.enhanced == "2.0.0");
    REQUIRE(script.session.is_idle());
  }
  script.session.quit();
  script.hear("QUIT\r\n").say("221 bye\r\n");
  REQUIRE(script.session.is_closed());
  REQUIRE_FALSE(script.has_decision());
}

TEST_CASE("messages given at once, also before the connection is open, follow one another") {
  Script script;
  script.submit("one\r\n").submit("two\r\n", "bela@example.net").open("250 OK\r\n");
  for (const auto* text : {"one\r\n", "two\r\n"}) {
    const bool first = std::string(text) == "one\r\n";
    script.hear(mail_line)
        .say("250 ok\r\n")
        .hear(first ? recipient_line : "RCPT TO:<bela@example.net>\r\n")
        .say("250 ok\r\n")
        .hear("DATA\r\n")
        .say("354 go\r\n")
        .hear(std::string(text) + ".\r\n")
        .say("250 ok\r\n");
    REQUIRE(script.result().verdict == SmtpVerdict::accepted);
  }
}

TEST_CASE("what EHLO offers is read after the greeting line, in any case") {
  Script script;
  script.open("250-size 0\r\n250-8bitmime\r\n250-AUTH plain LOGIN foo\r\n250-chunking\r\n250 SMTPUTF8\r\n");
  const auto& can = script.session.capabilities();
  REQUIRE(can.size);
  REQUIRE(can.max_size == 0);
  REQUIRE(can.eight_bit_mime);
  REQUIRE(can.auth_plain);
  REQUIRE(can.auth_login);
  REQUIRE_FALSE(can.auth_xoauth2);
  REQUIRE(can.chunking);
  REQUIRE(can.smtp_utf8);
  REQUIRE_FALSE(can.pipelining);
}

TEST_CASE("a server without EHLO gets HELO") {
  Script script;
  script.say("220 old\r\n")
      .hear("EHLO crier.example\r\n")
      .say("502 what\r\n")
      .hear("HELO crier.example\r\n")
      .say("250-old\r\n250 SMTPUTF8\r\n");
  REQUIRE(script.session.is_idle());
  REQUIRE_FALSE(script.session.capabilities().smtp_utf8);
}

TEST_CASE("a refused recipient ends the transaction, and RSET comes before the next") {
  Script script;
  script.open("250 OK\r\n")
      .submit()
      .hear(mail_line)
      .say("250 ok\r\n")
      .hear(recipient_line)
      .say("550 5.1.1 nobody\r\n");
  const auto result = script.result();
  REQUIRE(result.verdict == SmtpVerdict::permanent);
  REQUIRE(result.stage == SmtpStage::recipient);
  REQUIRE(result.reason == "smtp-5.1.1");
  const auto* reply = GENERATE("250 ok\r\n", "502 5.5.1 what\r\n", "550 5.7.1 no\r\n");
  script.submit().hear("RSET\r\n").say(reply).hear(mail_line);  // a refused RSET decides nothing
}

TEST_CASE("a refusal after the body needs no RSET") {
  Script script;
  script.up_to_body().hear(message + std::string(".\r\n")).say("554 5.6.0 no\r\n");
  REQUIRE(script.result().verdict == SmtpVerdict::permanent);
  script.submit().hear(mail_line);
}

TEST_CASE("421 closes the connection at every stage and nothing is lost") {
  const std::vector<std::string> talk{"220 fake\r\n", "250 fake\r\n", "250 ok\r\n",
                                      "250 ok\r\n",   "354 go\r\n",   "250 ok\r\n"};
  for (std::size_t at = 0; at < talk.size(); ++at) {
    CAPTURE(at);
    Script script;
    script.submit().submit();
    for (std::size_t i = 0; i < at; ++i) {
      script.say(talk[i]);
      script.session.written(script.output().size());
    }
    script.say("421 4.3.2 shutting down\r\n");
    for (std::uint64_t number = 0; number < 2; ++number) {
      const auto decision = script.decision();
      REQUIRE(decision.number == number);
      REQUIRE(decision.result.verdict == SmtpVerdict::transient);
      REQUIRE(decision.result.code == 421);
      if (at > 2 && number == 1) REQUIRE(decision.result.stage == SmtpStage::mail);
    }
    REQUIRE(script.session.is_closed());
  }
}

TEST_CASE("a connection lost before the final dot is retried, after it in doubt") {
  Script before;
  before.up_to_body().submit();
  before.session.written(5);
  before.session.lost("connection-lost", "gone");
  REQUIRE(before.result().verdict == SmtpVerdict::transient);
  const auto untouched = before.result();
  REQUIRE(untouched.verdict == SmtpVerdict::transient);
  REQUIRE(untouched.stage == SmtpStage::mail);

  Script after;
  after.up_to_body().hear(message + std::string(".\r\n"));
  after.session.lost("timeout", "no answer");
  const auto result = after.result();
  REQUIRE(result.verdict == SmtpVerdict::ambiguous);
  REQUIRE(result.stage == SmtpStage::body);
  REQUIRE(result.reason == "timeout");
}

TEST_CASE("a server that speaks while the message is being written is heard only when it refuses") {
  Script refusing;
  refusing.up_to_body();
  refusing.session.written(5);
  refusing.session.received("552 5.3.4 too much\r\n");
  REQUIRE(refusing.result().verdict == SmtpVerdict::permanent);
  REQUIRE(refusing.session.is_closed());

  Script hasty;
  hasty.up_to_body();
  hasty.session.written(5);
  hasty.session.received("250 taken already\r\n");
  REQUIRE(hasty.result().verdict == SmtpVerdict::desync);
}

TEST_CASE("replies that do not fit the question end the connection") {
  Script garbage;
  garbage.submit().say("SSH-2.0-OpenSSH_9.2\r\n");
  REQUIRE(garbage.result().verdict == SmtpVerdict::desync);
  REQUIRE(garbage.session.is_closed());

  Script early_yes;
  early_yes.open("250 OK\r\n").submit().hear(mail_line).say("354 go\r\n");
  REQUIRE(early_yes.result().verdict == SmtpVerdict::desync);

  Script two_replies;
  two_replies.open("250 OK\r\n").submit().hear(mail_line).say("250 ok\r\n250 ok\r\n");
  REQUIRE(two_replies.result().verdict == SmtpVerdict::desync);

  Script garbage_after_dot;
  garbage_after_dot.up_to_body().hear(message + std::string(".\r\n")).say("\x01\x02 yes\n");
  REQUIRE(garbage_after_dot.result().verdict == SmtpVerdict::ambiguous);

  Script farewell;
  farewell.up_to_body().hear(message + std::string(".\r\n")).say("250 ok\r\n421 bye\r\n");
  REQUIRE(farewell.result().verdict == SmtpVerdict::accepted);
  REQUIRE(farewell.session.is_closed());
}

TEST_CASE("an oversized reply ends the connection") {
  Script script;
  script.submit().say("220 " + std::string(5000, 'x'));
  REQUIRE(script.result().verdict == SmtpVerdict::desync);
}

// ---- opening

TEST_CASE("after STARTTLS everything said in clear is forgotten") {
  Script script(SmtpSecurity::starttls, login());
  script.open("250-STARTTLS\r\n250-SMTPUTF8\r\n250 AUTH PLAIN\r\n").hear("STARTTLS\r\n").say("220 go\r\n");
  REQUIRE(script.session.wants_handshake());
  script.session.secured();
  script.hear("EHLO crier.example\r\n").say("250-fake\r\n250 AUTH LOGIN\r\n");
  REQUIRE_FALSE(script.session.capabilities().smtp_utf8);
  script.hear("AUTH LOGIN\r\n")
      .say("334 VXNlcm5hbWU6\r\n")
      .hear(to_base64("desk@example.org") + "\r\n")
      .say("334 UGFzc3dvcmQ6\r\n")
      .hear(to_base64("s3cret") + "\r\n")
      .say("235 welcome\r\n");
  REQUIRE(script.session.is_idle());
}

TEST_CASE("bytes slipped in before the TLS handshake are not taken for the server's") {
  Script script(SmtpSecurity::starttls);
  script.submit()
      .open("250 STARTTLS\r\n")
      .hear("STARTTLS\r\n")
      .say("220 go\r\n250-fake\r\n250 AUTH PLAIN\r\n");
  REQUIRE(script.result().verdict == SmtpVerdict::desync);
  REQUIRE(script.session.is_closed());
}

TEST_CASE("where TLS is required, its absence is the sender's matter") {
  Script not_offered(SmtpSecurity::starttls);
  not_offered.submit().submit().open("250 PIPELINING\r\n");
  for (int i = 0; i < 2; ++i) {
    const auto result = not_offered.result();
    REQUIRE(result.verdict == SmtpVerdict::sender);
    REQUIRE(result.reason == "no-starttls");
  }

  Script bad_certificate(SmtpSecurity::implicit);
  REQUIRE(bad_certificate.session.wants_handshake());
  bad_certificate.submit();
  bad_certificate.session.handshake_failed("certificate of somebody else");
  const auto result = bad_certificate.result();
  REQUIRE(result.verdict == SmtpVerdict::sender);
  REQUIRE(result.reason == "tls");
}

TEST_CASE("opportunistic TLS goes on in clear when it is not to be had") {
  Script not_offered(SmtpSecurity::opportunistic);
  not_offered.open("250 PIPELINING\r\n");
  REQUIRE(not_offered.session.is_idle());
  Script unavailable(SmtpSecurity::opportunistic);
  unavailable.open("250 STARTTLS\r\n").hear("STARTTLS\r\n").say("454 4.7.0 not now\r\n");
  REQUIRE(unavailable.session.is_idle());
}

TEST_CASE("AUTH PLAIN and XOAUTH2 send their response at once") {
  Script plain(SmtpSecurity::off, login());
  plain.open("250 AUTH PLAIN LOGIN\r\n")
      .hear("AUTH PLAIN " + to_base64(std::string("\0desk@example.org\0s3cret", 24)) + "\r\n")
      .say("235 ok\r\n");
  REQUIRE(plain.session.is_idle());

  Script token(SmtpSecurity::off, login(true));
  token.submit()
      .open("250 AUTH XOAUTH2\r\n")
      .hear("AUTH XOAUTH2 " +
            to_base64("user=desk@example.org\x01"
                      "auth=Bearer s3cret\x01\x01") +
            "\r\n")
      .say("334 eyJzdGF0dXMiOiI0MDAifQ==\r\n")
      .hear("\r\n")
      .say("535 5.7.8 token expired\r\n");
  REQUIRE(token.result().verdict == SmtpVerdict::sender);
}

TEST_CASE("a refused, missing or unsafe login is never the recipient's fault") {
  const auto refused = [](const SmtpLogin& given, const std::string& extensions, const std::string& reply) {
    Script script(SmtpSecurity::off, given);
    script.submit().open(extensions);
    script.session.written(script.output().size());
    if (!reply.empty()) script.say(reply);
    REQUIRE(script.session.is_closed());
    return script.result();
  };
  const auto wrong = refused(login(), "250 AUTH PLAIN\r\n", "535 5.7.8 no\r\n");
  REQUIRE(wrong.verdict == SmtpVerdict::sender);
  REQUIRE(wrong.reason == "smtp-5.7.8");
  REQUIRE(refused(login(), "250 AUTH PLAIN\r\n", "454 4.7.0 later\r\n").verdict == SmtpVerdict::transient);
  REQUIRE(refused(login(), "250 AUTH CRAM-MD5\r\n", "").reason == "no-auth");
  auto careful = login();
  careful.allow_in_clear = false;
  REQUIRE(refused(careful, "250 AUTH PLAIN\r\n", "").reason == "auth-in-clear");

  Script unverified(SmtpSecurity::opportunistic, careful);
  unverified.submit().open("250-STARTTLS\r\n250 AUTH PLAIN\r\n").hear("STARTTLS\r\n").say("220 go\r\n");
  unverified.session.secured();
  unverified.hear("EHLO crier.example\r\n").say("250-fake\r\n250 AUTH PLAIN\r\n");
  REQUIRE(unverified.result().reason == "auth-in-clear");

  Script curious(SmtpSecurity::off, login());
  curious.submit().open("250 AUTH LOGIN\r\n");
  for (int i = 0; i < 3; ++i) {
    curious.session.written(curious.output().size());
    curious.say("334 bW9yZQ==\r\n");
  }
  REQUIRE(curious.result().verdict == SmtpVerdict::desync);
}

// ---- what is never sent

TEST_CASE("what cannot be sent never reaches the wire, and the connection stays usable") {
  for (const auto mode : {SmtpMode::lockstep, SmtpMode::overlapped}) {
    Script script(mode);
    script.open();
    const auto refuse = [&](const std::string& from, const std::string& to, const std::string& what) {
      script.submit(what, to, from);
      REQUIRE(script.session.is_idle());
      REQUIRE(script.output().empty());
      return script.result();
    };
    const std::string from = "news@example.org";
    const std::string to = "a@example.net";
    const auto injected = refuse(from, "a@example.net>\r\nRCPT TO:<b@example.net", message);
    REQUIRE(injected.verdict == SmtpVerdict::permanent);
    REQUIRE(injected.reason == "address");
    REQUIRE(refuse("x\r\n@example.org", to, message).verdict == SmtpVerdict::sender);
    REQUIRE(refuse(from, "j\xC3\xB6rg@example.net", message).reason == "no-smtputf8");
    REQUIRE(refuse("j\xC3\xB6rg@example.org", to, message).verdict == SmtpVerdict::sender);
    REQUIRE(refuse(from, to, "gr\xC3\xBC\xC3\x9F\r\n").reason == "no-8bitmime");
    for (const auto& smuggled : {std::string(999, 'x') + "\r\n", std::string("a\0b\r\n", 5), std::string("a"),
                                 std::string("a\r\n.\r\nMAIL FROM:<x@y>\r\n"), std::string("a\n.\nb\r\n")}) {
      const auto result = refuse(from, to, smuggled);
      REQUIRE(result.verdict == SmtpVerdict::permanent);
      REQUIRE(result.reason == "malformed-message");
    }
    std::string large;
    for (int i = 0; i < 100; ++i) large += "0123456789\r\n";
    const auto too_large = refuse(from, to, large);
    REQUIRE(too_large.verdict == SmtpVerdict::permanent);
    REQUIRE(too_large.reason == "too-large");
    script.submit();
    REQUIRE_FALSE(script.output().empty());
  }
}

TEST_CASE("SMTPUTF8, 8BITMIME and the null sender are said in MAIL") {
  Script script;
  script.open("250-SMTPUTF8\r\n250-8BITMIME\r\n250 SIZE 0\r\n")
      .submit("gr\xC3\xBC\xC3\x9F\r\n",
              "j\xC3\xB6rg@b\xC3\xBC"
              "cher.example",
              "")
      .hear("MAIL FROM:<> SIZE=8 BODY=8BITMIME SMTPUTF8\r\n")
      .say("250 ok\r\n")
      .hear("RCPT TO:<j\xC3\xB6rg@xn--bcher-kva.example>\r\n");
}

// ---- overlapped

TEST_CASE("overlapped: a body goes with the next message's envelope, and waits only to be let in") {
  Script script(SmtpMode::overlapped);
  script.open("250 PIPELINING\r\n").submit("one\r\n").submit("two\r\n", "bela@example.net");
  script.hear(envelope_of() + "DATA\r\n")
      .say("250 ok\r\n250 ok\r\n354 go\r\n")
      .hear("one\r\n.\r\n" + envelope_of("bela@example.net") + "DATA\r\n");
  REQUIRE_FALSE(script.has_decision());
  script.say("250 first\r\n250 ok\r\n");
  REQUIRE(script.result().text == "250 first");
  script.say("250 ok\r\n354 go\r\n").hear("two\r\n.\r\n");
  script.submit("three\r\n").hear(envelope_of() + "DATA\r\n").say("250 second\r\n");
  REQUIRE(script.result().text == "250 second");
}

TEST_CASE("overlapped: whatever is refused, the next message begins anew") {
  const std::string data = "DATA\r\n";
  Script recipient(SmtpMode::overlapped);
  recipient.open("250 PIPELINING\r\n").submit().submit(message, "bela@example.net");
  recipient.hear(envelope_of() + data)
      .say("250 ok\r\n550 5.1.1 nobody\r\n")
      .say("554 no valid recipients\r\n")
      .hear("RSET\r\n" + envelope_of("bela@example.net") + data);
  REQUIRE(recipient.result().reason == "smtp-5.1.1");

  Script let_in(SmtpMode::overlapped);
  let_in.open("250 PIPELINING\r\n").submit().submit(message, "bela@example.net");
  let_in.hear(envelope_of() + data)
      .say("250 ok\r\n450 4.2.1 later\r\n354 go\r\n")
      .hear(".\r\nRSET\r\n" + envelope_of("bela@example.net") + data);
  REQUIRE_FALSE(let_in.has_decision());
  let_in.say("250 an empty message\r\n");
  REQUIRE(let_in.result().reason == "smtp-4.2.1");
  let_in.say("250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n").hear(message + std::string(".\r\n"));

  Script sender(SmtpMode::overlapped);
  sender.open("250 PIPELINING\r\n").submit();
  sender.hear(envelope_of() + data).say("550 5.7.1 blocked\r\n503 no\r\n503 no\r\n");
  REQUIRE(sender.result().verdict == SmtpVerdict::sender);
  sender.submit().hear("RSET\r\n" + envelope_of() + data);

  Script data_refused(SmtpMode::overlapped);
  data_refused.open("250 PIPELINING\r\n").submit();
  data_refused.hear(envelope_of() + data).say("250 ok\r\n250 ok\r\n451 4.3.0 not now\r\n");
  REQUIRE(data_refused.result().stage == SmtpStage::data);
  data_refused.submit().hear("RSET\r\n" + envelope_of() + data);

  Script body(SmtpMode::overlapped);
  body.open("250 PIPELINING\r\n").submit().submit(message, "bela@example.net");
  body.hear(envelope_of() + data)
      .say("250 ok\r\n250 ok\r\n354 go\r\n")
      .hear(message + std::string(".\r\n") + envelope_of("bela@example.net") + data)
      .say("550 5.6.0 odd\r\n250 ok\r\n250 ok\r\n354 go\r\n")
      .hear(message + std::string(".\r\n"));
  REQUIRE(body.result().verdict == SmtpVerdict::permanent);
}

TEST_CASE(
    "overlapped: a server that refuses the sender, takes the recipient and asks for the body gets none") {
  Script script(SmtpMode::overlapped);
  script.open("250 PIPELINING\r\n").submit().submit();
  script.hear(envelope_of() + "DATA\r\n").say("450 4.7.1 not you\r\n250 ok\r\n354 go\r\n");
  REQUIRE(script.session.is_closed());
  REQUIRE(script.output().empty());
  REQUIRE(script.result().reason == "smtp-4.7.1");
  REQUIRE(script.result().stage == SmtpStage::mail);
}

// ---- bdat

TEST_CASE("bdat: as many whole messages as the window holds are under way") {
  Script script(SmtpMode::bdat, {100, 2});
  script.open(chunked).submit("one\r\n").submit("two\r\n", "bela@example.net").submit("three\r\n");
  script.hear(envelope_of() + bdat("one\r\n") + "RSET\r\n" + envelope_of("bela@example.net") +
              bdat("two\r\n"));
  script.say("250 ok\r\n250 ok\r\n250 first\r\n");
  REQUIRE(script.result().text == "250 first");
  script.hear("RSET\r\n" + envelope_of() + bdat("three\r\n"));
  script.say("250 ok\r\n250 ok\r\n250 ok\r\n250 second\r\n250 ok\r\n250 ok\r\n250 ok\r\n250 third\r\n");
  REQUIRE(script.result().text == "250 second");
  REQUIRE(script.result().text == "250 third");
  REQUIRE(script.session.is_idle());
  script.submit().hear(envelope_of() + bdat());  // nothing is open: no RSET
}

TEST_CASE("bdat: a server that refuses RSET and takes the message has taken it") {
  Script script(SmtpMode::bdat, {100, 2});
  script.open(chunked).submit("one\r\n").submit("two\r\n");
  script.hear(envelope_of() + bdat("one\r\n") + "RSET\r\n" + envelope_of() + bdat("two\r\n"));
  script.say("250 ok\r\n250 ok\r\n250 first\r\n502 what\r\n250 ok\r\n250 ok\r\n250 second\r\n");
  REQUIRE(script.result().text == "250 first");
  REQUIRE(script.result().text == "250 second");
  REQUIRE(script.session.is_idle());
}

TEST_CASE("bdat: the window's bytes hold back all but the first message") {
  const std::string large(60, 'x');
  Script script(SmtpMode::bdat, {100, 10});
  script.open(chunked).submit(large + large + "\r\n").submit(large + "\r\n").submit(large + "\r\n");
  script.hear(envelope_of() + bdat(large + large + "\r\n"));
  script.say("250 ok\r\n250 ok\r\n250 ok\r\n").hear(envelope_of() + bdat(large + "\r\n"));
}

TEST_CASE("bdat: a full window is filled again when half of it is free") {
  Script script(SmtpMode::bdat, {1000, 4});
  script.open(chunked);
  for (int i = 0; i < 7; ++i) script.submit("x\r\n");
  const auto next = "RSET\r\n" + envelope_of() + bdat("x\r\n");
  script.hear(next.substr(6) + next + next + next);
  script.say("250 ok\r\n250 ok\r\n250 taken\r\n");
  REQUIRE(script.output().empty());
  script.say("250 ok\r\n250 ok\r\n250 ok\r\n250 taken\r\n").hear(next + next);
}

TEST_CASE("bdat: a refusal in the middle of a window leaves its neighbours alone") {
  Script script(SmtpMode::bdat);
  script.open(chunked).submit("1\r\n").submit("2\r\n").submit("3\r\n").submit("4\r\n").submit("5\r\n");
  script.session.written(script.output().size());
  const std::string fine = "250 ok\r\n250 ok\r\n250 taken\r\n";
  script.say(fine)
      .say("250 reset\r\n250 ok\r\n550 5.1.1 nobody\r\n503 5.5.1 no valid recipients\r\n")
      .say("250 reset\r\n550 5.7.1 blocked\r\n503 5.5.1 no MAIL\r\n503 5.5.1 no MAIL\r\n")
      .say("250 reset\r\n250 ok\r\n250 ok\r\n452 4.3.1 full\r\n")
      .say("250 reset\r\n" + fine);
  REQUIRE(script.result().verdict == SmtpVerdict::accepted);
  REQUIRE(script.result().reason == "smtp-5.1.1");
  REQUIRE(script.result().verdict == SmtpVerdict::sender);
  REQUIRE(script.result().reason == "smtp-4.3.1");
  REQUIRE(script.result().verdict == SmtpVerdict::accepted);
  REQUIRE(script.session.is_idle());
}

TEST_CASE("bdat: a chunk that is refused before all of it was sent is sent to its end") {
  Script script(SmtpMode::bdat);
  script.open(chunked).submit("one\r\n").submit("two\r\n");
  const auto first = envelope_of() + bdat("one\r\n");
  script.session.written(first.size() - 3);
  script.say("250 ok\r\n550 5.1.1 nobody\r\n503 no recipients\r\n");
  REQUIRE_FALSE(script.has_decision());
  script.hear(first.substr(first.size() - 3) + "RSET\r\n" + envelope_of() + bdat("two\r\n"));
  REQUIRE(script.result().reason == "smtp-5.1.1");
  script.say("250 ok\r\n250 ok\r\n250 ok\r\n250 taken\r\n");
  REQUIRE(script.result().verdict == SmtpVerdict::accepted);

  Script hasty(SmtpMode::bdat);
  hasty.open(chunked).submit("one\r\n");
  hasty.session.written(first.size() - 3);
  hasty.say("250 ok\r\n250 ok\r\n250 taken already\r\n");
  REQUIRE(hasty.result().verdict == SmtpVerdict::desync);
}

TEST_CASE("a server may answer a command before those sent with it were written to their end") {
  for (const auto mode : {SmtpMode::automatic, SmtpMode::bdat, SmtpMode::overlapped}) {
    Script script(mode);
    script.open(chunked).submit();
    const auto all = script.output();
    script.session.written(std::string(mail_line).size());
    script.say("250 ok\r\n");
    script.session.written(std::string(recipient_line).size());
    script.say("250 ok\r\n");
    REQUIRE_FALSE(script.session.is_closed());
    script.hear(all.substr(envelope_of().size()));
    Script hasty(mode);
    hasty.open(chunked).submit();
    hasty.session.written(5);
    hasty.say("250 ok\r\n");
    REQUIRE(hasty.result().verdict == SmtpVerdict::desync);
  }
}

TEST_CASE("bdat: when the connection is lost, what was sent as a whole is in doubt, and nothing else") {
  for (const bool desync : {false, true}) {
    Script script(SmtpMode::bdat, {1000, 3});
    script.open(chunked).submit("1\r\n").submit("2\r\n").submit("3\r\n").submit("4\r\n");
    script.session.written(script.output().size() - 1);
    script.say("250 ok\r\n250 ok\r\n");
    if (desync)
      script.say("garbage\r\n");
    else
      script.session.lost("connection-lost", "gone");
    REQUIRE(script.result().verdict == SmtpVerdict::ambiguous);
    REQUIRE(script.result().verdict == SmtpVerdict::ambiguous);
    for (int i = 0; i < 2; ++i) {
      const auto result = script.result();
      REQUIRE(result.verdict == SmtpVerdict::transient);
      REQUIRE(result.stage == SmtpStage::mail);
      REQUIRE(result.code == 0);
    }
    REQUIRE(script.session.is_closed());
    REQUIRE(script.output().empty());
  }
}

TEST_CASE("bdat: 421 in the middle of a window costs those behind it nothing") {
  Script script(SmtpMode::bdat);
  script.open(chunked).submit("1\r\n").submit("2\r\n").submit("3\r\n");
  script.session.written(script.output().size());
  script.say("250 ok\r\n250 ok\r\n250 taken\r\n250 ok\r\n250 ok\r\n421 4.7.0 too many\r\n");
  REQUIRE(script.result().verdict == SmtpVerdict::accepted);
  auto result = script.result();
  REQUIRE(result.verdict == SmtpVerdict::transient);
  REQUIRE(result.stage == SmtpStage::recipient);
  result = script.result();
  REQUIRE(result.stage == SmtpStage::mail);
  REQUIRE(result.code == 421);
}

TEST_CASE("bdat: a server that takes what it had refused leaves it in doubt") {
  Script script(SmtpMode::bdat);
  script.open(chunked).submit();
  script.session.written(script.output().size());
  script.say("450 4.7.1 not you\r\n250 ok\r\n250 taken\r\n");
  REQUIRE(script.result().verdict == SmtpVerdict::ambiguous);
  REQUIRE(script.session.is_closed());
}

TEST_CASE("automatic: an empty chunk proves BDAT before a body goes by it") {
  Script script(SmtpMode::automatic);
  script.open(chunked).submit("one\r\n").submit("two\r\n");
  script.hear(envelope_of() + "BDAT 0\r\n");
  REQUIRE_FALSE(script.session.learnt());
  script.say("250 ok\r\n250 ok\r\n250 0 bytes\r\n")
      .hear(bdat("one\r\n") + "RSET\r\n" + envelope_of() + bdat("two\r\n"));
  REQUIRE(script.session.learnt() == SmtpMode::bdat);
  script.say("250 taken\r\n250 ok\r\n250 ok\r\n250 ok\r\n250 taken\r\n");
  REQUIRE(script.result().verdict == SmtpVerdict::accepted);
  REQUIRE(script.result().verdict == SmtpVerdict::accepted);
}

TEST_CASE("automatic: a server that does not know BDAT gets the same message by DATA") {
  Script script(SmtpMode::automatic);
  script.open(chunked).submit("one\r\n").submit("two\r\n");
  script.hear(envelope_of() + "BDAT 0\r\n")
      .say("250 ok\r\n250 ok\r\n500 5.5.1 what?\r\n")
      .hear("RSET\r\n" + envelope_of() + "DATA\r\n")
      .say("250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n")
      .hear("one\r\n.\r\n" + envelope_of() + "DATA\r\n");
  REQUIRE(script.session.learnt() == SmtpMode::overlapped);
  script.say("250 taken\r\n");
  REQUIRE(script.result().verdict == SmtpVerdict::accepted);
}

TEST_CASE(
    "automatic: a server that takes no empty chunk and knows BDAT, as Postfix, gets the message by it") {
  Script script(SmtpMode::automatic);
  script.open(chunked).submit("one\r\n").submit("two\r\n");
  script.hear(envelope_of() + "BDAT 0\r\n")
      .say("250 ok\r\n250 ok\r\n551 5.7.1 Null BDAT request\r\n")
      .hear("RSET\r\n" + envelope_of() + bdat("one\r\n") + "RSET\r\n" + envelope_of() + bdat("two\r\n"));
  REQUIRE(script.session.learnt() == SmtpMode::bdat);
  script.say("250 ok\r\n250 ok\r\n250 ok\r\n250 taken\r\n250 ok\r\n250 ok\r\n250 ok\r\n250 taken\r\n");
  REQUIRE(script.result().verdict == SmtpVerdict::accepted);
  REQUIRE(script.result().verdict == SmtpVerdict::accepted);
  REQUIRE(script.session.is_idle());
}

TEST_CASE("automatic: a recipient refused beside the empty chunk proves nothing") {
  Script script(SmtpMode::automatic);
  script.open(chunked).submit().submit();
  script.hear(envelope_of() + "BDAT 0\r\n")
      .say("250 ok\r\n550 5.1.1 nobody\r\n503 5.5.1 no valid recipients\r\n")
      .hear("RSET\r\n" + envelope_of() + "BDAT 0\r\n");
  REQUIRE_FALSE(script.session.learnt());
  REQUIRE(script.result().reason == "smtp-5.1.1");
}

TEST_CASE("bdat at the server's word: one that does not know it is not trusted again") {
  Script script(SmtpMode::bdat);
  script.open(chunked).submit("one\r\n");
  script.session.written(script.output().size());
  script.say("250 ok\r\n250 ok\r\n500 what?\r\n");
  REQUIRE(script.result().verdict == SmtpVerdict::desync);
  REQUIRE(script.session.learnt() == SmtpMode::overlapped);
  REQUIRE(script.session.is_closed());
}

TEST_CASE("no rung of the ladder is climbed that EHLO does not offer or the mode does not allow") {
  const auto first_words = [](SmtpMode mode, const std::string& extensions) {
    Script script(mode);
    script.open(extensions).submit("one\r\n");
    return script.output();
  };
  const std::string without_pipelining = "250 CHUNKING\r\n";
  for (const auto mode : {SmtpMode::automatic, SmtpMode::bdat, SmtpMode::overlapped, SmtpMode::lockstep}) {
    REQUIRE(first_words(mode, without_pipelining) == mail_line);
    REQUIRE(first_words(mode, "250 PIPELINING\r\n") ==
            (mode == SmtpMode::lockstep ? mail_line : envelope_of() + "DATA\r\n"));
  }
  REQUIRE(first_words(SmtpMode::overlapped, chunked) == envelope_of() + "DATA\r\n");
  REQUIRE(first_words(SmtpMode::lockstep, chunked) == mail_line);
  REQUIRE(first_words(SmtpMode::bdat, chunked) == envelope_of() + bdat("one\r\n"));
}
