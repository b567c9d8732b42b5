#include "channel/smtp_relay.hpp"

#include <algorithm>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <catch2/catch.hpp>

#include "channel/mail_thread.hpp"
#include "channel/smtp_url.hpp"
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
  explicit Bench(FakeSmtpScript script = {}, std::size_t connections = 2) : server(loop, std::move(script)) {
    threads.push_back(std::make_unique<MailThread>());
    threads.push_back(std::make_unique<MailThread>());
    options.server = parse_smtp_url("smtp://127.0.0.1:" + std::to_string(server.port())).value();
    options.server.timeouts.quit = loop_bound;
    options.connections = connections;
  }

  ~Bench() {
    if (running) run_loop(loop, running->stop());
  }

  SmtpRelay& relay() {
    if (!running) running.emplace(loop.get_executor(), threads, options);
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
  std::vector<std::unique_ptr<MailThread>> threads;
  FakeSmtpServer server;
  SmtpRelayOptions options;
  std::optional<SmtpRelay> running;
};

}  // namespace

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

TEST_CASE("what has begun is finished although it is cancelled; what waits is not begun") {
  Bench bench({}, 1);
  const std::vector<std::string> texts{"one\r\n", "two\r\n", "three\r\n"};
  const std::vector<WireText> pieces(texts.begin(), texts.end());
  std::vector<MailPieces> messages;
  for (const auto& piece : pieces) messages.push_back(mail(piece));
  std::vector<boost::asio::cancellation_signal> cancel(3);
  std::vector<OutcomeKind> ended;
  int aborted = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    boost::asio::co_spawn(
        bench.loop, bench.relay().deliver({&messages[i], 1}),
        boost::asio::bind_cancellation_slot(
            cancel[i].slot(), [&](std::exception_ptr failure, const std::vector<Outcome>& outcomes) {
              if (failure)
                ++aborted;
              else
                ended.push_back(outcomes.front().kind);
            }));
  }
  run_until(bench.loop, [&] { return !bench.server.commands().empty(); });
  for (auto& each : cancel) each.emit(boost::asio::cancellation_type::terminal);
  run_until(bench.loop, [&] { return ended.size() == 2 && aborted == 1; });
  REQUIRE(ended == std::vector<OutcomeKind>(2, OutcomeKind::delivered));
  REQUIRE(bench.server.messages() == std::vector<std::string>{"one\r\n", "two\r\n"});
  REQUIRE(bench.deliver(1).front().kind == OutcomeKind::delivered);
}

TEST_CASE("a caller that has put its cancellation off keeps it put off") {
  Bench bench;
  bool delivered = false, recorded = false, aborted = false;
  boost::asio::cancellation_signal cancel;
  const auto deliver_and_record = [&]() -> boost::asio::awaitable<void> {
    co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::disable_cancellation());
    co_await bench.relay().deliver({&greeting, 1});
    delivered = true;
    boost::asio::steady_timer recording(bench.loop, 20ms);
    co_await recording.async_wait(boost::asio::use_awaitable);
    recorded = true;
  };
  boost::asio::co_spawn(bench.loop, deliver_and_record(),
                        boost::asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr failure) {
                          aborted = failure != nullptr;
                        }));
  run_until(bench.loop, [&] { return delivered; });
  cancel.emit(boost::asio::cancellation_type::terminal);
  run_until(bench.loop, [&] { return recorded || aborted; });
  REQUIRE(recorded);
}

// ---- a stop

