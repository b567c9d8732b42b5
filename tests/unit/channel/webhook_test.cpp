#include "channel/webhook.hpp"

#include <numeric>
#include <optional>

#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>
#include <fmt/core.h>

#include "base/encoding.hpp"
#include "channel/webhook_channel.hpp"
#include "dispatch/newsroom.hpp"
#include "net/resolver.hpp"
#include "support/closed_port.hpp"
#include "support/fake_http_server.hpp"
#include "support/manual_clock.hpp"
#include "support/run_loop.hpp"
#include "support/silent_port.hpp"

using namespace crier;
using namespace crier::test;
using namespace std::chrono_literals;

namespace {

// The published vector of Standard Webhooks 1.0.
const std::string secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const std::string id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const std::string timestamp = "1614265330";
const std::string body = R"({"test": 2432232314})";
const std::string signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
const Time at{std::chrono::seconds(1614265330)};

std::vector<std::string> key() {
  return {parse_webhook_secret(secret).value()};
}

HttpResponse response(int status, std::vector<std::pair<std::string, std::string>> headers = {}) {
  HttpResponse out;
  out.status = status;
  out.headers = std::move(headers);
  return out;
}

}  // namespace

TEST_CASE("the published vector signs and verifies") {
  REQUIRE(sign_webhook(id, at, body, key()) == signature);
  REQUIRE(verify_webhook({id, timestamp, signature}, body, key(), at));
}

