// An embargo that comes, moves or goes with a later version: nothing leaves before its time, and everybody
// gets the story once.
#include <algorithm>
#include <set>

#include <catch2/catch.hpp>
#include <fmt/core.h>

#include "support/belts.hpp"

using namespace crier;
using namespace crier::test;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view readers = R"(
topics: {harbours: {title: Harbours, any: [harbour]}, bridges: {title: Bridges, any: [bridge]}}
editions: {morning: {title: The Morning, at: "07:00", zone: UTC}}
subscribers:
  - id: amara
    email: amara@example.org
    timezone: UTC
    quiet_hours: 22:00-06:30
    follow: [{topic: harbours}]
  - id: bruno
    email: bruno@example.org
    follow: [{topic: harbours, deliver: morning}, {topic: bridges, deliver: morning}]
)";

Story with_embargo(std::optional<Time> until, std::string body = "The body.") {
  auto story = sample_story("h1", "The harbour reopens", std::move(body));
  story.embargo = until;
  return story;
}

Outcome not_now() {
  Outcome out;
  out.reason = "smtp-4.2.2";
  return out;
}

}  // namespace

TEST_CASE("a later version with an embargo holds the alert of the earlier one that is still queued") {
  Belts belts(readers, at("2026-11-23T22:30:00Z"));
  auto& email = belts.channel(ChannelKind::email).sent;
  belts.accept(with_embargo(std::nullopt));
  belts.settle();
  belts.accept(with_embargo(at("2026-11-24T12:00:00Z")));
  if (GENERATE(false, true)) belts.crash();
  belts.advance(13h + 29min);
  CHECK(email.empty());
  belts.advance(1min);
  REQUIRE(email.size() == 1);
  CHECK(email[0].subscriber == "amara");
  CHECK(belts.ledger("h1").total.suppressed.at("superseded by a later version") == 2);
  CHECK(belts.ledger("h1").total.queued == 1);  // bruno's, for the morning after
  belts.advance(19h);
  CHECK(email.size() == 2);
  CHECK(belts.ledger("h1").total.delivered == 2);
  CHECK(belts.ledger().balances());
  CHECK(belts.failures.empty());
}

TEST_CASE("a later version with an embargo holds an alert that is tried again") {
  Belts belts(readers, at("2026-11-23T12:00:00Z"));
  auto& email = belts.channel(ChannelKind::email);
  email.answers = {not_now()};
  belts.accept(with_embargo(std::nullopt));
  belts.settle();
  REQUIRE(email.sent.size() == 1);
  belts.accept(with_embargo(at("2026-11-23T15:00:00Z")));
  belts.advance(2h + 59min);
  CHECK(email.sent.size() == 1);
  belts.advance(1min);
  REQUIRE(email.sent.size() == 2);
  CHECK(email.sent[1].attempt == 0);
  CHECK(belts.ledger().balances());
}

TEST_CASE("a later version with an embargo leaves an edition that is on its way") {
  Belts belts(readers, at("2026-11-23T06:45:00Z"));
  auto& email = belts.channel(ChannelKind::email);
  belts.accept(with_embargo(std::nullopt));
  belts.accept(sample_story("b1", "A bridge festival"));
  belts.settle();
  email.answers = {not_now()};
  belts.advance(15min);
  REQUIRE(email.sent.back().titles.size() == 2);
  belts.accept(with_embargo(at("2026-11-23T15:00:00Z")));
  if (GENERATE(false, true)) belts.crash();
  belts.advance(10min);
  CHECK(email.sent.back().titles == std::vector<std::string>{"A bridge festival"});
  belts.advance(24h);
  CHECK(email.sent.back().titles == std::vector<std::string>{"The harbour reopens"});
  CHECK(email.sent.back().subscriber == "bruno");
  CHECK(belts.ledger().balances());
}

TEST_CASE("a version without the embargo of the earlier one leaves at once, and once") {
  Belts belts(readers, at("2026-11-23T12:00:00Z"));
  auto& email = belts.channel(ChannelKind::email).sent;
  belts.accept(with_embargo(at("2027-01-01T00:00:00Z")));
  belts.settle();
  CHECK(email.empty());
  belts.accept(with_embargo(std::nullopt));
  belts.settle();
  CHECK(email.size() == 1);
  belts.advance(60 * 24h);
  CHECK(std::ranges::count(email, "amara", &ScriptedChannel::Sent::subscriber) == 1);
  CHECK(belts.ledger().balances());
}

TEST_CASE("who had the story before its embargo came is not alerted again") {
  Belts belts(readers, at("2026-11-23T12:00:00Z"));
  auto& email = belts.channel(ChannelKind::email).sent;
  belts.accept(with_embargo(std::nullopt));
  belts.settle();
  REQUIRE(email.size() == 1);
  belts.accept(with_embargo(at("2026-11-23T15:00:00Z")));
  belts.advance(6h);
  CHECK(email.size() == 1);
  CHECK(belts.ledger("h1").total.suppressed.at("had an earlier version") == 1);
  CHECK(belts.ledger().balances());
}

