// The texts of old stories go; what is owed, what was seen and the books stay.
#include "outbox/old_texts.hpp"

#include <catch2/catch.hpp>

#include "db/sqlite.hpp"
#include "story/story_log.hpp"
#include "support/belts.hpp"

using namespace crier;
using namespace crier::test;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view readers = R"(
topics: {harbours: {title: Harbours, any: [harbour]}}
editions: {weekly: {title: The Week, at: "07:00", zone: UTC, days: [mon]}}
subscribers:
  - {id: amara, email: amara@example.org, follow: [{topic: harbours}]}
  - {id: bruno, email: bruno@example.org, follow: [{topic: harbours, deliver: weekly}]}
)";

const auto tuesday = at("2026-11-24T12:00:00Z");
constexpr auto until_edition = 5 * 24h + 19h;

std::int64_t drop_older_than(Belts& belts, Time before, std::int64_t most = 100) {
  std::int64_t dropped = 0;
  belts.change_database([&](Sqlite& db) { dropped = drop_old_texts(db, before, most); });
  return dropped;
}

}  // namespace

TEST_CASE("a text stays while something of its story is owed") {
  Belts belts(readers, tuesday);
  belts.accept(sample_story("h1", "The harbour reopens"));
  belts.settle();
  CHECK(drop_older_than(belts, tuesday + 1h) == 0);  // it waits for the edition
  belts.advance(until_edition);
  CHECK(belts.channel(ChannelKind::email).sent.back().subscriber == "bruno");
  CHECK(drop_older_than(belts, tuesday) == 0);
  CHECK(drop_older_than(belts, tuesday + 1h) == 1);
  CHECK(drop_older_than(belts, tuesday + 1h) == 0);
  CHECK(belts.ledger().balances());
}

TEST_CASE("a text stays while a delivery of it is to be tried again") {
  Belts belts(readers, tuesday);
  belts.reload(
      "topics: {harbours: {title: Harbours, any: [harbour]}}\n"
      "subscribers: [{id: amara, email: amara@example.org, follow: [{topic: harbours}]}]\n");
  Outcome later;
  later.reason = "smtp-4.3.2";
  belts.channel(ChannelKind::email).answers = {later};
  belts.accept(sample_story("h1", "The harbour reopens"));
  belts.settle();
  CHECK(drop_older_than(belts, tuesday + 1h) == 0);
  belts.advance(5min);
  CHECK(belts.channel(ChannelKind::email).sent.size() == 2);
  CHECK(drop_older_than(belts, tuesday + 1h) == 1);
}

TEST_CASE("a story without its text is still known, and its books balance") {
  Belts belts(readers, tuesday);
  for (int i = 0; i < 5; ++i) belts.accept(sample_story("h" + std::to_string(i), "The harbour reopens"));
  belts.advance(until_edition);
  CHECK(drop_older_than(belts, tuesday + 1h, 3) == 3);
  CHECK(drop_older_than(belts, tuesday + 1h, 3) == 2);
  const auto sent = belts.channel(ChannelKind::email).sent.size();
  CHECK(belts.accept(sample_story("h1", "The harbour reopens")).novelty == Novelty::unchanged);
  belts.settle();
  CHECK(belts.channel(ChannelKind::email).sent.size() == sent);
  CHECK(belts.ledger("h1").balances());
  belts.change_database([](Sqlite& db) {
    const auto story = load_story(db, "h1");
    REQUIRE_FALSE(story);
    CHECK(story.error().message == "story h1: its text is no longer in the story log");
  });
  belts.crash();
  belts.advance(7 * 24h);
  CHECK(belts.failures.empty());
  CHECK(belts.ledger().balances());
}
