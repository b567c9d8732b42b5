// What lay in a source when it was first watched is noted, and mailed to nobody.
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
subscribers:
  - {id: amara, email: amara@example.org, follow: [{topic: harbours}]}
  - {id: bruno, email: bruno@example.org, follow: [{topic: harbours, deliver: morning}]}
)";

const auto noon = at("2026-11-24T12:00:00Z");
const Arrival noted{.deliver = false, .authority = Authority::own_stories};
const Arrival listed_again{.authority = Authority::own_stories};

Story wire(StoryStatus status, std::string title = "The harbour reopens") {
  auto story = sample_story("h1", std::move(title));
  story.source = "wire";
  story.status = status;
  return story;
}

std::int64_t sent(Belts& belts) {
  belts.advance(20h);
  return std::ssize(belts.channel(ChannelKind::email).sent);
}

}  // namespace

TEST_CASE("backlog is mailed to nobody, also when it changes, or is taken back and brought again") {
  Belts belts(readers, noon);
  belts.accept(wire(StoryStatus::usable), noted);
  CHECK(belts.accept(wire(StoryStatus::usable, "The harbour is open again"), listed_again).version == 2);
  CHECK(belts.accept(wire(StoryStatus::withheld), listed_again).version == 3);
  CHECK(belts.accept(wire(StoryStatus::usable), listed_again).version == 4);
  CHECK(sent(belts) == 0);
  CHECK(belts.ledger().total.matched == 0);
}

TEST_CASE("what is withheld when its source is first watched is news once it is released") {
  Belts belts(readers, noon);
  belts.accept(wire(StoryStatus::withheld), noted);
  const bool is_old = GENERATE(false, true);
  belts.accept(wire(StoryStatus::usable), is_old ? noted : listed_again);
  CHECK(sent(belts) == 2);
}

TEST_CASE("what is under embargo when its source is first watched is news at its time") {
  Belts belts(readers, noon);
  auto story = wire(StoryStatus::usable);
  story.embargo = noon + 1h;
  belts.accept(story, noted);
  belts.settle();
  CHECK(belts.channel(ChannelKind::email).sent.empty());
  belts.advance(1h);
  CHECK(belts.channel(ChannelKind::email).sent.size() == 1);
  CHECK(sent(belts) == 2);
}

TEST_CASE("backlog that a site renames stays backlog, and a story that nobody followed does not become it") {
  Belts belts(readers, noon);
  const bool is_noted = GENERATE(true, false);
  auto story = wire(StoryStatus::usable, "A port reopens");
  for (int i = 0; i < 30; ++i) story.body_text += " Ships came and went all day, and gulls.";
  belts.accept(story, is_noted ? noted : listed_again);
  story.id = "renamed";
  belts.accept(story, listed_again);
  story.title = "The harbour reopens";
  CHECK(belts.accept(story, listed_again).id == "wire:h1");
  CHECK(sent(belts) == (is_noted ? 0 : 2));
}

TEST_CASE("a story that nobody followed goes to those who follow its next version") {
  Belts belts(readers, noon);
  belts.accept(wire(StoryStatus::usable, "A port reopens"), listed_again);
  belts.settle();
  CHECK(belts.channel(ChannelKind::email).sent.empty());
  belts.accept(wire(StoryStatus::usable), listed_again);
  CHECK(sent(belts) == 2);
}

TEST_CASE("a source stops a story of its own and brings it back, however long ago it was published") {
  Belts belts(readers, noon);
  belts.accept(wire(StoryStatus::usable), listed_again);
  belts.settle();
  belts.accept(wire(StoryStatus::withheld), noted);
  CHECK(belts.accept(wire(StoryStatus::usable), noted).novelty == Novelty::update);
  CHECK(sent(belts) == 2);  // the alert, once, and the edition
}

TEST_CASE("a source kills a story of its own, however long ago it was published") {
  Belts belts(readers, noon);
  belts.accept(wire(StoryStatus::usable), listed_again);
  belts.settle();
  CHECK(belts.accept(wire(StoryStatus::canceled), noted).novelty == Novelty::update);
  CHECK(sent(belts) == 1);  // the alert; the edition was yet to come
  CHECK(belts.ledger("wire:h1").total.suppressed.at("canceled") == 1);
}
