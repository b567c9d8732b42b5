// Digests whose answer was lost: what of them is stopped then may have arrived, and the books say so of each
// story.
#include <algorithm>

#include <catch2/catch.hpp>
#include <fmt/core.h>

#include "outbox/reader_ledger.hpp"
#include "support/belts.hpp"

using namespace crier;
using namespace crier::test;
using namespace std::chrono_literals;

namespace {

const auto six = at("2026-11-23T06:00:00Z");

std::string readers_of_both(int count) {
  std::string rules = R"(
topics: {harbours: {title: Harbours, any: [harbour]}, bridges: {title: Bridges, any: [bridge]}}
editions: {morning: {title: The Morning, at: "07:00", zone: UTC}}
subscribers:
)";
  for (int i = 0; i < count; ++i)
    rules += fmt::format(
        "  - {{id: r{0}, email: r{0}@example.org, follow: [{{topic: harbours, deliver: morning}}, "
        "{{topic: bridges, deliver: morning}}]}}\n",
        i);
  return rules;
}

Outcome lost() {
  Outcome out;
  out.kind = OutcomeKind::ambiguous;
  out.reason = "lost";
  out.about_delivery = true;
  return out;
}

struct Scene {
  Belts belts{readers_of_both(4), six};
  ScriptedChannel& email = belts.channel(ChannelKind::email);

  Scene() {
    belts.accept(sample_story("h1", "The harbour burns"));
    belts.accept(sample_story("b1", "A bridge festival"));
  }
  Tally tally(std::string_view story) {
    CHECK(belts.ledger().balances());
    return belts.ledger(story).total;
  }
  // Why the story was not in the digest of the reader, as her ledger has it.
  std::string left_out(std::string_view reader, std::string_view story) {
    std::string reason;
    belts.change_database([&](Sqlite& db) {
      const auto number = number_of_subscriber(db, reader).value();
      for (const auto& delivery : read_reader_ledger(db, number, 20).deliveries)
        for (const auto& each : delivery.stories)
          if (each.id == story) reason = each.left_out;
    });
    return reason;
  }
  ~Scene() { CHECK(belts.failures.empty()); }
};

}  // namespace

TEST_CASE("a story canceled when the answer to its digest was lost may have arrived, and the books say so") {
  Scene scene;
  scene.email.answers = {lost()};
  scene.belts.advance(1h);
  REQUIRE(scene.email.sent.size() == 4);
  const auto in_doubt = scene.email.sent.front().subscriber;
  scene.belts.cancel("h1");
  if (GENERATE(false, true)) scene.belts.crash();
  scene.belts.advance(10min);
  REQUIRE(scene.email.sent.size() == 5);
  CHECK(scene.email.sent.back().titles == std::vector<std::string>{"A bridge festival"});
  const auto tally = scene.tally("h1");
  CHECK(tally.delivered == 3);
  CHECK(tally.suppressed == std::map<std::string, std::int64_t>{{"canceled, may have arrived", 1}});
  CHECK(scene.tally("b1").delivered == 4);
  CHECK(scene.left_out(in_doubt, "h1") == "canceled, may have arrived");
}

TEST_CASE("a story canceled while its digest was being sent as crier ended may have arrived") {
  Belts belts(R"(
topics: {harbours: {title: Harbours, any: [harbour]}}
editions: {morning: {title: The Morning, at: "07:00", zone: UTC}}
subscribers:
  - {id: amara, whatsapp: "+2348012345678", follow: [{topic: harbours, deliver: morning}]}
  - {id: bruno, whatsapp: "+2348012345679", follow: [{topic: harbours, deliver: morning}]}
)",
              six);
  auto& whatsapp = belts.channel(ChannelKind::whatsapp);
  belts.accept(sample_story("h1", "The harbour burns"));
  belts.accept(sample_story("h2", "A harbour festival"));
  whatsapp.hold = {"amara"};
  belts.advance(1h);
  REQUIRE(whatsapp.sent.size() == 2);
  belts.cancel("h1");
  belts.crash();
  belts.settle();
  CHECK(whatsapp.sent.size() == 2);
  const auto ledger = belts.ledger("h1");
  CHECK(ledger.balances());
  CHECK(ledger.total.delivered == 1);
  CHECK(ledger.total.suppressed == std::map<std::string, std::int64_t>{{"canceled, may have arrived", 1}});
}