TEST_CASE("a stop waits for nothing that is no whole message, and costs no attempt") {
  for (const auto* verb : {"GREETING", "EHLO", "MAIL", "RCPT", "DATA"}) {
    CAPTURE(verb);
    FakeSmtpScript script;
    script.replies[verb] = {{"", Manner::hang}};
    Bench bench(script, 1);
    bench.options.manners = 20ms;
    std::vector<Outcome> outcomes;
    for (int i = 0; i < 3; ++i) {  // one of them is begun, the others wait for their turn
      boost::asio::co_spawn(bench.loop, bench.relay().deliver({&greeting, 1}),
                            [&](std::exception_ptr failure, const std::vector<Outcome>& of_one) {
                              REQUIRE_FALSE(failure);
                              outcomes.push_back(of_one.front());
                            });
    }
    const std::string reached = verb;
    run_until(bench.loop, [&] {
      return reached == "GREETING"
                 ? bench.server.connections() == 1
                 : !bench.server.commands().empty() && bench.server.commands().back().starts_with(reached);
    });
    bench.relay().wind_up(loop_bound);
    run_until(bench.loop, [&] { return outcomes.size() == 3; });
    for (const auto& outcome : outcomes) {
      REQUIRE(outcome.kind == OutcomeKind::retry_later);
      REQUIRE(outcome.untried);
      REQUIRE(outcome.reason == "stopping");
    }
    REQUIRE(bench.deliver(1).front().untried);
    run_loop(bench.loop, bench.relay().stop());
    REQUIRE(bench.server.messages().empty());
    REQUIRE(bench.server.connections() == 1);
  }
}

TEST_CASE("a stop waits for the word about a whole message, but not for ever") {
  FakeSmtpScript script;
  script.replies["BODY"] = {{"", Manner::hang}, {"250 2.0.0 taken", Manner::late}};
  Bench bench(script, 2);
  bench.options.manners = 0ms;
  std::vector<Outcome> outcomes;
  for (int i = 0; i < 2; ++i) {
    boost::asio::co_spawn(bench.loop, bench.relay().deliver({&greeting, 1}),
                          [&](std::exception_ptr failure, const std::vector<Outcome>& of_one) {
                            REQUIRE_FALSE(failure);
                            outcomes.push_back(of_one.front());
                          });
  }
  run_until(bench.loop, [&] { return bench.server.messages().size() == 2; });
  bench.relay().wind_up(2s);
  run_until(bench.loop, [&] { return outcomes.size() == 2; });
  REQUIRE(outcomes[0].kind == OutcomeKind::delivered);
  REQUIRE(outcomes[1].kind == OutcomeKind::ambiguous);
  REQUIRE_FALSE(outcomes[1].untried);
  REQUIRE(outcomes[1].reason == "stopping");
  run_loop(bench.loop, bench.relay().stop());
}

TEST_CASE("whose turn comes in the moment of a stop begins nothing") {
  Bench bench({}, 1);
  std::vector<Outcome> outcomes;
  for (int i = 0; i < 3; ++i) {  // two of them have the connection
    boost::asio::co_spawn(bench.loop, bench.relay().deliver({&greeting, 1}),
                          [&](std::exception_ptr failure, const std::vector<Outcome>& of_one) {
                            REQUIRE_FALSE(failure);
                            outcomes.push_back(of_one.front());
                            if (outcomes.size() == 1) bench.relay().wind_up(loop_bound);
                          });
  }
  run_until(bench.loop, [&] { return outcomes.size() == 3; });
  REQUIRE(std::ranges::count(outcomes, OutcomeKind::delivered, &Outcome::kind) == 2);
  REQUIRE(std::ranges::count(outcomes, true, &Outcome::untried) == 1);
  run_loop(bench.loop, bench.relay().stop());
  REQUIRE(bench.server.messages().size() == 2);
}

