// One article from several sources, and one that comes again under another id.
#include <algorithm>

#include <catch2/catch.hpp>
#include <fmt/core.h>

#include "db/sqlite.hpp"
#include "story/story_groups.hpp"
#include "support/belts.hpp"

using namespace crier;
using namespace crier::test;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view readers = R"(
topics: {harbours: {title: Harbours, any: [harbour]}, wire-b: {title: Wire B, any: [{source: wire-b}]}}
editions: {morning: {title: The Morning, at: "07:00", zone: UTC}}
subscribers:
  - {id: amara, email: amara@example.org, follow: [{topic: harbours}]}
  - {id: bruno, email: bruno@example.org, follow: [{topic: harbours, deliver: morning}]}
  - {id: carla, email: carla@example.org, follow: [{topic: wire-b}]}
)";

const auto noon = at("2026-11-24T12:00:00Z");

std::string article() {
  std::string text;
  for (int i = 0; i < 30; ++i) text += fmt::format("On day {} the harbour counted {} ships. ", i, i * 7);
  return text;
}

Story brief(std::string source, std::string id, std::string title, std::string text) {
  auto story = sample_story(std::move(id), std::move(title), std::move(text));
  story.summary.clear();
  story.source = std::move(source);
  return story;
}

Story from(std::string source, std::string id, std::string extra = {}) {
  auto story = sample_story(std::move(id), "The harbour reopens", article() + extra);
  story.source = std::move(source);
  story.site = "The " + story.source;
  return story;
}

std::int64_t sent_to(Belts& belts, std::string_view reader) {
  return std::ranges::count(belts.channel(ChannelKind::email).sent, reader,
                            &ScriptedChannel::Sent::subscriber);
}

}  // namespace

TEST_CASE("an article that another source has reported goes only to those who have not got it") {
  Belts belts(readers, noon);
  belts.accept(from("wire-a", "a1"));
  belts.settle();
  belts.accept(from("wire-b", "b1", "Reporting by Wire B."));
  belts.advance(20h);
  CHECK(sent_to(belts, "amara") == 1);
  CHECK(sent_to(belts, "carla") == 1);  // wire-a was not what she follows
  CHECK(sent_to(belts, "bruno") == 1);
  const auto ledger = belts.ledger("b1");
  CHECK(ledger.balances());
  CHECK(ledger.total.suppressed.at("reported before") == 2);
  CHECK(ledger.total.delivered == 1);
  const auto& digest = belts.channel(ChannelKind::email).sent.back();
  CHECK(digest.subscriber == "bruno");
  CHECK(digest.titles == std::vector<std::string>{"The harbour reopens"});
  CHECK(digest.also == std::vector<std::string>{"Also reported by The wire-b"});
}

TEST_CASE("what says little is the same report only when it was published at the same time") {
  Belts belts(readers, noon);
  auto a = brief("wire-a", "a1", "Harbour at noon", "Rates rise.");
  auto b = brief("wire-b", "b1", "Harbour at noon", "Rates rise.");
  std::int64_t messages = 2;
  SECTION("nobody says when") {}
  SECTION("at the same time") {
    a.published = b.published = noon;
    messages = 1;
  }
  SECTION("at another") {
    a.published = noon - 1h;
    b.published = noon;
  }
  SECTION("under a title that tells more") {
    a.title = b.title = "Harbour rates rise again at noon";
    messages = 1;
  }
  SECTION("neither title nor text") {
    a.title = b.title = a.body_text = b.body_text = "";
    a.section = b.section = "harbour";
    a.published = b.published = noon;
  }
  belts.reload(
      std::string(readers).replace(readers.find("any: [harbour]"), 14, "any: [harbour, {section: harbour}]"));
  belts.accept(a);
  belts.accept(b);
  belts.settle();
  CHECK(sent_to(belts, "amara") == messages);
}

TEST_CASE("one text under titles of different things is not one report") {
  Belts belts(readers, noon);
  belts.accept(from("wire-a", "a1"));
  auto other = from("wire-b", "b1");
  other.title = "Your account has expired";
  belts.accept(other);
  belts.settle();
  CHECK(sent_to(belts, "amara") == 2);
}

