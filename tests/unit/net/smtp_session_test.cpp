#include "net/smtp_session.hpp"

#include <catch2/catch.hpp>

#include "base/encoding.hpp"

using namespace crier;

namespace {

const Envelope envelope{"news@example.org", "amara@example.net", "<1@example.org>"};
const std::string message = "Subject: hello\r\n\r\nbody\r\n";

// The server's side of a transcript: `hear` is what the client must have said last.
class Script {
 public:
  explicit Script(SmtpSecurity security = SmtpSecurity::off, SmtpLogin login = {})
      : session("crier.example", security, std::move(login)) {
    session.connected();
  }

  Script& say(const std::string& text) {
    REQUIRE(session.step() == SmtpStep::read);
    session.received(text);
    return *this;
  }

  Script& hear(const std::string& text) {
    REQUIRE(session.step() == SmtpStep::write);
    REQUIRE(session.output() == text);
    session.written();
    return *this;
  }

  Script& open(const std::string& extensions = "250-PIPELINING\r\n250 SIZE 1000\r\n") {
    return say("220 fake\r\n").hear("EHLO crier.example\r\n").say("250-fake\r\n" + extensions);
  }

  Script& up_to_body() {
    open("250 OK\r\n");
    session.submit(envelope, message);
    return hear("MAIL FROM:<news@example.org>\r\n")
        .say("250 ok\r\n")
        .hear("RCPT TO:<amara@example.net>\r\n")
        .say("250 ok\r\n")
        .hear("DATA\r\n")
        .say("354 go\r\n");
  }

  SmtpResult result() {
    auto ended = session.take_result();
    REQUIRE(ended.has_value());
    return *ended;
  }

  SmtpSession session;
};

SmtpLogin login(bool xoauth2 = false) {
  return {"desk@example.org", "s3cret", xoauth2, true};
}

}  // namespace

TEST_CASE("a message goes through the dialogue and the connection stays ready for the next") {
  Script script;
  script.open();
  for (int i = 0; i < 2; ++i) {
    script.session.submit(envelope, message);
    script.hear("MAIL FROM:<news@example.org> SIZE=" + std::to_string(message.size()) + "\r\n")
        .say("250 2.1.0 ok\r\n")
        .hear("RCPT TO:<amara@example.net>\r\n")
        .say("250 2.1.5 ok\r\n")
        .hear("DATA\r\n")
        .say("354 go\r\n")
        .hear(message + ".\r\n")
        .say("250-2.0.0 taken\r\n250 2.0.0 as 4711\r\n");
    const auto result = script.result();
    REQUIRE(result.verdict == SmtpVerdict::accepted);
    REQUIRE(result.text == "250 2.0.0 taken 2.0.0 as 4711");
    REQUIRE(script.session.step() == SmtpStep::ready);
  }
  script.session.quit();
  script.hear("QUIT\r\n").say("221 bye\r\n");
  REQUIRE(script.session.step() == SmtpStep::closed);
  REQUIRE_FALSE(script.session.take_result());
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
  REQUIRE(script.session.step() == SmtpStep::ready);
  REQUIRE_FALSE(script.session.capabilities().smtp_utf8);
}

TEST_CASE("a refused recipient ends the transaction, and RSET comes before the next") {
  Script script;
  script.open("250 OK\r\n");
  script.session.submit(envelope, message);
  script.hear("MAIL FROM:<news@example.org>\r\n")
      .say("250 ok\r\n")
      .hear("RCPT TO:<amara@example.net>\r\n")
      .say("550 5.1.1 nobody\r\n");
  const auto result = script.result();
  REQUIRE(result.verdict == SmtpVerdict::permanent);
  REQUIRE(result.stage == SmtpStage::recipient);
  REQUIRE(result.reason == "smtp-5.1.1");
  script.session.submit(envelope, message);
  script.hear("RSET\r\n").say("250 ok\r\n").hear("MAIL FROM:<news@example.org>\r\n");
}

TEST_CASE("a refusal after the body needs no RSET") {
  Script script;
  script.up_to_body().hear(message + ".\r\n").say("554 5.6.0 no\r\n");
  REQUIRE(script.result().verdict == SmtpVerdict::permanent);
  script.session.submit(envelope, message);
  script.hear("MAIL FROM:<news@example.org>\r\n");
}

TEST_CASE("421 closes the connection at every stage and nothing is lost") {
  const std::vector<std::string> talk{"220 fake\r\n", "250 fake\r\n", "250 ok\r\n",
                                      "250 ok\r\n",   "354 go\r\n",   "250 ok\r\n"};
  for (std::size_t at = 0; at < talk.size(); ++at) {
    CAPTURE(at);
    Script script;
    for (std::size_t i = 0; i < at; ++i) {
      script.say(talk[i]);
      if (script.session.step() == SmtpStep::ready) script.session.submit(envelope, message);
      script.session.written();
    }
    script.say("421 4.3.2 shutting down\r\n");
    const auto result = script.result();
    REQUIRE(result.verdict == SmtpVerdict::transient);
    REQUIRE(result.code == 421);
    REQUIRE(script.session.step() == SmtpStep::closed);
  }
}

