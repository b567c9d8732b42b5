// What is kept about a feed: over a restart, and about where it lives.
#include "story/feed_memory.hpp"

#include <catch2/catch.hpp>

#include "db/schema.hpp"
#include "db/sqlite.hpp"

using namespace crier;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view old_url = "https://example.org/feed";
constexpr std::string_view new_url = "https://example.org/new";

FeedMemory sample_memory() {
  FeedMemory memory;
  memory.configured_url = memory.url = old_url;
  return memory;
}

FeedAnswer answer_from(std::string_view permanent_url, FeedAnswer::Kind kind = FeedAnswer::Kind::body) {
  FeedAnswer answer;
  answer.kind = kind;
  answer.permanent_url = permanent_url;
  return answer;
}

struct Store {
  Store() { migrate(db); }
  Sqlite db{":memory:"};
};

}  // namespace

TEST_CASE("a feed is remembered whole, and forgotten with its URL or its place in the configuration") {
  Store store;
  auto memory = sample_memory();
  store_feed(store.db, "plain", memory);
  CHECK(load_feed(store.db, "plain", old_url) == memory);

  memory.url = new_url;
  memory.moving_to = "https://example.org/newest";
  memory.moves = 3;
  memory.validators = {std::string(new_url), "W/\"a b\"", "Sun, 06 Nov 1994 08:49:37 GMT"};
  memory.body_hash = std::string("\0\1\2", 3);
  memory.pace = {.ttl = 90min, .skipped_hours = 3, .skipped_days = 64};
  memory.interval = 7min;
  memory.failures = 2;
  memory.failure = "answered 500";
  memory.failing_since = memory.noted_at = memory.fetched_at = memory.next_at = Time(20000h);
  memory.ended = "answered 410";
  store_feed(store.db, "full", memory);
  CHECK(load_feed(store.db, "full", old_url) == memory);

  CHECK_FALSE(load_feed(store.db, "full", "https://example.org/else"));
  forget_other_feeds(store.db, {"full"});
  CHECK(load_feed(store.db, "full", old_url));
  CHECK_FALSE(load_feed(store.db, "plain", old_url));
}

TEST_CASE("a permanent redirect is believed when it was given five times in a row") {
  auto memory = sample_memory();
  for (int i = 1; i < moves_to_believe; ++i) CHECK_FALSE(follow_move(memory, answer_from(new_url)));
  CHECK(memory.url == old_url);
  CHECK(follow_move(memory, answer_from(new_url, FeedAnswer::Kind::unchanged)));
  CHECK(memory.url == new_url);
  CHECK_FALSE(follow_move(memory, answer_from(new_url)));
  CHECK(memory.url == new_url);
}

TEST_CASE("a feed that moved and fails is asked again where it was") {
  auto memory = sample_memory();
  memory.failures = 100;
  CHECK_FALSE(return_home(memory));
  memory.url = new_url;
  memory.failures = failures_to_return - 2;
  CHECK_FALSE(return_home(memory));
  ++memory.failures;
  CHECK(return_home(memory));
  CHECK(memory.url == old_url);
}

TEST_CASE("a feed that moved is no new one when its new URL is configured") {
  Store store;
  auto memory = sample_memory();
  memory.url = new_url;
  memory.noted_at = Time(20000h);
  store_feed(store.db, "wire", memory);
  auto known = load_feed(store.db, "wire", new_url);
  REQUIRE(known);
  CHECK(known->noted_at == memory.noted_at);
  CHECK(known->configured_url == new_url);
  store_feed(store.db, "wire", *known);
  CHECK_FALSE(load_feed(store.db, "wire", old_url));
}

TEST_CASE("a redirect that wavers, or leads to a failure, is not believed") {
  auto memory = sample_memory();
  for (int i = 0; i < 20; ++i) {
    CHECK_FALSE(follow_move(memory, answer_from(i % 4 == 3 ? old_url : new_url)));
    CHECK_FALSE(follow_move(memory, answer_from("https://portal.example", FeedAnswer::Kind::failed)));
  }
  for (int i = 0; i < 20; ++i)
    CHECK_FALSE(follow_move(memory, answer_from(i % 2 == 0 ? new_url : "https://example.org/other")));
  CHECK(memory.url == old_url);
}