TEST_CASE("a later version of either is for those who have neither") {
  Belts belts(readers, noon);
  belts.accept(from("wire-a", "a1"));
  belts.accept(from("wire-b", "b1"));
  belts.settle();
  belts.accept(from("wire-b", "b1", "Two ferries run."));
  belts.accept(from("wire-a", "a1", "Three ferries run."));
  belts.advance(20h);
  CHECK(sent_to(belts, "amara") == 1);
  CHECK(sent_to(belts, "carla") == 1);
  CHECK(sent_to(belts, "bruno") == 1);
  CHECK(belts.ledger().balances());
}

TEST_CASE(
    "what is not a repeat is sent: an old one, one under embargo, one that was canceled, the same source") {
  Belts belts(readers, noon);
  SECTION("two days later") {
    belts.accept(from("wire-a", "a1"));
    belts.advance(48h + 1min);
    belts.accept(from("wire-b", "b1"));
  }
  SECTION("the first is under embargo") {
    auto story = from("wire-a", "a1");
    story.embargo = noon + 1h;
    belts.accept(story);
    belts.accept(from("wire-b", "b1"));
    belts.advance(2h);
  }
  SECTION("the first was canceled") {
    belts.accept(from("wire-a", "a1"));
    belts.settle();
    auto canceled = from("wire-a", "a1");
    canceled.status = StoryStatus::canceled;
    belts.accept(canceled);
    belts.accept(from("wire-b", "b1"));
  }
  SECTION("another text") {
    belts.accept(from("wire-a", "a1"));
    belts.accept(sample_story("c1", "The harbour reopens", "The harbour reopens, and that is all."));
  }
  belts.settle();
  CHECK(sent_to(belts, "amara") == 2);
  CHECK(belts.ledger().balances());
}

TEST_CASE("a repeat can be split off, and goes to those who were spared it, once") {
  Belts belts(readers, noon);
  belts.accept(from("wire-a", "a1"));
  belts.accept(from("wire-b", "b1"));
  belts.settle();
  REQUIRE(sent_to(belts, "amara") == 1);
  const auto split = belts.split("b1");
  REQUIRE(split);
  CHECK(split->version == 2);
  belts.advance(20h);
  CHECK(sent_to(belts, "amara") == 2);
  CHECK(sent_to(belts, "carla") == 1);
  CHECK(belts.channel(ChannelKind::email).sent.back().titles.size() == 2);
  CHECK_FALSE(belts.split("b1"));
  CHECK_FALSE(belts.split("a1"));
  CHECK_FALSE(belts.split("unknown"));
  belts.accept(from("wire-b", "b1"));
  belts.settle();
  CHECK(sent_to(belts, "amara") == 2);
  CHECK(belts.ledger().balances());
}

TEST_CASE("a split that fails can be asked for again, by the id that the feed gives") {
  Belts belts(readers, noon);
  belts.accept(from("wire-a", "1"), Authority::own_stories);
  belts.accept(from("wire-b", "b1"), Authority::own_stories);
  belts.settle();
  belts.change_database([](Sqlite& db) {
    db.execute("CREATE TRIGGER full BEFORE INSERT ON story BEGIN SELECT RAISE(ABORT, 'disk full'); END");
  });
  CHECK_THROWS(belts.split("b1"));
  belts.change_database([](Sqlite& db) { db.execute("DROP TRIGGER full"); });
  REQUIRE(belts.split("b1"));
  belts.settle();
  CHECK(sent_to(belts, "amara") == 2);
}

namespace {

constexpr std::string_view sleepers = R"(
topics: {harbours: {title: Harbours, any: [harbour]}}
editions: {morning: {title: The Morning, at: "07:00", zone: UTC}}
subscribers:
  - {id: amara, email: amara@example.org, follow: [{topic: harbours}]}
  - {id: bruno, email: bruno@example.org, follow: [{topic: harbours, deliver: morning}]}
  - {id: dora, email: dora@example.org, timezone: UTC, quiet_hours: 11:00-18:00, follow: [{topic: harbours}]}
)";

using Ids = std::vector<std::string>;

