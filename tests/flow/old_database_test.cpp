// What an earlier crier left is brought to this version and used: what was owed is sent, what was seen is
// known, and the books are the same.
#include <algorithm>

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "base/compression.hpp"
#include "db/schema.hpp"
#include "db/time_column.hpp"
#include "outbox/members.hpp"
#include "schedule/feed_memory.hpp"
#include "story/story_groups.hpp"
#include "story/story_log.hpp"
#include "support/belts.hpp"
#include "text/text_print.hpp"

using namespace crier;
using namespace crier::test;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view readers = R"(
topics: {harbours: {title: Harbours, any: [harbour]}}
editions: {morning: {title: The Morning, at: "07:00", zone: UTC}}
subscribers:
  - {id: amara, email: amara@example.org, follow: [{topic: harbours}]}
  - {id: bruno, email: bruno@example.org, follow: [{topic: harbours}]}
  - {id: carla, email: carla@example.org, follow: [{topic: harbours, deliver: morning}]}
  - {id: dora, email: dora@example.org, follow: [{topic: harbours}]}
  - {id: emil, email: emil@example.org, follow: [{topic: harbours}]}
)";

const auto noon = at("2026-11-24T12:00:00Z");
const std::string feed_url = "https://wire.example.org/rss.xml";

// The versions from which on the database has what the test asks for.
constexpr int compresses_texts = 5;
constexpr int compares_texts = 6;
constexpr int keeps_feeds = 4;
constexpr int keeps_sources = 8;

Story harbour() {
  auto story = sample_story("h1", "The harbour reopens", "Ships of many flags waited before the harbour.");
  story.version = 1;
  story.source = "wire";
  story.published = noon - 2h;
  return story;
}

std::string members(std::initializer_list<std::uint32_t> numbers) {
  Audience audience{{"Harbours"}, {}};
  for (const auto number : numbers) audience.members.push_back({number, 0});
  return encode_audience(audience);
}

void add_story(Sqlite& db, int version) {
  const auto story = harbour();
  const auto json = boost::json::serialize(to_json(story));
  auto insert = db.query(
      "INSERT INTO story (id, version, content_hash, status, title, seen_at, matched, json)"
      " VALUES ('h1', 1, ?, 'usable', 'The harbour reopens', ?, 5, ?)");
  insert.bind_blob(0, content_hash(story)).bind(1, to_ms(noon - 1h));
  if (version < compresses_texts)
    insert.bind(2, json);
  else
    insert.bind_blob(2, compress(json));
  insert.run();
  if (version >= compresses_texts)
    db.query("UPDATE story SET url = ?, embargo = ''").bind(0, story.url).run();
  if (version >= compares_texts) {
    db.execute("UPDATE story SET source = 'wire', site = ''");
    db.execute("INSERT INTO story_renaming (id, former_id) VALUES ('h1-moved', 'h1')");
    db.execute("INSERT INTO story_group (story_id, number, since) VALUES ('h1', 7, 0), ('gone', 7, 0)");
  }
}

// Of five readers one has the story, one was refused it, one is to be tried again, one waits for its turn,
// and one for an edition.
void add_books(Sqlite& db) {
  db.execute(
      "INSERT INTO subscriber_number (number, id) VALUES (1, 'amara'), (2, 'bruno'), (3, 'carla'), (4, "
      "'dora'),"
      " (5, 'emil')");
  db.query(
        "INSERT INTO batch (id, uid, story_id, story_version, channel, lane, created_at, size)"
        " VALUES (1, 'abc', 'h1', 1, 'email', 3, ?, 4)")
      .bind(0, to_ms(noon - 1h))
      .run();
  SettledBits settled(4);
  settled.set(0);
  settled.set(2);
  db.query(
        "INSERT INTO chunk (id, batch_id, channel, lane, due_at, expires_at, members, size, settled, open)"
        " VALUES (1, 1, 'email', 3, ?, ?, ?, 4, ?, 1)")
      .bind(0, to_ms(noon - 1h))
      .bind(1, to_ms(noon + 24h))
      .bind_blob(2, members({1, 2, 4, 5}))
      .bind_blob(3, settled.bytes())
      .run();
  db.query(
        "INSERT INTO exception (chunk_id, number, channel, lane, state, attempts, due_at, reason, reply,"
        " updated_at) VALUES (1, 4, 'email', 3, 'failed', 1, 0, 'smtp-5.1.1', '550 unknown', 0),"
        " (1, 5, 'email', 3, 'retry', 1, ?, 'smtp-4.3.2', '450 later', 0)")
      .bind(0, to_ms(noon - 1min))
      .run();
  db.query(
        "INSERT INTO digest_item (edition, channel, story_id, story_version, members, size, not_before)"
        " VALUES ('morning', 'email', 'h1', 1, ?, 1, 0)")
      .bind_blob(0, members({3}))
      .run();
}

