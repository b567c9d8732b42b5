#include "net/smtp_client.hpp"

#include <fstream>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/system/system_error.hpp>
#include <catch2/catch.hpp>

#include "net/resolver.hpp"
#include "support/closed_port.hpp"
#include "support/fake_smtp_server.hpp"
#include "support/run_loop.hpp"
#include "support/temp_folder.hpp"

using namespace crier;
using namespace crier::test;
using namespace std::chrono_literals;
using Manner = FakeReply::Manner;

namespace {

const Envelope envelope{"news@example.org", "amara@example.net", "<1@example.org>"};

const Certificate& localhost_certificate() {
  static const auto certificate = make_certificate("localhost");
  return certificate;
}

struct Bench {
  explicit Bench(FakeSmtpScript script, SmtpSecurity security = SmtpSecurity::off)
      : resolver(loop.get_executor()), server(loop, std::move(script)) {
    const auto ca_file = folder.path() / "ca.pem";
    std::ofstream(ca_file) << localhost_certificate().certificate_pem;
    tls = make_smtp_tls(ca_file);
    settings.host = "localhost";
    settings.port = server.port();
    settings.security = security;
    settings.helo = "crier.example";
    settings.timeouts.quit = loop_bound;
  }

  SmtpConnection& connection() {
    if (!open) open.emplace(loop.get_executor(), resolver, tls, settings);
    return *open;
  }

  SmtpResult send(const std::string& message = "Subject: hello\n\n.hidden\n") {
    return run_loop(loop, connection().send(envelope, message));
  }

  TempFolder folder;
  boost::asio::io_context loop;
  Resolver resolver;
  FakeSmtpServer server;
  std::shared_ptr<boost::asio::ssl::context> tls;
  SmtpServer settings;
  std::optional<SmtpConnection> open;
};

FakeSmtpScript with_tls(Certificate certificate, bool implicit = false) {
  FakeSmtpScript script;
  script.certificate = std::move(certificate);
  script.implicit_tls = implicit;
  return script;
}

FakeSmtpScript at(const std::string& verb, std::deque<FakeReply> replies) {
  FakeSmtpScript script;
  script.replies[verb] = std::move(replies);
  return script;
}

}  // namespace

