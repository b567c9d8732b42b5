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

TEST_CASE("a feed cannot cancel or change what another source brought, only add to it") {
  Wires wires;
  CHECK(wires.feed("wire-a", "The harbour reopens").id == id);
  const auto killed = wires.feed("wire-b", "The harbour is a hoax", StoryStatus::canceled);
  CHECK(killed.id == "wire-b:" + id);
  CHECK(wires.feed("wire-c", "Another harbour").id == "wire-c:" + id);
  CHECK(wires.feed("wire-c", "Another harbour").novelty == Novelty::unchanged);
  CHECK(wires.sent_titles() == Titles{"Another harbour", "The harbour reopens"});
}

TEST_CASE("who takes an id before its owner uses it takes nothing") {
  Wires wires;
  wires.feed("wire-b", "Squatted harbour");
  wires.feed("wire-b", "Squatted harbour", StoryStatus::canceled);
  CHECK(wires.feed("wire-a", "The harbour reopens").id == "wire-a:" + id);
  CHECK(wires.sent_titles() == Titles{"The harbour reopens"});
}

TEST_CASE("a feed cancels and changes its own, and is one story when two feeds list the same") {
  Wires wires;
  wires.feed("wire-a", "The harbour reopens");
  CHECK(wires.feed("wire-b", "The harbour reopens").novelty == Novelty::unchanged);
  CHECK(wires.feed("wire-a", "The harbour has reopened").novelty == Novelty::update);
  CHECK(wires.feed("wire-a", "The harbour has reopened", StoryStatus::canceled).novelty == Novelty::update);
  CHECK(wires.feed("wire-b", "The harbour has reopened").novelty == Novelty::dead);
  CHECK(wires.sent_titles().empty());
}

TEST_CASE("the newsroom's own hands reach every story") {
  Wires wires;
  wires.feed("wire-a", "The harbour reopens");
  const auto stopped = wires.belts.accept(from("push", "The harbour reopens", StoryStatus::canceled));
  CHECK(stopped.id == id);
  CHECK(stopped.novelty == Novelty::update);
  CHECK(wires.sent_titles().empty());
}