void add_feed(Sqlite& db, int version) {
  db.query(
        "INSERT INTO feed (name, url, begun_at, moved_to, moved_times, etag, last_modified, body_hash, "
        "interval,"
        " failures, failure, ended, polled_at, next_at, read_at)"
        " VALUES ('wire', ?, ?, '', 0, '\"e1\"', '', x'00', 60000, 0, '', '', ?, ?, ?)")
      .bind(0, feed_url)
      .bind(1, to_ms(noon - 48h))
      .bind(2, to_ms(noon - 1min))
      .bind(3, to_ms(noon + 1min))
      .bind(4, to_ms(noon - 1min))
      .run();
  const auto* news = version < keeps_sources ? "UPDATE feed SET new_at = ?"
                                             : "INSERT INTO source (name, last_story) VALUES ('wire', ?)";
  db.query(news).bind(0, to_ms(noon - 1h)).run();
}

std::int64_t sent_to(Belts& belts, std::string_view reader) {
  return std::ranges::count(belts.channel(ChannelKind::email).sent, reader,
                            &ScriptedChannel::Sent::subscriber);
}

}  // namespace

TEST_CASE("a database of any earlier version is taken over with stories, deliveries and books") {
  const int version = GENERATE(range(1, newest_schema_version()));
  CAPTURE(version);
  TempFolder folder;
  const auto path = folder.path() / "old.db";
  {
    Sqlite db(path);
    migrate_to(db, version);
    add_story(db, version);
    add_books(db);
    if (version >= keeps_feeds) add_feed(db, version);
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)");
  }
  Belts belts(readers, noon, path);
  belts.settle();
  CHECK(sent_to(belts, "amara") == 0);  // has it
  CHECK(sent_to(belts, "bruno") == 1);
  CHECK(sent_to(belts, "dora") == 0);  // was refused it
  CHECK(sent_to(belts, "emil") == 1);
  belts.advance(20h);
  CHECK(sent_to(belts, "carla") == 1);
  const auto ledger = belts.ledger("h1");
  CHECK(ledger.balances());
  CHECK(ledger.total.delivered == 4);
  CHECK(ledger.total.failed.at("smtp-5.1.1") == 1);

  // What was seen is known.
  CHECK(belts.accept(harbour()).novelty == Novelty::unchanged);
  auto moved = harbour();
  moved.id = version >= compares_texts ? "h1-moved" : "h1";
  moved.body_text += " Two are in.";
  CHECK(belts.accept(moved).id == "h1");
  belts.settle();
  CHECK(sent_to(belts, "dora") == 1);  // nobody but her has not got it
  auto killed = harbour();
  killed.status = StoryStatus::canceled;
  CHECK(belts.accept(killed).novelty == Novelty::update);
  CHECK(belts.accept(harbour()).novelty == Novelty::dead);
  belts.advance(24h);
  CHECK(belts.channel(ChannelKind::email).sent.size() == 4);

  belts.change_database([&](Sqlite& db) {
    CHECK(has_current_schema(db));
    const auto story = load_story(db, "h1", 1);
    REQUIRE(story);
    CHECK(story->body_text == harbour().body_text);
    auto row = db.query("SELECT url, source FROM story WHERE id = 'h1' AND version = 1");
    REQUIRE(row.step());
    CHECK(row.text(0) == harbour().url);
    // That version kept no source beside the compressed text.
    CHECK(row.text(1) == (version == compresses_texts ? "" : "wire"));
    if (version < keeps_feeds) return;
    const auto feed = load_feed(db, "wire", feed_url);
    CHECK(feed.begun_at == noon - 48h);
    CHECK(feed.validators.etag == "\"e1\"");
    CHECK(feed.next_at == noon + 1min);
  });
  CHECK(belts.failures.empty());
  CHECK(belts.ledger().balances());
}