TEST_CASE("a recall brings back what was not begun, and only that") {
  FakeSmtpScript script;
  script.replies["BODY"] = {{"250 2.0.0 taken", Manner::late}};
  Bench bench(script, 1);
  const std::vector<MailPieces> messages(20, greeting);
  std::vector<Outcome> outcomes;
  int returned = 0;
  for (int i = 0; i < 3; ++i) {  // two of them have the connection, one waits for it
    boost::asio::co_spawn(bench.loop, bench.relay().deliver(messages),
                          [&](std::exception_ptr failure, std::vector<Outcome> of_all) {
                            REQUIRE_FALSE(failure);
                            ++returned;
                            std::ranges::move(of_all, std::back_inserter(outcomes));
                          });
  }
  run_until(bench.loop, [&] { return bench.server.messages().size() == 1; });
  bench.relay().recall();
  run_until(bench.loop, [&] { return returned == 3; });
  const auto delivered = std::ranges::count(outcomes, OutcomeKind::delivered, &Outcome::kind);
  REQUIRE(delivered >= 1);
  REQUIRE(delivered <= 2);  // the second was begun with the end of the first
  REQUIRE(std::ranges::count(outcomes, true, &Outcome::recalled) == 60 - delivered);
  REQUIRE(std::ranges::count(outcomes, true, &Outcome::untried) == 60 - delivered);
  REQUIRE(std::ranges::ssize(bench.server.deliveries()) == delivered);
  // The connection is as good as before.
  REQUIRE(bench.deliver(1).front().kind == OutcomeKind::delivered);
  REQUIRE(bench.server.connections() == 1);
}

TEST_CASE("a recall does not wait for a server that does not greet") {
  FakeSmtpScript script;
  script.replies["GREETING"] = {{"", Manner::hang}};
  Bench bench(script, 1);
  std::vector<Outcome> outcomes;
  boost::asio::co_spawn(bench.loop, bench.relay().deliver({&greeting, 1}),
                        [&](std::exception_ptr failure, std::vector<Outcome> of_one) {
                          REQUIRE_FALSE(failure);
                          outcomes = std::move(of_one);
                        });
  run_until(bench.loop, [&] { return bench.server.connections() == 1; });
  bench.relay().recall();
  run_until(bench.loop, [&] { return !outcomes.empty(); });
  REQUIRE(outcomes.front().recalled);
}

TEST_CASE("of a window that a stop finds in the middle, each message has one outcome, and it is true") {
  FakeSmtpScript script;
  script.extensions = {"PIPELINING", "CHUNKING"};
  for (int i = 0; i < 5; ++i) script.replies["BDAT"].push_back({"250 2.0.0 taken"});
  script.replies["BDAT"].push_back({"", Manner::hang});
  Bench bench(script, 1);
  bench.options.server.mode = SmtpMode::bdat;
  bench.options.manners = 20ms;
  const std::vector<MailPieces> messages(200, greeting);  // more than a window has room for
  std::vector<Outcome> outcomes;
  boost::asio::co_spawn(bench.loop, bench.relay().deliver(messages),
                        [&](std::exception_ptr failure, std::vector<Outcome> of_all) {
                          REQUIRE_FALSE(failure);
                          outcomes = std::move(of_all);
                        });
  run_until(bench.loop, [&] { return bench.server.messages().size() == 6; });
  bench.relay().wind_up(2s);
  run_until(bench.loop, [&] { return !outcomes.empty(); });
  const auto count = [&](OutcomeKind kind) { return std::ranges::count(outcomes, kind, &Outcome::kind); };
  REQUIRE(count(OutcomeKind::delivered) == 5);
  REQUIRE(count(OutcomeKind::ambiguous) >= 1);
  REQUIRE(count(OutcomeKind::ambiguous) <= 64);
  REQUIRE(std::ranges::count(outcomes, true, &Outcome::untried) >= 200 - 5 - 64);
  REQUIRE(count(OutcomeKind::retry_later) == std::ranges::count(outcomes, true, &Outcome::untried));
  REQUIRE(bench.server.deliveries().size() == 5);
  run_loop(bench.loop, bench.relay().stop());
}

// ---- handfuls

namespace {

std::vector<Outcome> deliver_handful(Bench& bench, std::size_t count) {
  const std::vector<MailPieces> messages(count, greeting);
  return run_loop(bench.loop, bench.relay().deliver(messages));
}

bool all_delivered(const std::vector<Outcome>& outcomes) {
  return std::ranges::all_of(outcomes, [](const auto& each) { return each.kind == OutcomeKind::delivered; });
}

FakeSmtpScript with_chunks() {
  FakeSmtpScript script;
  script.extensions = {"PIPELINING", "CHUNKING"};
  return script;
}

}  // namespace

