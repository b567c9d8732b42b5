// What is kept of texts for comparing them.
#include "story/story_groups.hpp"

#include <catch2/catch.hpp>

#include "db/sqlite.hpp"
#include "story/story_log.hpp"
#include "support/migrated.hpp"

using namespace crier;
using namespace crier::test;

TEST_CASE("old prints go a few at a time, the oldest first") {
  MigratedDatabase db;
  const auto seen = [](int hour) { return Time(std::chrono::hours(hour)); };
  const auto known = [&] {
    auto rows =
        db.query("SELECT group_concat(story_id, '') FROM (SELECT story_id FROM text_print ORDER BY 1)");
    rows.step();
    return std::string(rows.text(0));
  };
  for (const auto* id : {"c", "a", "d", "b"}) store_print(db, {id, "wire", "", {}, {}}, seen(id[0] - 'a'));
  CHECK(drop_prints(db, seen(3), 2) == 2);
  CHECK(known() == "cd");
  CHECK(drop_prints(db, seen(3), 2) == 1);
  CHECK(drop_prints(db, seen(3), 2) == 0);
  CHECK(known() == "d");
}

TEST_CASE("a feed that gives a story a new id each time it is read does not fill the database") {
  MigratedDatabase db;
  const auto count = [&] {
    auto rows = db.query("SELECT COUNT(*) FROM story_renaming");
    rows.step();
    return rows.integer(0);
  };
  store_renaming(db, "moved-once", "other");
  for (int i = 0; i < 1000; ++i) store_renaming(db, "id-" + std::to_string(i), "first");
  CHECK(count() == max_renamings + 1);
  CHECK(known_id(db, "id-999") == "first");
  CHECK(known_id(db, "id-990") == "first");
  CHECK(known_id(db, "moved-once") == "other");
}

TEST_CASE("a group ends when it is old and nothing of its stories is kept") {
  MigratedDatabase db;
  const auto hour = [](int number) { return Time(std::chrono::hours(number)); };
  const auto store = [&](std::string id) {
    Story story;
    story.id = std::move(id);
    story.version = 1;
    store_story(db, story, {0}, hour(0));
  };
  for (const auto* id : {"a", "b", "c", "d", "e", "f"}) store(id);
  join_group(db, "b", "a", hour(1));
  join_group(db, "d", "c", hour(1));
  join_group(db, "f", "e", hour(1));
  join_group(db, "e2", "e", hour(5));
  db.execute("UPDATE story SET json = '' WHERE id IN ('a', 'b', 'c', 'e', 'f')");
  CHECK(drop_groups(db, hour(1), 10) == 0);
  CHECK(drop_groups(db, hour(2), 10) == 1);
  CHECK_FALSE(is_in_group(db, "a"));
  CHECK_FALSE(is_in_group(db, "b"));
  CHECK(is_in_group(db, "d"));  // its text is kept
  CHECK(is_in_group(db, "f"));  // something has joined it
  CHECK(drop_groups(db, hour(6), 10) == 1);
  CHECK_FALSE(is_in_group(db, "f"));
}