// What a reader was sent, by the sources' names at the ends of the texts' titles.
Ids titles_of(Belts& belts, std::string_view reader) {
  Ids titles;
  for (const auto& message : belts.channel(ChannelKind::email).sent)
    if (message.subscriber == reader)
      titles.insert(titles.end(), message.titles.begin(), message.titles.end());
  return titles;
}

Story titled(std::string source) {
  auto story = from(source, source);
  story.title += ", says " + source;
  return story;
}

const std::string by_a = "The harbour reopens, says wire-a";
const std::string by_b = "The harbour reopens, says wire-b";

}  // namespace

TEST_CASE("who was spared a report gets it when the other is stopped before it reached them") {
  Belts belts(sleepers, noon);
  belts.accept(titled("wire-a"));
  belts.accept(titled("wire-b"));
  belts.accept(titled("wire-c"));
  belts.settle();
  REQUIRE(titles_of(belts, "amara") == Ids{by_a});
  auto stopped = titled("wire-a");
  SECTION("canceled") {
    stopped.status = StoryStatus::canceled;
    belts.accept(stopped);
  }
  SECTION("canceled by its id") {
    REQUIRE(belts.cancel("wire-a"));
  }
  SECTION("withheld, and let go again") {
    stopped.status = StoryStatus::withheld;
    belts.accept(stopped);
    stopped.status = StoryStatus::usable;
    belts.accept(stopped);
  }
  SECTION("put under an embargo") {
    stopped.embargo = noon + 24h;
    belts.accept(stopped);
  }
  belts.crash();
  belts.advance(6h);
  belts.advance(14h);
  CHECK(titles_of(belts, "amara") == Ids{by_a});
  CHECK(titles_of(belts, "dora") == Ids{by_b});
  CHECK(titles_of(belts, "bruno") == Ids{by_b});
  belts.advance(48h);
  CHECK(titles_of(belts, "amara").size() + titles_of(belts, "dora").size() +
            titles_of(belts, "bruno").size() ==
        3);
  CHECK(belts.ledger().balances());
}

TEST_CASE("a report that is stopped is not named beside the others") {
  Belts belts(sleepers, noon);
  belts.accept(titled("wire-a"));
  belts.accept(titled("wire-b"));
  belts.accept(titled("wire-c"));
  REQUIRE(belts.cancel("wire-a"));
  belts.advance(20h);
  CHECK(belts.channel(ChannelKind::email).sent.back().also == Ids{"Also reported by The wire-c"});
}

TEST_CASE("when the last report is stopped, too, nobody gets anything") {
  Belts belts(sleepers, noon);
  belts.accept(titled("wire-a"));
  belts.accept(titled("wire-b"));
  belts.settle();
  REQUIRE(belts.cancel("wire-a"));
  REQUIRE(belts.cancel("wire-b"));
  belts.advance(20h);
  CHECK(titles_of(belts, "dora").empty());
  CHECK(titles_of(belts, "bruno").empty());
  CHECK(belts.ledger().balances());
}

TEST_CASE("who was spared a report gets it when the other fails, once") {
  Belts belts(sleepers, noon);
  auto& email = belts.channel(ChannelKind::email);
  const Outcome refused{.kind = OutcomeKind::refused, .reason = "refused", .reply = "554 no"};
  SECTION("an alert") {
    email.answers = {refused};
    email.hold = {"amara"};
    belts.accept(titled("wire-a"));
    belts.settle();
    belts.accept(titled("wire-b"));
    belts.settle();
    email.release("amara");
    belts.settle();
    CHECK(titles_of(belts, "amara") == Ids{by_a, by_b});
  }
  SECTION("an alert, twice") {
    email.answers = {refused, refused};
    email.hold = {"amara"};
    belts.accept(titled("wire-a"));
    belts.settle();
    belts.accept(titled("wire-b"));
    belts.settle();
    email.release("amara");
    belts.advance(48h);
    CHECK(titles_of(belts, "amara") == Ids{by_a, by_b});
  }
  SECTION("a digest") {
    belts.accept(titled("wire-a"));
    belts.accept(titled("wire-b"));
    belts.advance(6h);  // dora's
    email.answers = {refused};
    belts.advance(14h);
    REQUIRE(titles_of(belts, "bruno") == Ids{by_a});
    belts.advance(24h);
    CHECK(titles_of(belts, "bruno") == Ids{by_a, by_b});
  }
  CHECK(belts.ledger().balances());
}

