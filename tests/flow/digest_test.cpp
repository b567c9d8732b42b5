// Digests on a manual clock: when an edition goes out, what is in it, and what the ledger says of it.
#include <algorithm>
#include <iterator>

#include <catch2/catch.hpp>

#include "support/belts.hpp"

using namespace crier;
using namespace crier::test;
using namespace std::chrono_literals;

namespace {

// Amara's alerts must not disturb Bruno's digest.
constexpr std::string_view readers = R"(
topics: {harbours: {title: Harbours, any: [harbour]}}
editions: {morning: {title: The Morning, at: "07:00", zone: Africa/Lagos}}
subscribers:
  - {id: amara, email: amara@example.org, timezone: Africa/Lagos, quiet_hours: 22:00-06:30, follow: [{topic: harbours}]}
  - {id: bruno, email: bruno@example.org, follow: [{topic: harbours, deliver: morning}]}
)";

const auto noon = at("2026-11-23T12:00:00Z");

}  // namespace

TEST_CASE("a digest goes out once at its local time with everything that gathered") {
  Belts belts(readers, noon);
  belts.accept(sample_story("h1", "The harbour reopens"));
  belts.accept(sample_story("h2", "A harbour festival"));
  belts.advance(17h + 59min);
  CHECK(std::ranges::none_of(belts.channel(ChannelKind::email).sent,
                             [](const auto& sent) { return sent.subscriber == "bruno"; }));
  belts.advance(1min);  // 06:00 UTC is 07:00 in Lagos
  std::vector<ScriptedChannel::Sent> digests;
  std::ranges::copy_if(belts.channel(ChannelKind::email).sent, std::back_inserter(digests),
                       [](const auto& sent) { return sent.subscriber == "bruno"; });
  REQUIRE(digests.size() == 1);
  CHECK(digests[0].titles == std::vector<std::string>{"The harbour reopens", "A harbour festival"});
  CHECK(digests[0].reason == "You follow The Morning");
  CHECK(digests[0].item_reasons ==
        std::vector<std::string>{"You follow Harbours (“harbour”)", "You follow Harbours (“harbour”)"});
  belts.advance(24h);
  CHECK(std::ranges::count(belts.channel(ChannelKind::email).sent, "bruno",
                           &ScriptedChannel::Sent::subscriber) == 1);
  const auto ledger = belts.ledger();
  CHECK(ledger.balances());
  CHECK(ledger.total.queued == 0);
}

TEST_CASE("a digest missed by a crash is sent when crier is back, but not half a day late") {
  SECTION("an hour late") {
    Belts belts(readers, noon);
    belts.accept(sample_story("h1", "The harbour reopens"));
    belts.settle();
    belts.crash();
    belts.advance(19h);
    CHECK(belts.channel(ChannelKind::email).sent.back().subscriber == "bruno");
    belts.crash();
    belts.advance(1min);
    CHECK(std::ranges::count(belts.channel(ChannelKind::email).sent, "bruno",
                             &ScriptedChannel::Sent::subscriber) == 1);
  }
  SECTION("six hours late: with the next edition") {
    Belts belts(readers, noon);
    belts.accept(sample_story("h1", "The harbour reopens"));
    belts.settle();
    belts.advance(24h);  // one step: as if crier had slept through it
    CHECK(std::ranges::count(belts.channel(ChannelKind::email).sent, "bruno",
                             &ScriptedChannel::Sent::subscriber) == 0);
    CHECK(belts.ledger().total.queued == 1);
    belts.advance(18h);
    CHECK(std::ranges::count(belts.channel(ChannelKind::email).sent, "bruno",
                             &ScriptedChannel::Sent::subscriber) == 1);
    CHECK(belts.ledger().balances());
  }
}

TEST_CASE("a digest leaves an embargoed story to an occurrence after its embargo") {
  Belts belts(readers, noon);
  auto story = sample_story("h1", "The harbour reopens");
  story.embargo = noon + 20h;
  belts.accept(story);
  auto& email = belts.channel(ChannelKind::email).sent;
  const auto to_bruno = [&] {
    return std::ranges::count(email, "bruno", &ScriptedChannel::Sent::subscriber);
  };
  belts.advance(18h);
  CHECK(to_bruno() == 0);
  belts.advance(24h);
  CHECK(to_bruno() == 1);
  CHECK(belts.ledger().balances());
}

TEST_CASE("a digest shows a corrected story once, as it is now") {
  Belts belts(readers, noon);
  belts.accept(sample_story("h1", "The harbour reopens on Monday"));
  belts.accept(sample_story("h1", "The harbour reopens on Tuesday"));
  belts.advance(18h);
  const auto& sent = belts.channel(ChannelKind::email).sent;
  const auto digest = std::ranges::find(sent, "bruno", &ScriptedChannel::Sent::subscriber);
  REQUIRE(digest != sent.end());
  CHECK(digest->titles == std::vector<std::string>{"The harbour reopens on Tuesday"});
  CHECK(belts.ledger().balances());
}

TEST_CASE("an edition of nothing but what crier can no longer read fails") {
  Belts belts(readers, noon);
  belts.accept(sample_story("h1", "The harbour reopens"));
  belts.settle();
  belts.change_database([](Sqlite& db) { db.execute("UPDATE story SET json = '[4711'"); });
  belts.advance(18h);
  const auto& sent = belts.channel(ChannelKind::email).sent;
  CHECK(std::ranges::count(sent, "bruno", &ScriptedChannel::Sent::subscriber) == 0);
  CHECK(belts.ledger("h1").total.failed.at("unreadable story") == 1);
  CHECK(belts.ledger().balances());
}
