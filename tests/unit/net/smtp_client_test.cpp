#include "net/smtp_client.hpp"

#include <algorithm>
#include <deque>
#include <fstream>
#include <map>

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

MailPieces mail(const WireText& text) {
  return {"news@example.org", "amara@example.net", "<1@example.org>", {&text, 1}};
}

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

  SmtpResult send(const std::string& message = "Subject: hello\r\n\r\n") {
    const WireText text(message);
    const auto pieces = mail(text);
    return run_loop(loop, connection().send({&pieces, 1})).front();
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
  while (large.size() < 500'000) large += "a line of some length that makes the message large\r\n";
  REQUIRE(bench.send().verdict == SmtpVerdict::accepted);
  const auto result = bench.send(large);
  REQUIRE(result.verdict == SmtpVerdict::accepted);
  REQUIRE(result.text == "250 2.0.0 taken as 42");
  REQUIRE(bench.server.messages() == std::vector<std::string>{"Subject: hello\r\n\r\n", large});
  REQUIRE(bench.server.connections() == 1);
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
  while (large.size() < 20'000'000) large += std::string(900, 'x') + "\r\n";
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
  const WireText text("hello\r\n");
  const auto pieces = mail(text);
  boost::asio::co_spawn(bench.loop, bench.connection().send({&pieces, 1}),
                        boost::asio::bind_cancellation_slot(
                            cancel.slot(), [&](std::exception_ptr failure, const std::vector<SmtpResult>&) {
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

// ---- many messages at once

namespace {

const std::vector<std::string> all_extensions{"PIPELINING", "CHUNKING", "8BITMIME", "SIZE 1000000"};

// Messages to readers of their own, each in several pieces.
class Post {
 public:
  Post(std::size_t count, std::size_t size) {
    for (std::size_t i = 0; i < count; ++i) {
      auto& each = letters_.emplace_back();
      each.to = "reader" + std::to_string(i) + "@example.net";
      each.own = each.to + "\r\n\r\n";
      each.body.assign(size, 'x');
      for (std::size_t at = 50; at + 2 < size; at += 70) each.body.replace(at, 2, "\r\n");
      each.body += "\r\n";
      each.pieces = {WireText("To: "), WireText(each.own), WireText(each.body)};
    }
    for (const auto& each : letters_)
      mails_.push_back({"news@example.org", each.to, "<1@example.org>", each.pieces});
  }

  std::span<const MailPieces> mails() const { return mails_; }

  // Whether the results are true, as the server sees it.
  void check(const std::vector<SmtpResult>& results, const std::vector<FakeDelivery>& deliveries) const {
    std::map<std::string, int> copies;
    for (const auto& delivery : deliveries) {
      REQUIRE(delivery.recipients.size() == 1);
      ++copies[delivery.recipients.front()];
      const auto letter = std::ranges::find(letters_, delivery.recipients.front(), &Letter::to);
      REQUIRE(delivery.message == "To: " + letter->own + letter->body);
    }
    REQUIRE(results.size() == letters_.size());
    for (std::size_t i = 0; i < results.size(); ++i) {
      const auto count = copies[letters_[i].to];
      CAPTURE(i, results[i].text, static_cast<int>(results[i].verdict), to_string(results[i].stage));
      if (results[i].verdict == SmtpVerdict::accepted)
        REQUIRE(count == 1);
      else if (results[i].verdict == SmtpVerdict::ambiguous)
        REQUIRE(count <= 1);
      else
        REQUIRE(count == 0);
    }
  }

 private:
  struct Letter {
    std::string to;
    std::string own;
    std::string body;
    std::vector<WireText> pieces;
  };
  std::deque<Letter> letters_;
  std::vector<MailPieces> mails_;
};

// Two calls that overlap.
std::vector<SmtpResult> send_all(Bench& bench, std::span<const MailPieces> mails) {
  const auto half = mails.size() / 2;
  std::vector<std::vector<SmtpResult>> parts(2);
  int done = 0;
  for (const int part : {0, 1}) {
    const auto of_part = part == 0 ? mails.first(half) : mails.subspan(half);
    boost::asio::co_spawn(bench.loop, bench.connection().send(of_part),
                          [&parts, &done, part](std::exception_ptr, std::vector<SmtpResult> results) {
                            parts[part] = std::move(results);
                            ++done;
                          });
  }
  run_until(bench.loop, [&] { return done == 2; });
  auto results = std::move(parts[0]);
  results.insert(results.end(), parts[1].begin(), parts[1].end());
  return results;
}

}  // namespace

TEST_CASE("on every rung, in clear and under TLS, many messages arrive once and whole") {
  for (const auto mode : {SmtpMode::automatic, SmtpMode::bdat, SmtpMode::overlapped, SmtpMode::lockstep}) {
    for (const bool secure : {false, true}) {
      CAPTURE(static_cast<int>(mode), secure);
      auto script = secure ? with_tls(localhost_certificate()) : FakeSmtpScript();
      script.extensions = all_extensions;
      Bench bench(script, secure ? SmtpSecurity::starttls : SmtpSecurity::off);
      bench.settings.mode = mode;
      const Post post(100, 20'000);
      const auto results = send_all(bench, post.mails());
      post.check(results, bench.server.deliveries());
      REQUIRE(bench.server.deliveries().size() == 100);
      REQUIRE(bench.server.connections() == 1);
      REQUIRE(bench.connection().is_usable());
      const bool by_bdat = mode == SmtpMode::automatic || mode == SmtpMode::bdat;
      const auto is_chunk = [](const std::string& line) { return line.ends_with("LAST"); };
      REQUIRE((std::ranges::count_if(bench.server.commands(), is_chunk) == 100) == by_bdat);
    }
  }
}

TEST_CASE("whatever a server does at whatever stage, each message has one outcome, and it is true") {
  const std::vector<std::pair<std::string, FakeReply>> commands{
      {"MAIL", {"250 ok"}},       {"RCPT", {"250 ok"}},       {"DATA", {"354 go"}},
      {"BODY", {"250 2.0.0 ok"}}, {"BDAT", {"250 2.0.0 ok"}}, {"RSET", {"250 ok"}}};
  const std::vector<FakeReply> misdeeds{{"550 5.1.1 nobody"},
                                        {"450-4.2.1 not\r\n450 4.2.1 now"},
                                        {"503 5.5.1 what order is that"},
                                        {"500 5.5.2 what?"},
                                        {"421 4.3.2 shutting down", Manner::say_and_close},
                                        {"", Manner::say_and_close},
                                        {"250 ok\r\n250 and once more"},
                                        {"HTTP/1.1 400 Bad Request"},
                                        {"354 go"},
                                        {"", Manner::hang},
                                        {"", Manner::drip}};
  for (const auto mode : {SmtpMode::automatic, SmtpMode::bdat, SmtpMode::overlapped, SmtpMode::lockstep}) {
    for (const auto& [verb, usual] : commands) {
      for (std::size_t misdeed = 0; misdeed < misdeeds.size(); ++misdeed) {
        for (const std::size_t after : {0, 3}) {
          for (const bool odd : {false, true}) {
            CAPTURE(static_cast<int>(mode), verb, misdeed, after, odd);
            // Replies to chunks all look alike: that there is one too many shows only at the end.
            const bool by_chunks = mode == SmtpMode::automatic || mode == SmtpMode::bdat;
            if (by_chunks && misdeeds[misdeed].text.find("once more") != std::string::npos) continue;
            FakeSmtpScript script;
            script.extensions = all_extensions;
            script.answers_chunks_early = script.asks_for_data_always = odd;
            auto& replies = script.replies[verb];
            for (std::size_t i = 0; i < after; ++i) replies.push_back(usual);
            replies.push_back(misdeeds[misdeed]);
            Bench bench(script);
            bench.settings.mode = mode;
            auto& timeouts = bench.settings.timeouts;
            timeouts.command = timeouts.data_start = timeouts.final_reply = timeouts.data_block = 40ms;
            const Post post(8, 200);
            const auto results = send_all(bench, post.mails());
            post.check(results, bench.server.deliveries());
          }
        }
      }
    }
  }
}

TEST_CASE("a late answer is waited for") {
  FakeSmtpScript script;
  script.extensions = all_extensions;
  for (const auto* verb : {"MAIL", "RCPT", "BDAT"}) script.replies[verb] = {{"250 at last", Manner::late}};
  Bench bench(script);
  const Post post(4, 200);
  const auto results = send_all(bench, post.mails());
  post.check(results, bench.server.deliveries());
  REQUIRE(bench.server.deliveries().size() == 4);
}

TEST_CASE("a server that offers CHUNKING and does not know BDAT gets everything by DATA") {
  FakeSmtpScript script;
  script.extensions = all_extensions;
  script.knows_bdat = false;
  Bench bench(script);
  const Post post(6, 200);
  const auto results = send_all(bench, post.mails());
  post.check(results, bench.server.deliveries());
  REQUIRE(bench.server.deliveries().size() == 6);
  REQUIRE(bench.server.connections() == 1);
  REQUIRE(bench.connection().learnt() == SmtpMode::overlapped);
}

TEST_CASE("one call that is cancelled leaves an outcome to the other") {
  auto script = at("BDAT", {{"", Manner::hang}});
  script.extensions = all_extensions;
  Bench bench(script);
  const Post post(4, 200);
  boost::asio::cancellation_signal cancel;
  bool aborted = false;
  std::optional<std::vector<SmtpResult>> others;
  boost::asio::co_spawn(bench.loop, bench.connection().send(post.mails().first(2)),
                        boost::asio::bind_cancellation_slot(
                            cancel.slot(), [&](std::exception_ptr failure, const std::vector<SmtpResult>&) {
                              aborted = failure != nullptr;
                            }));
  boost::asio::co_spawn(bench.loop, bench.connection().send(post.mails().last(2)),
                        [&](std::exception_ptr failure, std::vector<SmtpResult> results) {
                          if (!failure) others = std::move(results);
                        });
  run_until(bench.loop, [&] { return bench.server.commands().size() >= 4; });
  cancel.emit(boost::asio::cancellation_type::terminal);
  run_until(bench.loop, [&] { return aborted && others; });
  for (const auto& result : *others) {
    REQUIRE(result.verdict == SmtpVerdict::transient);
    REQUIRE(result.stage == SmtpStage::mail);
  }
}
