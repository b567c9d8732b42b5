// Whose story it is: a feed that copies an id of another source can neither change nor stop that story.
#include <algorithm>

#include <catch2/catch.hpp>

#include "support/belts.hpp"

using namespace crier;
using namespace crier::test;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view readers = R"(
topics: {harbours: {title: Harbours, any: [harbour]}}
editions: {morning: {title: The Morning, at: "07:00", zone: UTC}}
subscribers: [{id: amara, email: amara@example.org, follow: [{topic: harbours, deliver: morning}]}]
)";

const std::string id = "https://wire.example.org/1";

Story from(std::string source, std::string title, StoryStatus status = StoryStatus::usable) {
  auto story = sample_story(id, std::move(title), "The harbour of which nobody else has written.");
  story.source = std::move(source);
  story.status = status;
  return story;
}

struct Wires {
  Accepted feed(std::string source, std::string title, StoryStatus status = StoryStatus::usable) {
    return belts.accept(from(std::move(source), std::move(title), status), Authority::own_stories);
  }
  std::vector<std::string> sent_titles() {
    belts.advance(20h);
    CHECK(belts.ledger().balances());
    std::vector<std::string> titles;
    for (const auto& message : belts.channel(ChannelKind::email).sent)
      titles.insert(titles.end(), message.titles.begin(), message.titles.end());
    std::ranges::sort(titles);
    return titles;
  }

  Belts belts{readers, at("2026-11-24T12:00:00Z")};
};

using Titles = std::vector<std::string>;

}  // namespace

TEST_CASE("a feed can neither cancel nor change what another source brings, with whatever id it comes") {
  Wires wires;
  CHECK(wires.feed("wire-a", "The harbour reopens").id == "wire-a:" + id);
  const auto killed = wires.feed("wire-b", "The harbour reopens", StoryStatus::canceled);
  CHECK(killed.id == "wire-b:" + id);
  CHECK(wires.feed("wire-c", "Another harbour").id == "wire-c:" + id);
  CHECK(wires.feed("wire-c", "Another harbour").novelty == Novelty::unchanged);
  auto direct = from("wire-d", "The harbour reopens", StoryStatus::canceled);
  direct.id = "wire-a:" + id;
  CHECK(wires.belts.accept(direct, Authority::own_stories).id == "wire-d:wire-a:" + id);
  CHECK(wires.sent_titles() == Titles{"Another harbour", "The harbour reopens"});
}

TEST_CASE("who takes an id before its owner uses it takes nothing, and no story dies unread") {
  Wires wires;
  wires.feed("wire-b", "The harbour reopens");
  wires.feed("wire-b", "The harbour reopens", StoryStatus::canceled);
  SECTION("of another feed") {
    const auto own = wires.feed("wire-a", "The harbour reopens");
    CHECK(own.novelty == Novelty::fresh);
    CHECK(own.id == "wire-a:" + id);
  }
  SECTION("of the newsroom's own") {
    const auto own = wires.belts.accept(from("push", "The harbour reopens"));
    CHECK(own.novelty == Novelty::fresh);
    CHECK(own.id == id);
  }
  CHECK(wires.sent_titles() == Titles{"The harbour reopens"});
}

TEST_CASE("readers of junk under the newsroom's own id get the newsroom's story") {
  Wires wires;
  wires.feed("wire-b", "Junk about a harbour");
  wires.belts.advance(20h);
  wires.belts.accept(from("push", "The harbour reopens"));
  wires.belts.advance(24h);
  CHECK(wires.sent_titles() == Titles{"Junk about a harbour", "The harbour reopens"});
}

TEST_CASE("a feed cancels and changes its own") {
  Wires wires;
  wires.feed("wire-a", "The harbour reopens");
  CHECK(wires.feed("wire-a", "The harbour has reopened").novelty == Novelty::update);
  CHECK(wires.feed("wire-a", "The harbour has reopened", StoryStatus::canceled).novelty == Novelty::update);
  CHECK(wires.feed("wire-a", "The harbour is open").novelty == Novelty::dead);
  CHECK(wires.sent_titles().empty());
}