TEST_CASE("grouping can be turned off") {
  Belts belts(std::string(readers) + "repeats: {group: false}\n", noon);
  belts.accept(from("wire-a", "a1"));
  belts.accept(from("wire-b", "b1"));
  belts.settle();
  CHECK(sent_to(belts, "amara") == 2);
}

TEST_CASE("a story that its source gives another id is no news") {
  Belts belts(readers, noon);
  auto story = from("wire-a", "old-1");
  story.url = "https://wire-a.example.org/harbour";
  belts.accept(story);
  belts.advance(20h);
  SECTION("at the same address, with a small change") {
    story.id = "new-1";
    story.url += "?utm_source=feed";
    story.version = 1;
    story.body_text += "Corrected.";
    const auto accepted = belts.accept(story);
    CHECK(accepted.id == "old-1");
    CHECK(accepted.novelty == Novelty::update);
    CHECK(accepted.version == 2);
  }
  SECTION("elsewhere, with the same text") {
    story.id = "new-1";
    story.url = "https://www.wire-a.example.org/2026/harbour";
    story.image = "https://www.wire-a.example.org/harbour.jpg";
    CHECK(belts.accept(story).id == "old-1");
  }
  // And it stays so.
  CHECK(belts.accept(story).id == "old-1");
  belts.advance(24h);
  CHECK(sent_to(belts, "amara") == 1);
  CHECK(sent_to(belts, "bruno") == 1);
  CHECK(belts.ledger().balances());
}

TEST_CASE("a site that moves is known again by short texts, too, when they were published at the same time") {
  Belts belts(readers, noon);
  auto brief = sample_story("old-1", "Harbour at noon", "All of it.");
  brief.published = noon - 1h;
  belts.accept(brief);
  belts.settle();
  brief.id = "new-1";
  brief.url = "https://www.wire-a.example.org/2026/harbour";
  CHECK(belts.accept(brief).id == "old-1");
  brief.id = "new-2";
  brief.published = noon + 23h;  // tomorrow's
  CHECK(belts.accept(brief).id == "new-2");
  belts.settle();
  CHECK(sent_to(belts, "amara") == 2);
  CHECK(belts.ledger().balances());
}

TEST_CASE("two stories of one source with one address are two, when their texts differ; so are short ones") {
  Belts belts(readers, noon);
  auto live = from("wire-a", "live-1");
  live.url = "https://wire-a.example.org/live";
  belts.accept(live);
  live.id = "live-2";
  live.body_text = "The harbour is closed again, and nobody knows why.";
  CHECK(belts.accept(live).id == "live-2");
  belts.accept(sample_story("f1", "Harbour news", "All of it."));
  CHECK(belts.accept(sample_story("f2", "Harbour news", "All of it.")).id == "f2");
  belts.settle();
  CHECK(sent_to(belts, "amara") == 4);
}

TEST_CASE("what recurs in much the same words, at one address, is a story each time") {
  Belts belts(readers, noon);
  auto today = from("wire-a", "w1");
  today.url = "https://wire-a.example.org/harbour/weather";
  today.published = noon - 1h;
  belts.accept(today);
  auto tomorrow = today;
  tomorrow.id = "w2";
  tomorrow.published = noon + 23h;
  belts.advance(24h);
  CHECK(belts.accept(tomorrow).id == "w2");
  belts.settle();
  CHECK(sent_to(belts, "amara") == 2);
  CHECK(belts.ledger().balances());
}

TEST_CASE("two stories of one document are two, however alike") {
  Belts belts(readers, noon);
  const auto take = [&](std::string id, std::set<std::string> listed) {
    return belts.accept(from("wire-a", std::move(id)), Arrival{.listed = &listed}).id;
  };
  CHECK(take("p1", {"p1", "p2"}) == "p1");
  SECTION("both new") {
    CHECK(take("p2", {"p1", "p2"}) == "p2");
  }
  SECTION("one of them renamed") {
    CHECK(take("new-1", {"new-1", "p2"}) == "p1");
    CHECK(take("p2", {"new-1", "p2"}) == "p2");
  }
  belts.settle();
  CHECK(sent_to(belts, "amara") == 2);
}