TEST_CASE("who waits for her digest's first attempt when a story is canceled is not in doubt") {
  Scene scene;
  Outcome later;
  later.reason = "smtp-4.2.2";
  later.about_delivery = true;
  scene.email.answers = {lost(), later};
  scene.belts.advance(1h);
  scene.belts.cancel("h1");
  scene.belts.advance(10min);
  const auto tally = scene.tally("h1");
  CHECK(tally.suppressed ==
        std::map<std::string, std::int64_t>{{"canceled", 1}, {"canceled, may have arrived", 1}});
  CHECK(tally.delivered == 2);
}

TEST_CASE("stories canceled while digests are sent whose answers are lost may have arrived") {
  Scene scene;
  scene.email.answers = {lost(), lost()};
  scene.email.hold = {"r0", "r1", "r2"};
  scene.belts.advance(1h);
  REQUIRE(scene.email.sent.size() == 4);
  const auto first = scene.email.sent[0].subscriber;
  const auto second = scene.email.sent[1].subscriber;
  scene.belts.cancel("h1");
  for (const auto* reader : {"r0", "r1", "r2"}) scene.email.release(reader);
  scene.belts.settle();
  const auto tally = scene.tally("h1");
  CHECK(tally.suppressed == std::map<std::string, std::int64_t>{{"canceled, may have arrived", 2}});
  CHECK(tally.delivered == 2);
  CHECK(scene.left_out(first, "h1") == "canceled, may have arrived");
  CHECK(scene.left_out(second, "h1") == "canceled, may have arrived");
  scene.belts.advance(10min);
  CHECK(scene.email.sent.size() == 6);
  CHECK(scene.tally("b1").delivered == 4);
  CHECK(scene.tally("h1").delivered == 2);
}

TEST_CASE(
    "a digest in doubt of which every story is canceled is suppressed, and says once what it may have") {
  Scene scene;
  scene.email.answers = {lost()};
  scene.belts.advance(1h);
  scene.belts.cancel("h1");
  scene.belts.cancel("b1");
  scene.belts.advance(10min);
  CHECK(scene.email.sent.size() == 4);
  for (const auto* story : {"h1", "b1"})
    CHECK(scene.tally(story).suppressed ==
          std::map<std::string, std::int64_t>{{"canceled, may have arrived", 1}});
  const auto ledger = scene.belts.ledger();
  REQUIRE(ledger.batches.size() == 1);
  CHECK(ledger.batches.front().tally.suppressed ==
        std::map<std::string, std::int64_t>{{"canceled, may have arrived", 1}});
}

TEST_CASE("each story of a digest in doubt that is dropped or expires may have arrived") {
  Scene scene;
  scene.email.answers.assign(4000, lost());
  scene.belts.advance(1h);
  REQUIRE(scene.email.sent.size() >= 4);
  const bool is_dropped = GENERATE(true, false);
  if (is_dropped) {
    scene.belts.give({Act::drop, parse_target("lane", "digest").value(), "because of a test", "ops", 1h});
    scene.belts.settle();
    CHECK(scene.belts.carried_out.front().value().report.in_doubt == 4);
  } else {
    for (int i = 0; i < 200; ++i) scene.belts.advance(15min);
  }
  for (const auto* story : {"h1", "b1"}) {
    const auto tally = scene.tally(story);
    const auto& ended = is_dropped ? tally.suppressed : tally.failed;
    REQUIRE(ended.size() == 1);
    CHECK(ended.begin()->first.ends_with(", may have arrived"));
    CHECK(ended.begin()->second == 4);
  }
}

TEST_CASE("what may have arrived although its embargo moved is not sent again by the next edition") {
  Scene scene;
  scene.email.answers = {lost()};
  scene.email.hold = {"r0", "r1", "r2", "r3"};
  scene.belts.advance(1h);
  REQUIRE(scene.email.sent.size() == 4);
  const auto in_doubt = scene.email.sent.front().subscriber;
  auto moved = sample_story("h1", "The harbour burnt");
  moved.embargo = six + 5h;
  scene.belts.accept(moved);
  for (int i = 0; i < 4; ++i) scene.email.release(fmt::format("r{}", i));
  scene.belts.settle();
  CHECK(scene.tally("h1").suppressed.at("superseded by a later version, may have arrived") == 1);
  scene.belts.advance(24h);
  CHECK(std::ranges::none_of(scene.email.sent, [&](const auto& sent) {
    return sent.subscriber == in_doubt &&
           std::ranges::find(sent.titles, "The harbour burnt") != sent.titles.end();
  }));
  CHECK(scene.tally("h1").suppressed.at("had an earlier version") == 4);
}
