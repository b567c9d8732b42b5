// What is kept of texts for comparing them.
#include "story/story_groups.hpp"

#include <catch2/catch.hpp>

#include "db/schema.hpp"
#include "db/sqlite.hpp"

using namespace crier;

TEST_CASE("old prints go a few at a time, the oldest first") {
  Sqlite db(":memory:");
  migrate(db);
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