TEST_CASE("a feed that lists the newsroom's own story brings nothing new, nor back what was canceled") {
  Wires wires;
  wires.belts.accept(from("push", "The harbour reopens"));
  CHECK(wires.feed("own-cms", "The harbour reopens").novelty == Novelty::unchanged);
  CHECK(wires.feed("wire-b", "The harbour is a hoax", StoryStatus::canceled).id == "wire-b:" + id);
  CHECK(wires.sent_titles() == Titles{"The harbour reopens"});
  wires.belts.cancel(id);
  CHECK(wires.feed("own-cms", "The harbour has reopened").novelty == Novelty::dead);
  CHECK(wires.sent_titles() == Titles{"The harbour reopens"});
}

TEST_CASE("the newsroom's own hands reach every story, by its id or the one that feeds give it") {
  Wires wires;
  wires.feed("wire-a", "The harbour reopens");
  wires.feed("wire-b", "The harbour opens");
  SECTION("a push") {
    const auto stopped = wires.belts.accept(from("push", "The harbour reopens", StoryStatus::canceled));
    CHECK(stopped.novelty == Novelty::update);
    CHECK(wires.sent_titles().empty());
  }
  SECTION("an order") {
    CHECK(wires.belts.cancel(id));
    CHECK(wires.sent_titles().empty());
  }
  SECTION("an order for one") {
    const auto stopped = wires.belts.cancel("wire-a:" + id);
    REQUIRE(stopped);
    CHECK(stopped->id == "wire-a:" + id);
    CHECK(wires.sent_titles() == Titles{"The harbour opens"});
  }
  CHECK_FALSE(wires.belts.cancel("https://wire.example.org/2"));
}

TEST_CASE("what the newsroom withholds no feed releases, whichever came first") {
  Wires wires;
  auto stop = from("push", "", StoryStatus::withheld);
  stop.body_text.clear();
  std::string known_as = "wire-a:" + id;
  SECTION("the feed's story, by the id that it has there") {
    wires.feed("wire-a", "The harbour reopens");
    wires.belts.accept(stop);
  }
  SECTION("a story that the feed lists later") {
    wires.belts.accept(stop);
    known_as = id;
  }
  SECTION("a story that the feed lists later, under its name") {
    stop.id = known_as;
    wires.belts.accept(stop);
  }
  SECTION("a draft of its own, which has the same title") {
    wires.belts.accept(from("desk", "The harbour reopens", StoryStatus::withheld));
    known_as = id;
  }
  CHECK(wires.feed("wire-a", "The harbour reopens").novelty == Novelty::held);
  CHECK(wires.feed("wire-a", "The harbour reopens").id == known_as);
  CHECK(wires.sent_titles().empty());
  auto release = from("push", "The harbour reopens");
  release.id = known_as;
  wires.belts.accept(release);
  wires.belts.advance(24h);
  CHECK(wires.sent_titles() == Titles{"The harbour reopens"});
}

TEST_CASE("a feed releases what it withheld itself") {
  Wires wires;
  wires.feed("wire-a", "The harbour reopens", StoryStatus::withheld);
  CHECK(wires.feed("wire-a", "The harbour reopens").novelty == Novelty::update);
  CHECK(wires.sent_titles() == Titles{"The harbour reopens"});
}

TEST_CASE("a draft of the newsroom holds back no other story that has the same number in a feed") {
  Wires wires;
  auto draft = from("desk", "A draft about another harbour", StoryStatus::withheld);
  draft.url = "https://courier.example.org/draft";
  wires.belts.accept(draft);
  CHECK(wires.feed("wire-b", "Ferries of the harbour").novelty == Novelty::fresh);
  CHECK(wires.sent_titles() == Titles{"Ferries of the harbour"});
}

TEST_CASE("a story that a feed brought to an earlier crier, under its id alone, stays that story") {
  Wires wires;
  wires.belts.accept(from("wire-a", "The harbour reopens"));
  CHECK(wires.feed("wire-a", "The harbour reopens").novelty == Novelty::unchanged);
  const auto changed = wires.feed("wire-a", "The harbour has reopened");
  CHECK(changed.id == id);
  CHECK(changed.novelty == Novelty::update);
  CHECK(wires.sent_titles() == Titles{"The harbour has reopened"});
}

TEST_CASE("a renamed story is canceled by its new id, too") {
  Wires wires;
  auto story = from("push", "The harbour reopens");
  story.published = at("2026-11-24T11:00:00Z");
  wires.belts.accept(story);
  story.id = "https://wire.example.org/new/1";
  REQUIRE(wires.belts.accept(story).id == id);
  const auto stopped = wires.belts.cancel(story.id);
  REQUIRE(stopped);
  CHECK(stopped->id == id);
  CHECK(wires.sent_titles().empty());
}
