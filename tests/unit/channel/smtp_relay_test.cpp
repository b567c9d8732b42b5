#include "channel/smtp_relay.hpp"

#include <algorithm>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <catch2/catch.hpp>

#include "net/resolver.hpp"
#include "support/fake_smtp_server.hpp"
#include "support/run_loop.hpp"

using namespace crier;
using namespace crier::test;
using namespace std::chrono_literals;
using Manner = FakeReply::Manner;

namespace {

MailPieces mail(const WireText& text) {
  return {"news@example.org", "amara@example.net", "<1@example.org>", {&text, 1}};
}

const WireText hello("hello\r\n");
const auto greeting = mail(hello);

struct Bench {
  explicit Bench(FakeSmtpScript script = {}, std::size_t connections = 2)
      : resolver(loop.get_executor()), server(loop, std::move(script)) {
    options.server = parse_smtp_url("smtp://127.0.0.1:" + std::to_string(server.port())).value();
    options.server.timeouts.quit = loop_bound;
    options.connections = connections;
  }

  SmtpRelay& relay() {
    if (!running) running.emplace(loop.get_executor(), resolver, options);
    return *running;
  }

  // Delivers `count` messages at once.
  std::vector<Outcome> deliver(int count) {
    std::vector<Outcome> outcomes;
    for (int i = 0; i < count; ++i) {
      boost::asio::co_spawn(loop, relay().deliver({&greeting, 1}),
                            [&](std::exception_ptr failure, const std::vector<Outcome>& of_one) {
                              if (!failure) outcomes.push_back(of_one.front());
                            });
    }
    run_until(loop, [&] { return outcomes.size() == static_cast<std::size_t>(count); });
    return outcomes;
  }

  boost::asio::io_context loop;
  Resolver resolver;
  FakeSmtpServer server;
  SmtpRelayOptions options;
  std::optional<SmtpRelay> running;
};

Outcome outcome_of(SmtpStage stage, const std::string& bytes) {
  SmtpReplyParser parser;
  std::string_view left = bytes;
  REQUIRE(parser.feed(left) == SmtpReplyParser::Progress::complete);
  return to_outcome(judge(stage, parser.take()));
}

}  // namespace

TEST_CASE("relay URLs say host, port, user and how TLS is meant") {
  const auto plain = parse_smtp_url("smtp://desk%40example.org@mail.example.org:587").value();
  REQUIRE(plain.host == "mail.example.org");
  REQUIRE(plain.port == 587);
  REQUIRE(plain.login.user == "desk@example.org");
  REQUIRE(plain.security == SmtpSecurity::starttls);
  REQUIRE_FALSE(plain.login.allow_in_clear);
  const auto implicit = parse_smtp_url("smtps://mail.example.org?auth=xoauth2").value();
  REQUIRE(implicit.port == 465);
  REQUIRE(implicit.security == SmtpSecurity::implicit);
  REQUIRE(implicit.login.xoauth2);
  const auto local = parse_smtp_url("smtp://[::1]:2525").value();
  REQUIRE(local.host == "::1");
  REQUIRE(local.security == SmtpSecurity::opportunistic);
  REQUIRE(local.login.allow_in_clear);
  REQUIRE(parse_smtp_url("smtp://mail.example.org/?starttls=off").value().security == SmtpSecurity::off);
  for (const auto* wrong :
       {"", "mail.example.org", "http://mail.example.org", "smtp://", "smtp://a:pw@mail.example.org",
        "smtp://mail.example.org/path", "smtp://mail.example.org#x", "smtp://mail.example.org:0",
        "smtp://mail.example.org?starttls=maybe", "smtp://mail.example.org?tls=1",
        "smtps://mail.example.org?starttls=off", "smtp://a@mail.example.org?starttls=off",
        "smtp://a@mail.example.org?starttls=opportunistic", "smtp://mail.example.org?auth=ntlm"}) {
    CAPTURE(wrong);
    REQUIRE_FALSE(parse_smtp_url(wrong));
  }
}