TEST_CASE("a handful goes by one connection, and its size follows what the server can do") {
  Bench bench(with_chunks());
  REQUIRE(bench.relay().handful() == 1);
  REQUIRE(all_delivered(deliver_handful(bench, 1)));
  // Two of them fill the window of a connection.
  REQUIRE(bench.relay().handful() * 2 == bench.options.server.window.messages);
  REQUIRE(bench.relay().concurrency() == bench.options.connections * 2);
  REQUIRE(all_delivered(deliver_handful(bench, 50)));
  REQUIRE(bench.server.messages().size() == 51);
  REQUIRE(bench.server.connections() == 1);
  FakeSmtpScript old;
  old.extensions = {};
  Bench lockstep(old);
  REQUIRE(all_delivered(deliver_handful(lockstep, 3)));
  REQUIRE(lockstep.relay().handful() == 1);
  REQUIRE(lockstep.relay().concurrency() == lockstep.options.connections);
}

TEST_CASE("a handful larger than a connection's share goes on by the next one") {
  Bench bench(with_chunks());
  bench.options.messages_per_connection = 5;
  REQUIRE(all_delivered(deliver_handful(bench, 12)));
  REQUIRE(bench.server.connections() == 3);
  REQUIRE(bench.server.messages().size() == 12);
}

TEST_CASE("two handfuls share a connection when all are busy, and a third one waits") {
  Bench bench(with_chunks(), 1);
  const std::vector<MailPieces> messages(10, greeting);
  int done = 0;
  for (int i = 0; i < 3; ++i) {
    boost::asio::co_spawn(bench.loop, bench.relay().deliver(messages),
                          [&](std::exception_ptr failure, const std::vector<Outcome>& outcomes) {
                            if (!failure && all_delivered(outcomes)) ++done;
                          });
  }
  run_until(bench.loop, [&] { return done == 3; });
  REQUIRE(bench.server.connections() == 1);
  REQUIRE(bench.server.messages().size() == 30);
}

TEST_CASE("a server that hangs up after a few messages costs those behind them no attempt") {
  auto script = with_chunks();
  for (int i = 0; i < 3; ++i) {
    script.replies["MAIL"].insert(script.replies["MAIL"].end(), {{"250 ok"}, {"250 ok"}, {"250 ok"}});
    script.replies["MAIL"].push_back({"421 4.7.0 enough for now", Manner::say_and_close});
  }
  Bench bench(script);
  REQUIRE(all_delivered(deliver_handful(bench, 10)));
  REQUIRE(bench.server.deliveries().size() == 10);
  REQUIRE(bench.server.connections() == 4);
}

TEST_CASE("a connection by which a server wants no more messages is changed, at no cost") {
  auto script = with_chunks();
  script.replies["MAIL"] = {{"250 ok"},
                            {"250 ok"},
                            {"452 4.5.3 Too many recipients: Too many messages sent"},
                            {"452 4.5.3 Too many recipients: Too many messages sent"}};
  Bench bench(script);
  REQUIRE(all_delivered(deliver_handful(bench, 4)));
  REQUIRE(bench.server.connections() == 2);
  REQUIRE(all_delivered(deliver_handful(bench, 1)));
  REQUIRE(bench.server.connections() == 2);
  run_loop(bench.loop, bench.relay().stop());
  REQUIRE(std::ranges::count(bench.server.commands(), "QUIT") == 2);
}

TEST_CASE("a server that hangs up on everybody is not asked again and again") {
  auto script = with_chunks();
  for (int i = 0; i < 20; ++i) script.replies["MAIL"].push_back({"421 4.3.2 not now", Manner::say_and_close});
  Bench bench(script);
  for (const auto& outcome : deliver_handful(bench, 10)) {
    REQUIRE(outcome.kind == OutcomeKind::retry_later);
    REQUIRE(outcome.reason == "smtp-4.3.2");
    REQUIRE_FALSE(outcome.about_delivery);
  }
  REQUIRE(bench.server.connections() == 1);
}