TEST_CASE("a connection lost before the final dot is retried, after it in doubt") {
  Script before;
  before.up_to_body();
  REQUIRE(before.session.step() == SmtpStep::write);
  before.session.lost("connection-lost", "gone");
  REQUIRE(before.result().verdict == SmtpVerdict::transient);

  Script after;
  after.up_to_body().hear(message + ".\r\n");
  after.session.lost("timeout", "no answer");
  const auto result = after.result();
  REQUIRE(result.verdict == SmtpVerdict::ambiguous);
  REQUIRE(result.stage == SmtpStage::body);
  REQUIRE(result.reason == "timeout");
}

TEST_CASE("a server that speaks while the message is being written is heard only when it refuses") {
  Script refusing;
  refusing.up_to_body();
  refusing.session.received("552 5.3.4 too much\r\n");
  REQUIRE(refusing.result().verdict == SmtpVerdict::permanent);
  REQUIRE(refusing.session.step() == SmtpStep::closed);

  Script hasty;
  hasty.up_to_body();
  hasty.session.received("250 taken already\r\n");
  REQUIRE(hasty.result().verdict == SmtpVerdict::desync);
}

TEST_CASE("replies that do not fit the question end the connection") {
  Script garbage;
  garbage.say("SSH-2.0-OpenSSH_9.2\r\n");
  REQUIRE(garbage.result().verdict == SmtpVerdict::desync);
  REQUIRE(garbage.session.step() == SmtpStep::closed);

  Script early_yes;
  early_yes.open("250 OK\r\n");
  early_yes.session.submit(envelope, message);
  early_yes.hear("MAIL FROM:<news@example.org>\r\n").say("354 go\r\n");
  REQUIRE(early_yes.result().verdict == SmtpVerdict::desync);

  Script two_replies;
  two_replies.open("250 OK\r\n");
  two_replies.session.submit(envelope, message);
  two_replies.hear("MAIL FROM:<news@example.org>\r\n").say("250 ok\r\n250 ok\r\n");
  REQUIRE(two_replies.result().verdict == SmtpVerdict::desync);

  Script garbage_after_dot;
  garbage_after_dot.up_to_body().hear(message + ".\r\n").say("\x01\x02 yes\n");
  REQUIRE(garbage_after_dot.result().verdict == SmtpVerdict::ambiguous);

  Script farewell;
  farewell.up_to_body().hear(message + ".\r\n").say("250 ok\r\n421 bye\r\n");
  REQUIRE(farewell.result().verdict == SmtpVerdict::accepted);
  REQUIRE(farewell.session.step() == SmtpStep::closed);
}

TEST_CASE("an oversized reply ends the connection") {
  Script script;
  script.say("220 " + std::string(5000, 'x'));
  REQUIRE(script.result().verdict == SmtpVerdict::desync);
}

TEST_CASE("after STARTTLS everything said in clear is forgotten") {
  Script script(SmtpSecurity::starttls, login());
  script.open("250-STARTTLS\r\n250-SMTPUTF8\r\n250 AUTH PLAIN\r\n").hear("STARTTLS\r\n").say("220 go\r\n");
  REQUIRE(script.session.step() == SmtpStep::handshake);
  script.session.secured();
  script.hear("EHLO crier.example\r\n").say("250-fake\r\n250 AUTH LOGIN\r\n");
  REQUIRE_FALSE(script.session.capabilities().smtp_utf8);
  script.hear("AUTH LOGIN\r\n")
      .say("334 VXNlcm5hbWU6\r\n")
      .hear(to_base64("desk@example.org") + "\r\n")
      .say("334 UGFzc3dvcmQ6\r\n")
      .hear(to_base64("s3cret") + "\r\n")
      .say("235 welcome\r\n");
  REQUIRE(script.session.step() == SmtpStep::ready);
}

TEST_CASE("bytes slipped in before the TLS handshake are not taken for the server's") {
  Script script(SmtpSecurity::starttls);
  script.open("250 STARTTLS\r\n").hear("STARTTLS\r\n").say("220 go\r\n250-fake\r\n250 AUTH PLAIN\r\n");
  REQUIRE(script.result().verdict == SmtpVerdict::desync);
  REQUIRE(script.session.step() == SmtpStep::closed);
}

TEST_CASE("where TLS is required, its absence is the sender's matter") {
  Script not_offered(SmtpSecurity::starttls);
  not_offered.open("250 PIPELINING\r\n");
  auto result = not_offered.result();
  REQUIRE(result.verdict == SmtpVerdict::sender);
  REQUIRE(result.reason == "no-starttls");

  Script bad_certificate(SmtpSecurity::implicit);
  REQUIRE(bad_certificate.session.step() == SmtpStep::handshake);
  bad_certificate.session.handshake_failed("certificate of somebody else");
  result = bad_certificate.result();
  REQUIRE(result.verdict == SmtpVerdict::sender);
  REQUIRE(result.reason == "tls");
}

