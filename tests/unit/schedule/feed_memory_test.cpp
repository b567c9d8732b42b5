// What is kept about a feed: over a restart, and about where it lives.
#include "schedule/feed_memory.hpp"

#include <catch2/catch.hpp>

#include "db/sqlite.hpp"
#include "support/migrated.hpp"

using namespace crier;
using namespace crier::test;
using namespace std::chrono_literals;

namespace {

const std::string old_url = "https://example.org/feed";
const std::string new_url = "https://example.org/new";

FeedMemory sample_memory() {
  FeedMemory memory;
  memory.url = old_url;
  return memory;
}

FeedMemory moved_memory() {
  auto memory = sample_memory();
  for (int i = 0; i < believed_moves; ++i) note_move(memory, new_url, PollResult::unchanged);
  return memory;
}

struct Store {
  MigratedDatabase db;
};

}  // namespace

TEST_CASE("a feed is remembered whole, until it has another URL") {
  Store store;
  auto memory = sample_memory();
  store_feed(store.db, "plain", memory);
  CHECK(load_feed(store.db, "plain", old_url) == memory);

  memory.begun_at = memory.read_at = Time(20000h);
  memory.moved_to = new_url;
  memory.moved_times = 3;
  memory.validators = {new_url, "W/\"a b\"", "Sun, 06 Nov 1994 08:49:37 GMT"};
  memory.body_hash = std::string("\0\1\2", 3);
  memory.hints = {.ttl = 90min, .skipped_hours = 3, .skipped_days = 64};
  memory.pace = {7min, 2};
  memory.failure = "http-500";
  memory.ended = "http-410";
  memory.polled_at = memory.next_at = Time(20001h);
  store_feed(store.db, "full", memory);
  CHECK(load_feed(store.db, "full", old_url) == memory);

  FeedMemory fresh;
  fresh.url = new_url;
  CHECK(load_feed(store.db, "full", new_url) == fresh);
}

TEST_CASE("a permanent redirect is believed when it was given five times in a row") {
  auto memory = sample_memory();
  for (int i = 1; i < believed_moves; ++i) CHECK_FALSE(note_move(memory, new_url, PollResult::news));
  CHECK(memory.address() == old_url);
  CHECK(note_move(memory, new_url, PollResult::unchanged));
  CHECK(memory.address() == new_url);
  CHECK_FALSE(note_move(memory, "", PollResult::unchanged));
  CHECK(memory.address() == new_url);
}

TEST_CASE("a redirect that wavers, or leads to a failure, is not believed") {
  auto memory = sample_memory();
  for (int i = 0; i < 20; ++i) CHECK_FALSE(note_move(memory, i % 4 == 3 ? "" : new_url, PollResult::news));
  for (int i = 0; i < 20; ++i)
    CHECK_FALSE(note_move(memory, i % 2 == 0 ? new_url : "https://example.org/other", PollResult::unchanged));
  for (int i = 0; i < 20; ++i) CHECK_FALSE(note_move(memory, "https://portal.example", PollResult::failed));
  CHECK(memory.address() == old_url);
}

TEST_CASE("a feed that moved and fails there is asked again where it was") {
  auto memory = moved_memory();
  memory.pace.failures = believed_moves - 1;
  CHECK_FALSE(note_move(memory, "", PollResult::failed));
  ++memory.pace.failures;
  CHECK(note_move(memory, "", PollResult::failed));
  CHECK(memory.address() == old_url);
}

TEST_CASE("a feed that moved is no new one when its new URL is configured") {
  Store store;
  auto memory = moved_memory();
  memory.begun_at = Time(20000h);
  store_feed(store.db, "wire", memory);
  const auto known = load_feed(store.db, "wire", new_url);
  CHECK(known.begun_at == memory.begun_at);
  CHECK(known.url == new_url);
  CHECK(known.address() == new_url);
}