TEST_CASE("a relay gets two connections at first, and more as long as it takes mail") {
  Bench bench(with_chunks(), 5);
  REQUIRE(bench.relay().concurrency() == 2);
  REQUIRE(bench.relay().most_concurrency() == 10);
  REQUIRE(all_delivered(bench.deliver(1)));
  REQUIRE(bench.relay().concurrency() == 2 * 4);
  REQUIRE(all_delivered(bench.deliver(1)));
  REQUIRE(bench.relay().concurrency() == 2 * 5);
  REQUIRE(all_delivered(bench.deliver(1)));
  REQUIRE(bench.relay().concurrency() == 2 * 5);
}

TEST_CASE("a relay that has too many connections is made fewer, and no message pays for it") {
  auto script = with_chunks();
  script.replies["GREETING"] = {
      {"220 ok"}, {"220 ok"}, {"421 4.3.2 too many connections", Manner::say_and_close}};
  Bench bench(script, 8);
  REQUIRE(all_delivered(bench.deliver(1)));
  REQUIRE(bench.relay().concurrency() == 2 * 4);
  REQUIRE(all_delivered(bench.deliver(9)));
  REQUIRE(bench.server.connections() >= 3);
  // Half of what was allowed when that was said; what is taken before doubles it.
  REQUIRE(bench.relay().concurrency() <= 2 * 4);
}

TEST_CASE("a relay that has no room for a single connection is a failure, not asked again and again") {
  auto script = with_chunks();
  for (int i = 0; i < 20; ++i)
    script.replies["GREETING"].push_back({"421 4.3.2 too many connections", Manner::say_and_close});
  Bench bench(script, 8);
  const auto outcome = bench.deliver(1).front();
  REQUIRE(outcome.kind == OutcomeKind::retry_later);
  REQUIRE(outcome.reason == "smtp-4.3.2");
  REQUIRE(bench.server.connections() == 1);
}

TEST_CASE("that a server does not know BDAT is found out once") {
  auto script = with_chunks();
  script.knows_bdat = false;
  Bench bench(script);
  bench.options.messages_per_connection = 5;
  REQUIRE(all_delivered(deliver_handful(bench, 12)));
  REQUIRE(bench.server.connections() == 3);
  REQUIRE(std::ranges::count(bench.server.commands(), "BDAT 0") == 1);
}

TEST_CASE("a connection is changed when it is too old") {
  Bench bench(with_chunks());
  bench.options.time_per_connection = 50ms;
  REQUIRE(all_delivered(deliver_handful(bench, 2)));
  boost::asio::steady_timer pause(bench.loop, 60ms);
  bool passed = false;
  pause.async_wait([&](boost::system::error_code) { passed = true; });
  run_until(bench.loop, [&] { return passed; });
  REQUIRE(all_delivered(deliver_handful(bench, 2)));
  REQUIRE(bench.server.connections() == 2);
}

TEST_CASE("the pool says how many connections are open and how many may be") {
  FakeSmtpScript script;
  script.replies["GREETING"] = {
      {"220 ok"}, {"220 ok"}, {"421 4.3.2 too many connections", Manner::say_and_close}};
  Bench bench(script, 8);
  bench.options.messages_per_connection = 100;
  bench.options.time_per_connection = 90s;
  auto pool = bench.relay().pool().value();
  CHECK(pool.most == 8);
  CHECK(pool.messages_per_connection == 100);
  CHECK(pool.time_per_connection == 90s);
  CHECK(pool.open == 0);
  CHECK(pool.allowed == 2);  // it begins slowly
  CHECK_FALSE(pool.is_cut);
  bench.deliver(1);
  pool = bench.relay().pool().value();
  CHECK(pool.open == 1);
  CHECK(pool.allowed == 4);
  bench.deliver(20);
  pool = bench.relay().pool().value();
  CHECK(pool.is_cut);
  CHECK(pool.allowed < 8);
  CHECK(pool.open >= 1);
}
