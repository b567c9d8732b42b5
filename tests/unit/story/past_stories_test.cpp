// Which stories of the log a replay goes through.
#include "story/past_stories.hpp"

#include <catch2/catch.hpp>

#include "db/sqlite.hpp"
#include "story/story_log.hpp"
#include "support/belts.hpp"
#include "support/migrated.hpp"

using namespace crier;
using namespace crier::test;

namespace {

class Log {
 public:
  void see(std::string id, std::uint32_t version, std::string_view time,
           StoryStatus status = StoryStatus::usable) {
    auto story = sample_story(std::move(id), "Version " + std::to_string(version));
    story.version = version;
    story.status = status;
    store_story(db, story, {0}, at(time));
  }

  // "id version", in the order they come.
  std::vector<std::string> between(std::string_view since, std::string_view until) {
    PastStories stories(db, at(since), at(until));
    std::vector<std::string> out;
    for (auto some = stories.next(); !some.empty(); some = stories.next())
      for (const auto& [seen_at, story] : some)
        out.push_back(story->id + " " + std::to_string(story->version));
    CHECK(stories.count() == static_cast<std::int64_t>(out.size()));
    return out;
  }

  MigratedDatabase db;
};

using List = std::vector<std::string>;

}  // namespace

TEST_CASE("a story counts once, as its latest version of the time asked for") {
  Log log;
  log.see("a", 1, "2026-11-20T10:00:00Z");
  log.see("b", 1, "2026-11-20T11:00:00Z");
  log.see("a", 2, "2026-11-21T10:00:00Z");
  log.see("a", 3, "2026-11-23T10:00:00Z");
  CHECK(log.between("2026-11-20T00:00:00Z", "2026-11-22T00:00:00Z") == List{"b 1", "a 2"});
  CHECK(log.between("2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z") == List{"a 1", "b 1"});
  CHECK(log.between("2026-11-22T00:00:00Z", "2026-11-24T00:00:00Z") == List{"a 3"});
  CHECK(log.between("2026-11-21T10:00:00Z", "2026-11-21T10:00:00.001Z") == List{"a 2"});  // [since, until)
}

TEST_CASE("a story that was canceled or withheld in that time does not count") {
  Log log;
  log.see("a", 1, "2026-11-20T10:00:00Z");
  log.see("b", 1, "2026-11-20T10:00:00Z");
  log.see("c", 1, "2026-11-20T10:00:00Z", StoryStatus::withheld);
  log.see("a", 2, "2026-11-21T10:00:00Z", StoryStatus::canceled);
  log.see("b", 2, "2026-11-21T10:00:00Z", StoryStatus::withheld);
  log.see("b", 3, "2026-11-22T10:00:00Z");
  CHECK(log.between("2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z") == List{"a 1", "b 1"});
  CHECK(log.between("2026-11-20T00:00:00Z", "2026-11-22T00:00:00Z").empty());
  CHECK(log.between("2026-11-20T00:00:00Z", "2026-11-23T00:00:00Z") == List{"b 3"});
}

TEST_CASE("a long log is gone through in pieces, each story once") {
  Log log;
  for (int i = 0; i < 200; ++i) log.see("s" + std::to_string(i), 1, "2026-11-20T10:00:00Z");
  CHECK(log.between("2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z").size() == 200);
}

TEST_CASE("the log knows when it begins") {
  Log log;
  PastStories stories(log.db, at("2026-11-20T00:00:00Z"), at("2026-11-22T00:00:00Z"));
  CHECK_FALSE(stories.log_begins());
  log.see("a", 1, "2026-11-21T10:00:00Z");
  log.see("a", 2, "2026-11-22T10:00:00Z");
  CHECK(stories.log_begins() == at("2026-11-21T10:00:00Z"));
}

TEST_CASE("a story that cannot be read is an error of its own") {
  Log log;
  log.see("a", 1, "2026-11-20T10:00:00Z");
  log.see("b", 1, "2026-11-20T11:00:00Z");
  log.db.execute("UPDATE story SET json = '{' WHERE id = 'a'");
  PastStories stories(log.db, at("2026-11-20T00:00:00Z"), at("2026-11-22T00:00:00Z"));
  const auto some = stories.next();
  REQUIRE(some.size() == 2);
  REQUIRE_FALSE(some[0].story);
  CHECK(some[0].story.error().message.starts_with("story log, a:"));
  CHECK(some[1].story->id == "b");
}