TEST_CASE("opportunistic TLS goes on in clear when it is not to be had") {
  Script not_offered(SmtpSecurity::opportunistic);
  not_offered.open("250 PIPELINING\r\n");
  REQUIRE(not_offered.session.step() == SmtpStep::ready);
  Script unavailable(SmtpSecurity::opportunistic);
  unavailable.open("250 STARTTLS\r\n").hear("STARTTLS\r\n").say("454 4.7.0 not now\r\n");
  REQUIRE(unavailable.session.step() == SmtpStep::ready);
}

TEST_CASE("AUTH PLAIN and XOAUTH2 send their response at once") {
  Script plain(SmtpSecurity::off, login());
  plain.open("250 AUTH PLAIN LOGIN\r\n")
      .hear("AUTH PLAIN " + to_base64(std::string("\0desk@example.org\0s3cret", 24)) + "\r\n")
      .say("235 ok\r\n");
  REQUIRE(plain.session.step() == SmtpStep::ready);

  Script token(SmtpSecurity::off, login(true));
  token.open("250 AUTH XOAUTH2\r\n")
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
  Script refused(SmtpSecurity::off, login());
  refused.open("250 AUTH PLAIN\r\n");
  refused.session.written();
  refused.say("535 5.7.8 no\r\n");
  auto result = refused.result();
  REQUIRE(result.verdict == SmtpVerdict::sender);
  REQUIRE(result.reason == "smtp-5.7.8");

  Script busy(SmtpSecurity::off, login());
  busy.open("250 AUTH PLAIN\r\n");
  busy.session.written();
  busy.say("454 4.7.0 later\r\n");
  REQUIRE(busy.result().verdict == SmtpVerdict::transient);

  Script none(SmtpSecurity::off, login());
  none.open("250 AUTH CRAM-MD5\r\n");
  REQUIRE(none.result().reason == "no-auth");

  auto careful = login();
  careful.allow_in_clear = false;
  Script in_clear(SmtpSecurity::off, careful);
  in_clear.open("250 AUTH PLAIN\r\n");
  REQUIRE(in_clear.session.step() == SmtpStep::closed);
  REQUIRE(in_clear.result().reason == "auth-in-clear");

  Script unverified(SmtpSecurity::opportunistic, careful);
  unverified.open("250-STARTTLS\r\n250 AUTH PLAIN\r\n").hear("STARTTLS\r\n").say("220 go\r\n");
  unverified.session.secured();
  unverified.hear("EHLO crier.example\r\n").say("250-fake\r\n250 AUTH PLAIN\r\n");
  REQUIRE(unverified.result().reason == "auth-in-clear");

  Script curious(SmtpSecurity::off, login());
  curious.open("250 AUTH LOGIN\r\n");
  for (int i = 0; i < 3; ++i) {
    curious.session.written();
    curious.say("334 bW9yZQ==\r\n");
  }
  REQUIRE(curious.result().verdict == SmtpVerdict::desync);
}

TEST_CASE("what cannot be sent never reaches the wire, and the connection stays usable") {
  Script script;
  script.open();
  const auto refuse = [&](const Envelope& who, const std::string& what) {
    script.session.submit(who, what);
    REQUIRE(script.session.step() == SmtpStep::ready);
    return script.result();
  };
  const auto injected = refuse({"news@example.org", "a@example.net>\r\nRCPT TO:<b@example.net", ""}, message);
  REQUIRE(injected.verdict == SmtpVerdict::permanent);
  REQUIRE(injected.reason == "address");
  REQUIRE(refuse({"x\r\n@example.org", "a@example.net", ""}, message).verdict == SmtpVerdict::sender);
  REQUIRE(refuse({"news@example.org", "j\xC3\xB6rg@example.net", ""}, message).reason == "no-smtputf8");
  REQUIRE(refuse(envelope, "gr\xC3\xBC\xC3\x9F\r\n").reason == "no-8bitmime");
  REQUIRE(refuse(envelope, std::string(999, 'x')).reason == "malformed-message");
  REQUIRE(refuse(envelope, std::string("a\0b", 3)).reason == "malformed-message");
  std::string large;
  for (int i = 0; i < 100; ++i) large += "0123456789\r\n";
  const auto too_large = refuse(envelope, large);
  REQUIRE(too_large.verdict == SmtpVerdict::permanent);
  REQUIRE(too_large.reason == "too-large");
  script.session.submit(envelope, message);
  REQUIRE(script.session.step() == SmtpStep::write);
}

TEST_CASE("SMTPUTF8, 8BITMIME and the null sender are said in MAIL") {
  Script script;
  script.open("250-SMTPUTF8\r\n250-8BITMIME\r\n250 SIZE 0\r\n");
  script.session.submit({"",
                         "j\xC3\xB6rg@b\xC3\xBC"
                         "cher.example",
                         ""},
                        "gr\xC3\xBC\xC3\x9F\r\n");
  script.hear("MAIL FROM:<> SIZE=8 BODY=8BITMIME SMTPUTF8\r\n")
      .say("250 ok\r\n")
      .hear("RCPT TO:<j\xC3\xB6rg@xn--bcher-kva.example>\r\n");
}