TEST_CASE("secrets are whsec_ and 24 to 64 bytes, and errors do not repeat them") {
  REQUIRE(parse_webhook_secret(secret).value().size() == 24);
  REQUIRE(parse_webhook_secret(make_webhook_secret()).value().size() == 32);
  for (const std::string& wrong :
       {std::string("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), std::string("whsec_"), std::string("whsec_!!!!"),
        "whsec_" + to_base64(std::string(23, 'k')), "whsec_" + to_base64(std::string(65, 'k'))}) {
    const auto parsed = parse_webhook_secret(wrong);
    REQUIRE_FALSE(parsed);
    REQUIRE(parsed.error().message.find("MfKQ") == std::string::npos);
  }
}

TEST_CASE("during a rotation both secrets sign, and either verifies") {
  const auto old_key = key().front();
  const auto new_key = parse_webhook_secret(make_webhook_secret()).value();
  const auto both = sign_webhook(id, at, body, std::vector{new_key, old_key});
  REQUIRE(both.ends_with(" " + signature));
  REQUIRE(verify_webhook({id, timestamp, both}, body, std::vector{old_key}, at));
  REQUIRE(verify_webhook({id, timestamp, both}, body, std::vector{new_key}, at));
  REQUIRE(verify_webhook({id, timestamp, signature}, body, std::vector{new_key, old_key}, at));
  REQUIRE(verify_webhook({id, timestamp, "v1a,abc v2,x  " + signature}, body, key(), at));
}

TEST_CASE("anything changed, too old, too new or malformed does not verify") {
  REQUIRE_FALSE(verify_webhook({id, timestamp, signature}, body + " ", key(), at));
  REQUIRE_FALSE(verify_webhook({"msg_x", timestamp, signature}, body, key(), at));
  REQUIRE_FALSE(verify_webhook({id, "1614265331", signature}, body, key(), at));
  REQUIRE_FALSE(verify_webhook({id, timestamp, signature}, body, {}, at));
  REQUIRE(verify_webhook({id, timestamp, signature}, body, key(), at + 5min));
  REQUIRE(verify_webhook({id, timestamp, signature}, body, key(), at - 5min));
  REQUIRE_FALSE(verify_webhook({id, timestamp, signature}, body, key(), at + 5min + 1s));
  REQUIRE_FALSE(verify_webhook({id, timestamp, signature}, body, key(), at - 5min - 1s));
  for (const auto* bad : {"", "x", "-1614265330", "1614265330.0", " 1614265330", "99999999999999999999",
                          "9223372036854775807", "1614265330x"}) {
    CAPTURE(bad);
    REQUIRE_FALSE(verify_webhook({id, bad, signature}, body, key(), at));
  }
  REQUIRE_FALSE(verify_webhook({"", timestamp, signature}, body, key(), at));
  REQUIRE_FALSE(verify_webhook({"a.b", timestamp, signature}, body, key(), at));
  for (const std::string& bad : {std::string(), std::string("v1,"), signature.substr(3),
                                 std::string(100000, ' '), "v2" + signature.substr(2)}) {
    REQUIRE_FALSE(verify_webhook({id, timestamp, bad}, body, key(), at));
  }
}

TEST_CASE("a body has type, timestamp and data, in this order") {
  REQUIRE(webhook_body("story.corrected", at, {{"id", "s1"}}).value() ==
          R"({"type":"story.corrected","timestamp":"2021-02-25T15:02:10Z","data":{"id":"s1"}})");
  for (const auto* bad : {"", ".", "a.", ".a", "a..b", "a b", "a-b", "story/new"}) {
    CAPTURE(bad);
    REQUIRE_FALSE(webhook_body(bad, at, {}));
  }
}

TEST_CASE("an edition's body has its stories and how many there was no room for") {
  Story story;
  story.id = "h1";
  story.title = "The harbour reopens";
  Letter letter;
  letter.created = at;
  letter.edition = "morning";
  letter.stories = {&story};
  letter.content.items = {{.title = story.title}};
  letter.content.left_out = 7;
  const auto form = prepare_webhook(letter).value();
  const auto sent = boost::json::parse(form.body_for("desk"));
  CHECK(sent.at("type") == "edition.published");
  CHECK(sent.at_pointer("/data/edition") == "morning");
  CHECK(sent.at_pointer("/data/subscriber") == "desk");
  CHECK(sent.at_pointer("/data/stories/0/title") == "The harbour reopens");
  CHECK(sent.at_pointer("/data/left_out").to_number<int>() == 7);
  CHECK(boost::json::parse(form.body_for("\"null\", {")).at_pointer("/data/subscriber") == "\"null\", {");
}

TEST_CASE("answers are judged by their status alone") {
  REQUIRE(judge_webhook(response(200), at).kind == OutcomeKind::delivered);
  REQUIRE(judge_webhook(response(299), at).kind == OutcomeKind::delivered);
  REQUIRE(judge_webhook(response(410), at).kind == OutcomeKind::refused);
  REQUIRE(judge_webhook(response(410), at).reason == "gone");
  REQUIRE(judge_webhook(response(410), at).endpoint_gone);
  REQUIRE_FALSE(judge_webhook(response(404), at).endpoint_gone);
  for (const int status : {301, 307, 400, 401, 404, 418, 500, 999}) {
    CAPTURE(status);
    REQUIRE(judge_webhook(response(status), at).kind == OutcomeKind::retry_later);
    REQUIRE(judge_webhook(response(status), at).reason == "http-" + std::to_string(status));
  }
  for (const int status : {429, 502, 503, 504})
    REQUIRE(judge_webhook(response(status, {{"retry-after", "90"}}), at).retry_after == 90s);
  REQUIRE(judge_webhook(response(503, {{"retry-after", "9999999"}}), at).retry_after == 24h);
  REQUIRE_FALSE(judge_webhook(response(503, {{"retry-after", "later"}}), at).retry_after);
  REQUIRE_FALSE(judge_webhook(response(500, {{"retry-after", "90"}}), at).retry_after);
  auto page = response(500);
  page.body = std::string(5000, 'x') + "\xff";
  REQUIRE(judge_webhook(page, at).reply.size() == 1024);
}

TEST_CASE(
    "the steps between attempts are those of Standard Webhooks, and fit into the time until it expires") {
  boost::asio::io_context loop;
  Resolver resolver(loop.get_executor());
  HttpClient client(loop.get_executor(), resolver,
                    {.guard = AddressGuard::create({}).value(), .ca_file = {}});
  ManualClock clock(at);
  WebhookSender sender(loop.get_executor(), client, clock, 8);
  const WebhookChannel channel(sender, 1);
  const auto steps = channel.retry_steps();
  REQUIRE(std::vector(steps.begin(), steps.end()) ==
          std::vector<Duration>{5s, 5min, 30min, 2h, 5h, 10h, 14h, 20h, 24h});
  REQUIRE(std::accumulate(steps.begin(), steps.end(), Duration{}) < Newsroom{}.webhook_expiry);
}

TEST_CASE("each attempt is signed anew with the same id") {
  boost::asio::io_context loop;
  FakeHttpServer server(loop, {http_answer(503, "busy", "Retry-After: 5\r\n"), http_answer(204)});
  Resolver resolver(loop.get_executor());
  HttpClient client(
      loop.get_executor(), resolver,
      {.guard = AddressGuard::create({.allow_http = true, .allow = {"127.0.0.1"}}).value(), .ca_file = {}});
  ManualClock clock(at);
  WebhookSender sender(loop.get_executor(), client, clock, 8);
  const WebhookEndpoint endpoint{server.url("/in"), key()};
  const auto busy = run_loop(loop, sender.send(endpoint, id, body));
  REQUIRE(busy.kind == OutcomeKind::retry_later);
  REQUIRE(busy.retry_after == 5s);
  REQUIRE(busy.reply == "busy");
  clock.advance(5s);
  REQUIRE(run_loop(loop, sender.send(endpoint, id, body)).kind == OutcomeKind::delivered);
  REQUIRE(server.requests().at(0).find("webhook-signature: " + signature + "\r\n") != std::string::npos);
  REQUIRE(server.requests().at(0).ends_with("\r\n\r\n" + body));
  REQUIRE(server.requests().at(1).find("webhook-id: " + id + "\r\n") != std::string::npos);
  REQUIRE(server.requests().at(1).find("webhook-timestamp: 1614265335\r\n") != std::string::npos);
  REQUIRE(server.requests().at(1).find(signature) == std::string::npos);
}

TEST_CASE("a webhook into the private network is tried again, never reached") {
  boost::asio::io_context loop;
  FakeHttpServer server(loop, {http_answer(200)});
  Resolver resolver(loop.get_executor());
  HttpClient client(loop.get_executor(), resolver,
                    {.guard = AddressGuard::create({.allow_http = true}).value(), .ca_file = {}});
  const ManualClock clock(at);
  WebhookSender sender(loop.get_executor(), client, clock, 8);
  const auto outcome = run_loop(loop, sender.send({server.url("/in"), key()}, id, body));
  REQUIRE(outcome.kind == OutcomeKind::retry_later);
  REQUIRE(outcome.reason == "forbidden");
  REQUIRE(server.connections() == 0);
}

TEST_CASE("a host that cannot be reached is left alone for a while, whichever endpoint is asked") {
  boost::asio::io_context loop;
  FakeHttpServer server(loop, {http_answer(500), http_answer(204)});
  const ClosedPort closed(loop);
  Resolver resolver(loop.get_executor());
  HttpClient client(
      loop.get_executor(), resolver,
      {.guard = AddressGuard::create({.allow_http = true, .allow = {"127.0.0.1"}}).value(), .ca_file = {}});
  ManualClock clock(at);
  WebhookSender sender(loop.get_executor(), client, clock, 8);
  const auto ask = [&](std::string_view path) {
    return run_loop(
        loop, sender.send({fmt::format("http://127.0.0.1:{}{}", closed.port(), path), key()}, id, body));
  };
  for (int i = 0; i < 5; ++i) {
    const auto outcome = ask(fmt::format("/{}", i));
    REQUIRE(outcome.reason == "unreachable");
    REQUIRE_FALSE(outcome.untried);
  }
  const auto paused = ask("/other");
  REQUIRE(paused.untried);
  REQUIRE(paused.reason == "host paused: unreachable");
  REQUIRE(paused.retry_after == 5s);
  // One that answers, whatever it says, is no such host.
  REQUIRE(run_loop(loop, sender.send({server.url("/in"), key()}, id, body)).reason == "http-500");
  REQUIRE(run_loop(loop, sender.send({server.url("/in"), key()}, id, body)).kind == OutcomeKind::delivered);
  clock.advance(5s);
  REQUIRE(ask("/again").reason == "unreachable");
  const auto again = ask("/again").retry_after;  // not all who wait come back at once
  REQUIRE(again >= 10s);
  REQUIRE(again <= 10s + 5min);
}

TEST_CASE("a stop costs a webhook that nobody has no attempt, and one without an answer is tried again") {
  boost::asio::io_context loop;
  FakeHttpServer server(loop, {{"", FakeHttpAnswer::Then::hang}});
  const SilentPort silent(loop);
  Resolver resolver(loop.get_executor());
  HttpClient client(
      loop.get_executor(), resolver,
      {.guard = AddressGuard::create({.allow_http = true, .allow = {"127.0.0.1"}}).value(), .ca_file = {}});
  const ManualClock clock(at);
  WebhookSender sender(loop.get_executor(), client, clock, 8, loop_bound);
  std::optional<Outcome> unheard, unanswered;
  boost::asio::co_spawn(
      loop,
      keep(sender.send({fmt::format("http://127.0.0.1:{}/in", silent.port()), key()}, id, body), unheard),
      [](std::exception_ptr) {});
  boost::asio::co_spawn(loop, keep(sender.send({server.url("/in"), key()}, id, body), unanswered),
                        [](std::exception_ptr) {});
  run_until(loop, [&] { return server.requests().size() == 1; });
  sender.wind_up(100ms);
  run_until(loop, [&] { return unheard.has_value(); });
  REQUIRE(unheard->kind == OutcomeKind::retry_later);
  REQUIRE(unheard->untried);
  REQUIRE(unheard->reason == "stopping");
  REQUIRE(run_loop(loop, sender.send({server.url("/in"), key()}, id, body)).untried);
  run_until(loop, [&] { return unanswered.has_value(); });
  REQUIRE(unanswered->kind == OutcomeKind::retry_later);
  REQUIRE_FALSE(unanswered->untried);
  REQUIRE(server.requests().size() == 1);
}