TEST_CASE(
    "a later version waits for the earlier one that is being sent, and does not leave when that arrives") {
  const auto kind = GENERATE(ChannelKind::email, ChannelKind::whatsapp);
  Belts belts(fmt::format(R"(
topics: {{harbours: {{title: Harbours, any: [harbour]}}}}
subscribers:
  - {{id: amara, email: amara@example.org, whatsapp: "+2348012345678", follow: [{{topic: harbours, by: [{}]}}]}}
)",
                          to_string(kind)),
              at("2026-11-23T12:00:00Z"));
  auto& channel = belts.channel(kind);
  bool has_come = false;
  channel.while_sending = [&](const auto&) {
    if (std::exchange(has_come, true)) return;
    belts.accept(with_embargo(at("2026-11-23T12:00:10Z")));
    belts.advance(11s);  // it is due
  };
  SECTION("that arrives") {
    belts.accept(with_embargo(std::nullopt));
    belts.advance(1h);
    CHECK(channel.sent.size() == 1);
    CHECK(belts.ledger("h1").total.suppressed.at("had an earlier version") == 1);
  }
  SECTION("that comes to nothing") {
    Outcome later;
    later.reason = "smtp-4.3.2";
    channel.answers = {later};
    belts.accept(with_embargo(std::nullopt));
    belts.advance(1h);
    REQUIRE(channel.sent.size() == 2);
    CHECK(channel.sent[1].at > at("2026-11-23T12:00:11Z"));  // not beside the first
    CHECK(belts.ledger("h1").total.suppressed.at("superseded by a later version") == 1);
  }
  SECTION("that may have arrived, and cannot be repeated") {
    if (kind != ChannelKind::whatsapp) return;
    Outcome lost;
    lost.kind = OutcomeKind::ambiguous;
    channel.answers = {lost};
    belts.accept(with_embargo(std::nullopt));
    belts.advance(1h);
    CHECK(channel.sent.size() == 1);
    CHECK(belts.ledger("h1").total.failed.at("ambiguous") == 1);
  }
  CHECK(belts.ledger().balances());
  CHECK(belts.ledger().total.queued == 0);
  CHECK(belts.failures.empty());
}

TEST_CASE("a later version that was taken from the outbox does not leave when the earlier one has arrived") {
  std::string rules = "topics: {harbours: {any: [harbour]}}\nsubscribers:\n";
  for (int i = 1; i <= 5; ++i)
    rules += fmt::format("  - {{id: r{0}, email: r{0}@example.org, follow: [{{topic: harbours}}]}}\n", i);
  Belts belts(rules, at("2026-11-23T12:00:00Z"));
  auto& email = belts.channel(ChannelKind::email);
  // The first attempt at r1 fails, so that the four slots hold r2 to r5.
  Outcome later;
  later.reason = "smtp-4.3.2";
  email.answers = {later};
  email.hold = {"r2", "r3", "r4", "r5"};
  belts.accept(with_embargo(std::nullopt));
  belts.settle();
  REQUIRE(email.sent.size() == 5);
  belts.accept(with_embargo(at("2026-11-23T12:00:01Z")));
  email.hold.insert("r1");
  belts.advance(2s);
  // A slot is free, takes the later version for all that have not got the earlier one, and holds on to r1.
  email.release("r2");
  belts.settle();
  REQUIRE(email.sent.size() == 6);
  REQUIRE(email.sent.back().subscriber == "r1");
  for (const auto* reader : {"r3", "r4", "r5", "r1"}) {
    email.release(reader);
    belts.settle();
  }
  belts.advance(1h);
  CHECK(email.sent.size() == 6);
  const auto ledger = belts.ledger("h1");
  CHECK(ledger.total.suppressed.at("had an earlier version") == 4);
  CHECK(ledger.total.queued == 0);
  CHECK(ledger.balances());
  CHECK(belts.failures.empty());
}

TEST_CASE("an embargo that comes while a batch is being sent holds the rest of it") {
  std::string rules = "topics: {harbours: {any: [harbour]}}\nsubscribers:\n";
  constexpr std::size_t count = 50;
  for (std::size_t i = 0; i < count; ++i)
    rules += fmt::format("  - {{id: r{0}, email: r{0}@example.org, follow: [{{topic: harbours}}]}}\n", i);
  Belts belts(rules, at("2026-11-23T12:00:00Z"));
  auto& email = belts.channel(ChannelKind::email);
  std::size_t sent_before = 0;
  bool has_come = false;
  email.while_sending = [&](const auto&) {
    if (email.sent.size() < 10 || std::exchange(has_come, true)) return;
    belts.accept(with_embargo(at("2026-11-23T15:00:00Z")));
    sent_before = email.sent.size();
  };
  belts.accept(with_embargo(std::nullopt));
  belts.advance(2h + 59min);
  CHECK(email.sent.size() <= sent_before + email.concurrency());
  belts.advance(1min);
  std::set<std::string> readers_reached;
  for (const auto& sent : email.sent) readers_reached.insert(sent.subscriber);
  CHECK(readers_reached.size() == count);
  CHECK(email.sent.size() == count);  // those whose alert was under way have it
  CHECK(belts.ledger().balances());
  CHECK(belts.failures.empty());
}
