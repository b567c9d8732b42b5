// Alerts that could not leave in time: the next edition brings their story.
#include <algorithm>

#include <catch2/catch.hpp>

#include "db/sqlite.hpp"
#include "outbox/orders.hpp"
#include "support/belts.hpp"

using namespace crier;
using namespace crier::test;
using namespace std::chrono_literals;

namespace {

const auto noon = at("2026-11-23T12:00:00Z");
constexpr int follower_count = 100;

// `first` has an edition of each kind, `second` only that of the evening, `third` none by e-mail.
std::string readers(std::string_view alerts = "{expire_after: 2h}") {
  return "topics: {harbours: {title: Harbours, any: [harbour]}, bridges: {title: Bridges, any: [bridge]}}\n"
         "alerts: " +
         std::string(alerts) + R"(
editions:
  morning: {title: The Morning, at: "07:00", zone: UTC}
  evening: {title: The Evening, at: "18:00", zone: UTC}
subscribers:
  - id: first
    email: first@example.org
    follow: [{topic: harbours}, {topic: bridges, deliver: morning}, {topic: bridges, deliver: evening}]
  - {id: second, email: second@example.org, follow: [{topic: harbours}, {topic: harbours, deliver: evening}]}
  - id: third
    email: third@example.org
    webhook: http://127.0.0.1:9/hook
    follow: [{topic: harbours, by: [email]}, {topic: bridges, deliver: morning, by: [webhook]}]
)";
}

std::string many_readers() {
  std::string rules =
      "topics: {harbours: {any: [harbour]}, bridges: {any: [bridge]}}\n"
      "editions: {evening: {title: The Evening, at: \"18:00\", zone: UTC}}\n"
      "alerts: {expire_after: 2h}\n"
      "subscribers:\n";
  for (int i = 0; i < follower_count; ++i) {
    const auto name = "r" + std::to_string(i);
    rules += "  - {id: " + name + ", email: " + name +
             "@example.org, follow: [{topic: harbours}, {topic: bridges, deliver: evening}]}\n";
  }
  return rules;
}

Outcome no_answer() {
  Outcome out;
  out.reason = "timeout";
  return out;
}

void wait_until(Belts& belts, Duration time) {
  for (Duration waited{}; waited < time; waited += 1min) belts.advance(1min);
}

// The story comes while the relay does not answer, which lasts until it is too late for an alert.
void publish_too_late(Belts& belts) {
  auto& email = belts.channel(ChannelKind::email);
  email.answers.assign(1000, no_answer());
  belts.accept(sample_story("h1", "The harbour reopens"));
  wait_until(belts, 2h + 1min);
  email.answers.clear();
}

std::int64_t count(Belts& belts, const std::string& sql) {
  std::int64_t number = 0;
  belts.change_database([&](Sqlite& db) {
    auto row = db.query(sql);
    row.step();
    number = row.integer(0);
  });
  return number;
}

}  // namespace

TEST_CASE("the next edition of each reader brings what was too late for an alert") {
  Belts belts(readers(), noon);
  auto& email = belts.channel(ChannelKind::email);
  publish_too_late(belts);
  const auto attempts = email.sent.size();
  auto ledger = belts.ledger("h1");
  CHECK(ledger.balances());
  CHECK(ledger.total.suppressed.at("expired: timeout, instead in evening") == 2);
  CHECK(ledger.total.failed.at("expired: timeout") == 1);  // third gets no edition by e-mail
  CHECK(ledger.total.queued == 2);                         // second is owed it in the evening once, not twice
  belts.advance(4h);                                       // 18:00
  REQUIRE(email.sent.size() == attempts + 2);
  for (auto sent = email.sent.begin() + static_cast<std::ptrdiff_t>(attempts); sent != email.sent.end();
       ++sent) {
    CHECK(sent->titles == std::vector<std::string>{"The harbour reopens"});
    CHECK(sent->item_reasons == std::vector<std::string>{"You follow Harbours (“harbour”)"});
  }
  ledger = belts.ledger("h1");
  CHECK(ledger.balances());
  CHECK(ledger.total.delivered == 2);
  CHECK(ledger.total.queued == 0);
  belts.advance(24h);
  CHECK(email.sent.size() == attempts + 2);
  CHECK(belts.failures.empty());
}