TEST_CASE("messages arrive whole over one connection") {
  Bench bench({});
  std::string large = "Subject: large\r\n\r\n";
  while (large.size() < 500'000) large += "..a line of some length that makes the message large\r\n";
  REQUIRE(bench.send().verdict == SmtpVerdict::accepted);
  const auto result = bench.send(large);
  REQUIRE(result.verdict == SmtpVerdict::accepted);
  REQUIRE(result.text == "250 2.0.0 taken as 42");
  REQUIRE(bench.server.messages() == std::vector<std::string>{"Subject: hello\r\n\r\n.hidden\r\n", large});
  REQUIRE(bench.server.connections() == 1);
  REQUIRE(bench.connection().messages() == 2);
  REQUIRE(bench.connection().is_usable());
  run_loop(bench.loop, bench.connection().quit());
  REQUIRE(bench.server.commands().back() == "QUIT");
  REQUIRE_FALSE(bench.connection().is_usable());
}

TEST_CASE("STARTTLS and implicit TLS carry mail and passwords") {
  for (const bool implicit : {false, true}) {
    auto script = with_tls(localhost_certificate(), implicit);
    script.extensions.emplace_back("AUTH PLAIN");
    Bench bench(script, implicit ? SmtpSecurity::implicit : SmtpSecurity::starttls);
    bench.settings.login = {"desk@example.org", "s3cret", false, false};
    REQUIRE(bench.send().verdict == SmtpVerdict::accepted);
    REQUIRE(bench.send().verdict == SmtpVerdict::accepted);
    REQUIRE(bench.server.messages().size() == 2);
    REQUIRE(bench.connection().is_usable());
  }
}

TEST_CASE("a certificate for another name, or of nobody we trust, is refused before anything is said") {
  for (const auto& certificate : {make_certificate("elsewhere.example"), make_certificate("localhost")}) {
    Bench bench(with_tls(certificate), SmtpSecurity::starttls);
    const auto result = bench.send();
    REQUIRE(result.verdict == SmtpVerdict::sender);
    REQUIRE(result.reason == "tls");
    REQUIRE(bench.server.commands() == std::vector<std::string>{"EHLO crier.example", "STARTTLS"});
  }
  const TempFolder folder;
  const auto other = make_certificate("elsewhere.example");
  std::ofstream(folder.path() / "ca.pem") << other.certificate_pem;
  Bench trusted_but_wrong(with_tls(other), SmtpSecurity::starttls);
  trusted_but_wrong.tls = make_smtp_tls(folder.path() / "ca.pem");
  const auto result = trusted_but_wrong.send();
  REQUIRE(result.verdict == SmtpVerdict::sender);
  CAPTURE(result.text);
  REQUIRE(result.text.find("hostname mismatch") != std::string::npos);
}

TEST_CASE("opportunistic TLS takes any certificate") {
  Bench bench(with_tls(make_certificate("elsewhere.example")), SmtpSecurity::opportunistic);
  REQUIRE(bench.send().verdict == SmtpVerdict::accepted);
}

TEST_CASE("no password goes out in clear unless allowed") {
  FakeSmtpScript script;
  script.extensions = {"AUTH PLAIN"};
  Bench bench(script);
  bench.settings.login = {"desk@example.org", "s3cret", false, false};
  REQUIRE(bench.send().reason == "auth-in-clear");
  REQUIRE(bench.server.commands() == std::vector<std::string>{"EHLO crier.example"});
}

TEST_CASE("a refused login is the sender's matter") {
  auto script = at("AUTH", {{"535 5.7.8 wrong"}});
  script.extensions = {"AUTH PLAIN"};
  Bench bench(script);
  bench.settings.login = {"desk@example.org", "s3cret", false, true};
  const auto result = bench.send();
  REQUIRE(result.verdict == SmtpVerdict::sender);
  REQUIRE(result.reason == "smtp-5.7.8");
}

TEST_CASE("silence and dripping end at the stage's time, at every stage") {
  // Only the stage that is to time out is short: whatever comes before it may take as long as it likes.
  const std::vector<std::pair<std::string, Duration SmtpTimeouts::*>> stages{
      {"GREETING", &SmtpTimeouts::greeting}, {"EHLO", &SmtpTimeouts::command},
      {"MAIL", &SmtpTimeouts::command},      {"RCPT", &SmtpTimeouts::command},
      {"DATA", &SmtpTimeouts::data_start},   {"BODY", &SmtpTimeouts::final_reply}};
  for (const auto& [verb, timeout] : stages) {
    for (const auto manner : {Manner::hang, Manner::drip}) {
      CAPTURE(verb, static_cast<int>(manner));
      Bench bench(at(verb, {{"", manner}}));
      bench.settings.timeouts.*timeout = 100ms;
      const auto result = bench.send();
      const bool in_doubt = verb == "BODY";
      REQUIRE(result.verdict == (in_doubt ? SmtpVerdict::ambiguous : SmtpVerdict::transient));
      REQUIRE(result.reason == "timeout");
      REQUIRE_FALSE(bench.connection().is_usable());
    }
  }
}

TEST_CASE("a connection closed in the middle is told from one closed after the final dot") {
  for (const auto* verb : {"GREETING", "EHLO", "MAIL", "RCPT", "DATA", "BODY"}) {
    CAPTURE(verb);
    Bench bench(at(verb, {{"", Manner::say_and_close}}));
    const auto result = bench.send();
    const bool in_doubt = std::string(verb) == "BODY";
    REQUIRE(result.verdict == (in_doubt ? SmtpVerdict::ambiguous : SmtpVerdict::transient));
    REQUIRE(result.reason == "connection-lost");
    // The next message gets a new connection.
    REQUIRE(bench.send().verdict == SmtpVerdict::accepted);
    REQUIRE(bench.server.connections() == 2);
  }
}

TEST_CASE("a refused recipient leaves the connection to the next message") {
  Bench bench(at("RCPT", {{"550-5.1.1 nobody\r\n550 5.1.1 of that name"}}));
  const auto refused = bench.send();
  REQUIRE(refused.verdict == SmtpVerdict::permanent);
  REQUIRE(refused.reason == "smtp-5.1.1");
  REQUIRE(bench.send().verdict == SmtpVerdict::accepted);
  REQUIRE(bench.server.connections() == 1);
}

TEST_CASE("a server that stops reading and says why in the middle of a message is understood") {
  auto script = at("BODY", {{"552 5.3.4 too much", Manner::say_and_close}});
  script.extensions = {};
  script.body_limit = 1000;
  Bench bench(script);
  std::string large;
  while (large.size() < 20'000'000) large += std::string(900, 'x') + "\n";
  const auto result = bench.send(large);
  // The reset that follows may overtake the reply; then it is simply tried again.
  REQUIRE((result.verdict == SmtpVerdict::permanent || result.verdict == SmtpVerdict::transient));
  REQUIRE_FALSE(bench.connection().is_usable());
}

TEST_CASE("an idle connection that the server has ended is not usable") {
  Bench bench(at("BODY", {{"250 taken\r\n421 and now good bye", Manner::say_and_close}}));
  REQUIRE(bench.send().verdict == SmtpVerdict::accepted);
  REQUIRE_FALSE(bench.connection().is_usable());
  REQUIRE(bench.send().verdict == SmtpVerdict::accepted);
  REQUIRE(bench.server.connections() == 2);
}

TEST_CASE("a server that cannot be reached or found is tried again later") {
  Bench bench({});
  const ClosedPort closed(bench.loop);
  bench.settings.port = closed.port();
  auto result = bench.send();
  REQUIRE(result.verdict == SmtpVerdict::transient);
  REQUIRE(result.reason == "unreachable");
  bench.open.reset();
  bench.settings.host = "no-such-name.invalid";
  result = bench.send();
  REQUIRE(result.verdict == SmtpVerdict::transient);
  REQUIRE(result.reason == "unresolved");
}

TEST_CASE("a cancelled transaction closes its connection, and the next begins anew") {
  Bench bench(at("MAIL", {{"", Manner::hang}}));
  boost::asio::cancellation_signal cancel;
  std::exception_ptr ended;
  bool done = false;
  boost::asio::co_spawn(
      bench.loop, bench.connection().send(envelope, "hello"),
      boost::asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr failure, SmtpResult) {
        ended = failure;
        done = true;
      }));
  run_until(bench.loop, [&] { return bench.server.commands().size() >= 2; });
  cancel.emit(boost::asio::cancellation_type::terminal);
  run_until(bench.loop, [&] { return done; });
  REQUIRE_THROWS_AS(std::rethrow_exception(ended), boost::system::system_error);
  REQUIRE(bench.send().verdict == SmtpVerdict::accepted);
  REQUIRE(bench.server.connections() == 2);
}
