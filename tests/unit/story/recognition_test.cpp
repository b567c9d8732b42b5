// Which story is meant by an id.
#include "story/recognition.hpp"

#include <catch2/catch.hpp>

#include "db/sqlite.hpp"
#include "story/identity.hpp"
#include "story/story_groups.hpp"
#include "support/migrated.hpp"

using namespace crier;
using namespace crier::test;

namespace {

struct Log {
  void add(const std::string& id, const std::string& source) {
    Story story;
    story.id = id;
    story.version = 1;
    story.title = id;
    story.source = source;
    store_story(db, story, {0}, Time{});
  }
  std::string meant(std::string_view text) {
    const auto id = resolve_story_id(db, text);
    return id ? *id : "error: " + id.error().message;
  }

  MigratedDatabase db;
};

}  // namespace

TEST_CASE(
    "a story is found by its id, the one that its feed gives it, a former one, and by how these begin") {
  Log log;
  log.add("wire:https://wire.example.org/1", "wire");
  log.add("wire:1", "wire");
  log.add("other:1", "other");
  log.add("other:2", "other");
  log.add("h1", "desk");
  log.add("h12", "desk");
  const std::string longest(max_id_bytes, 'x');
  log.add(id_of_source("wire", longest), "wire");
  store_renaming(log.db, "wire:https://wire.example.org/new", "wire:https://wire.example.org/1");
  for (const auto* text : {"wire:https://wire.example.org/1", "https://wire.example.org/1", "https://wire",
                           "wire:https", "wire:https://wire.example.org/new", "https://wire.example.org/new"})
    CHECK(log.meant(text) == "wire:https://wire.example.org/1");
  CHECK(log.meant("wire:1") == "wire:1");
  CHECK(log.meant("2") == "other:2");
  CHECK(log.meant("h1") == "h1");
  CHECK(log.meant(longest) == id_of_source("wire", longest));
  CHECK(log.meant("1") == "error: \"1\" may be several stories: other:1, wire:1 …");
  CHECK(log.meant("h") == "error: \"h\" may be several stories: h1, h12 …");
  CHECK(log.meant("none") == "error: no story \"none\" has been seen");
}