TEST_CASE("what may have arrived is brought by the edition all the same, and the ledger says so") {
  Belts belts(readers(), noon);
  auto& email = belts.channel(ChannelKind::email);
  auto lost = no_answer();
  lost.kind = OutcomeKind::ambiguous;
  lost.reason = "connection-lost";
  email.answers.assign(3, lost);  // the first attempt for each
  email.answers.insert(email.answers.end(), 1000, no_answer());
  belts.accept(sample_story("h1", "The harbour reopens"));
  wait_until(belts, 1h);
  belts.give({Act::pause, parse_target("channel", "email").value(), "because of a test", "ops", 5h});
  wait_until(belts, 1h + 1min);
  const auto ledger = belts.ledger("h1");
  CHECK(ledger.balances());
  std::int64_t suppressed = 0;
  for (const auto& [reason, number] : ledger.total.suppressed)
    if (reason.ends_with(", may have arrived, instead in evening")) suppressed += number;
  CHECK(suppressed == 2);
  CHECK(ledger.total.queued == 2);
  REQUIRE(ledger.total.failed.size() == 1);
  CHECK(ledger.total.failed.begin()->first.ends_with(", may have arrived"));
}

TEST_CASE("readers without an edition get late alerts in the one that is configured for it") {
  Belts belts(readers("{expire_after: 2h, late_into: morning}"), noon);
  auto& email = belts.channel(ChannelKind::email);
  publish_too_late(belts);
  CHECK(belts.ledger("h1").total.suppressed.at("expired: timeout, instead in morning") == 1);
  belts.advance(16h + 59min);  // 07:00
  CHECK(std::ranges::count_if(email.sent, [](const auto& sent) {
          return sent.subscriber == "third" && sent.at == at("2026-11-24T07:00:00Z");
        }) == 1);
  CHECK(belts.ledger("h1").balances());
}

TEST_CASE("what expires together is moved together, though the channel takes nothing") {
  Belts belts(many_readers(), noon);
  auto& email = belts.channel(ChannelKind::email);
  SECTION("it was paused") {
    belts.give({Act::pause, parse_target("channel", "email").value(), "because of a test", "ops", 5h});
    belts.accept(sample_story("h1", "The harbour reopens"));
    wait_until(belts, 2h + 1min);
    CHECK(email.sent.empty());
  }
  SECTION("all that was sent by it failed, so that it is rarely tried") {
    publish_too_late(belts);
    CHECK(email.sent.size() < follower_count);
  }
  auto ledger = belts.ledger("h1");
  CHECK(ledger.balances());
  CHECK(ledger.total.queued == follower_count);
  std::int64_t moved = 0;
  for (const auto& [reason, readers] : ledger.total.suppressed)
    if (reason.ends_with("instead in evening")) moved += readers;
  CHECK(moved == follower_count);
  CHECK(count(belts, "SELECT COUNT(*) FROM digest_item") == 1);
  email.sent.clear();
  wait_until(belts, 4h + 5min);
  CHECK(email.sent.size() == follower_count);
  ledger = belts.ledger("h1");
  CHECK(ledger.balances());
  CHECK(ledger.total.delivered == follower_count);
  CHECK(belts.failures.empty());
}

TEST_CASE("an edition brings the latest version of what was late") {
  Belts belts(readers(), noon);
  auto& email = belts.channel(ChannelKind::email);
  email.answers.assign(1000, no_answer());
  belts.accept(sample_story("h1", "The harbour reopens"));
  wait_until(belts, 30min);
  belts.accept(sample_story("h1", "The harbour reopens early"));
  wait_until(belts, 1h + 31min);
  email.answers.clear();
  email.sent.clear();
  belts.advance(4h);
  REQUIRE(email.sent.size() == 2);
  for (const auto& sent : email.sent)
    CHECK(sent.titles == std::vector<std::string>{"The harbour reopens early"});
  CHECK(belts.ledger().balances());
  CHECK(belts.ledger("h1").total.queued == 0);
}

TEST_CASE("a story that is withdrawn leaves the edition that was to bring it late") {
  Belts belts(readers(), noon);
  auto& email = belts.channel(ChannelKind::email);
  publish_too_late(belts);
  email.sent.clear();
  belts.cancel("h1");
  belts.advance(20h);
  CHECK(email.sent.empty());
  CHECK(belts.ledger("h1").total.queued == 0);
  CHECK(belts.ledger("h1").balances());
}
