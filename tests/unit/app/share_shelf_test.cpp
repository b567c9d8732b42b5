// The share shelf: what share buttons are answered from.
#include "app/share_shelf.hpp"

#include <catch2/catch.hpp>

#include "db/sqlite.hpp"
#include "story/story_log.hpp"
#include "support/migrated.hpp"

using namespace crier;
using namespace crier::test;

namespace {

Story story(std::string id, std::string title, std::uint32_t version = 1) {
  Story out;
  out.id = std::move(id);
  out.title = std::move(title);
  out.url = "https://courier.example.org/" + out.id;
  out.version = version;
  return out;
}

}  // namespace

TEST_CASE("a story is found by its id, in its latest version") {
  ShareShelf shelf;
  CHECK(shelf.find("s1") == nullptr);
  shelf.put(story("s1", "First"));
  shelf.put(story("s1", "Second"));
  REQUIRE(shelf.find("s1") != nullptr);
  CHECK(shelf.find("s1")->title == "Second");
  CHECK(shelf.find("s1")->url == "https://courier.example.org/s1");
  auto killed = story("s1", "Second");
  killed.status = StoryStatus::canceled;
  shelf.put(killed);
  CHECK(shelf.find("s1")->status == StoryStatus::canceled);
  CHECK(shelf.find("s") == nullptr);
}

TEST_CASE("the shelf is bounded: the story that has not changed for longest goes first") {
  ShareShelf shelf;
  for (int i = 0; i < 20'000; ++i) shelf.put(story("s" + std::to_string(i), "A story"));
  shelf.put(story("s0", "A story, updated"));
  shelf.put(story("one more", "A story"));
  CHECK(shelf.find("s0") != nullptr);
  CHECK(shelf.find("s1") == nullptr);
  CHECK(shelf.find("s2") != nullptr);
  CHECK(shelf.find("one more") != nullptr);
}

TEST_CASE("after a restart it is filled from the story log, the newest version of each") {
  MigratedDatabase db;
  const Time start{};
  store_story(db, story("s1", "First", 1), {0}, start);
  store_story(db, story("s1", "Second", 2), {0}, start + std::chrono::hours(1));
  auto killed = story("s2", "Killed");
  killed.status = StoryStatus::canceled;
  killed.url.clear();
  store_story(db, killed, {0}, start);
  const auto shelf = ShareShelf::load(db);
  CHECK(shelf.find("s1")->title == "Second");
  CHECK(shelf.find("s1")->url == "https://courier.example.org/s1");
  CHECK(shelf.find("s2")->status == StoryStatus::canceled);
  CHECK(shelf.find("s2")->url.empty());
}