TEST_CASE("a result says who is at fault") {
  const auto nobody = outcome_of(SmtpStage::recipient, "550 5.1.1 nobody\r\n");
  REQUIRE(nobody.kind == OutcomeKind::refused);
  REQUIRE_FALSE(nobody.blames_sender);
  REQUIRE(nobody.reason == "smtp-5.1.1");
  REQUIRE(nobody.reply == "550 5.1.1 nobody");
  const auto nobody_later = outcome_of(SmtpStage::body, "550 5.1.1 nobody\r\n");
  REQUIRE(nobody_later.kind == OutcomeKind::refused);
  REQUIRE_FALSE(nobody_later.blames_sender);
  const auto message = outcome_of(SmtpStage::body, "554 5.6.0 odd message\r\n");
  REQUIRE(message.kind == OutcomeKind::refused);
  REQUIRE(message.blames_sender);
  const auto vague = outcome_of(SmtpStage::body, "554 we do not like it\r\n");
  REQUIRE(vague.kind == OutcomeKind::retry_later);
  REQUIRE(vague.about_delivery);
  REQUIRE_FALSE(outcome_of(SmtpStage::body, "421 closing\r\n").about_delivery);
  REQUIRE_FALSE(outcome_of(SmtpStage::mail, "451 not now\r\n").about_delivery);
  REQUIRE_FALSE(vague.blames_sender);
  const auto reputation = outcome_of(SmtpStage::recipient, "550 5.7.1 blocked\r\n");
  REQUIRE(reputation.kind == OutcomeKind::retry_later);
  REQUIRE(reputation.blames_sender);
  const auto grey = outcome_of(SmtpStage::recipient, "451 4.7.1 greylisted\r\n");
  REQUIRE(grey.kind == OutcomeKind::retry_later);
  REQUIRE_FALSE(grey.blames_sender);
  REQUIRE(grey.reason == "smtp-4.7.1");
}

TEST_CASE("more messages than connections wait for their turn and all arrive") {
  Bench bench({}, 3);
  for (const auto& outcome : bench.deliver(20)) REQUIRE(outcome.kind == OutcomeKind::delivered);
  REQUIRE(bench.server.messages().size() == 20);
  REQUIRE(bench.server.connections() <= 3);
  run_loop(bench.loop, bench.relay().stop());
}

TEST_CASE("a connection is changed after its share of messages") {
  Bench bench({}, 1);
  bench.options.messages_per_connection = 5;
  bench.deliver(12);
  REQUIRE(bench.server.connections() == 3);
  REQUIRE(bench.server.messages().size() == 12);
}

TEST_CASE("an idle connection says QUIT after its time") {
  Bench bench;
  bench.options.idle_timeout = 20ms;
  bench.deliver(1);
  run_until(bench.loop, [&] { return bench.server.commands().back() == "QUIT"; });
  REQUIRE(bench.deliver(1).front().kind == OutcomeKind::delivered);
  REQUIRE(bench.server.connections() == 2);
}

TEST_CASE("stopping says QUIT on what is idle") {
  Bench bench;
  bench.deliver(2);
  run_loop(bench.loop, bench.relay().stop());
  REQUIRE(std::ranges::count(bench.server.commands(), "QUIT") == 2);
}

TEST_CASE("a kept connection that the server ends before MAIL costs no attempt") {
  FakeSmtpScript script;
  script.replies["MAIL"] = {{"250 ok"}, {"421 4.4.2 idle too long", Manner::say_and_close}};
  Bench bench(script, 1);
  REQUIRE(bench.deliver(1).front().kind == OutcomeKind::delivered);
  REQUIRE(bench.deliver(1).front().kind == OutcomeKind::delivered);
  REQUIRE(bench.server.connections() == 2);
}

TEST_CASE("a connection lost after the final dot leaves the delivery in doubt") {
  FakeSmtpScript script;
  script.replies["BODY"] = {{"", Manner::say_and_close}};
  Bench bench(script);
  const auto outcome = bench.deliver(1).front();
  REQUIRE(outcome.kind == OutcomeKind::ambiguous);
  REQUIRE(outcome.reason == "connection-lost");
  REQUIRE(bench.server.messages().size() == 1);
}

TEST_CASE("a transaction that has begun is finished although it is cancelled; a waiting one is not begun") {
  Bench bench({}, 1);
  boost::asio::cancellation_signal cancel_first;
  boost::asio::cancellation_signal cancel_second;
  std::optional<Outcome> first;
  bool second_aborted = false;
  const WireText text_one("one\r\n");
  const WireText text_two("two\r\n");
  const auto one = mail(text_one);
  const auto two = mail(text_two);
  using Outcomes = std::vector<Outcome>;
  boost::asio::co_spawn(bench.loop, bench.relay().deliver({&one, 1}),
                        boost::asio::bind_cancellation_slot(
                            cancel_first.slot(), [&](std::exception_ptr failure, const Outcomes& outcomes) {
                              if (!failure) first = outcomes.front();
                            }));
  boost::asio::co_spawn(bench.loop, bench.relay().deliver({&two, 1}),
                        boost::asio::bind_cancellation_slot(cancel_second.slot(),
                                                            [&](std::exception_ptr failure, const Outcomes&) {
                                                              second_aborted = failure != nullptr;
                                                            }));
  run_until(bench.loop, [&] { return !bench.server.commands().empty(); });
  cancel_first.emit(boost::asio::cancellation_type::terminal);
  cancel_second.emit(boost::asio::cancellation_type::terminal);
  run_until(bench.loop, [&] { return first.has_value() && second_aborted; });
  REQUIRE(first->kind == OutcomeKind::delivered);
  REQUIRE(bench.server.messages() == std::vector<std::string>{"one\r\n"});
  REQUIRE(bench.deliver(1).front().kind == OutcomeKind::delivered);
}
