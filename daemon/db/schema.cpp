#include "db/schema.hpp"

#include <array>
#include <stdexcept>

#include <fmt/core.h>

#include "db/sqlite.hpp"

namespace crier {
namespace {

// Times are milliseconds since 1970 UTC. Each entry brings the database from version i to i + 1 and is
// never edited once released.
constexpr std::array migrations{
    R"sql(
-- One row per secret or counter that must outlive a restart.
CREATE TABLE setting (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;

-- Audiences are stored as numbers; a number is never given to another subscriber.
CREATE TABLE subscriber_number (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE);

CREATE TABLE story (
  id TEXT NOT NULL,
  version INTEGER NOT NULL,
  content_hash BLOB NOT NULL,
  status TEXT NOT NULL,
  title TEXT NOT NULL,
  seen_at INTEGER NOT NULL,
  matched INTEGER NOT NULL,      -- deliveries this version was planned for, suppressed ones included
  json TEXT NOT NULL,            -- the normalised story
  PRIMARY KEY (id, version)
);

-- One message to many: (story version or occurrence) x channel x lane.
CREATE TABLE batch (
  id INTEGER PRIMARY KEY,
  uid TEXT NOT NULL UNIQUE,      -- random, part of Message-IDs and webhook ids
  story_id TEXT,                 -- of an alert
  story_version INTEGER,
  edition TEXT,                  -- of a digest
  occurrence TEXT,               -- nominal local time, "2026-11-23T07:00"
  channel TEXT NOT NULL,
  lane INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  size INTEGER NOT NULL
);
CREATE INDEX batch_by_story ON batch (story_id, story_version) WHERE story_id IS NOT NULL;
CREATE INDEX batch_by_occurrence ON batch (edition, occurrence) WHERE edition IS NOT NULL;

-- Up to 4,096 members of a batch. A member is settled when its bit is set: delivered, unless an exception
-- row says otherwise. "open" counts the members that are neither settled nor have an exception row.
CREATE TABLE chunk (
  id INTEGER PRIMARY KEY,
  batch_id INTEGER NOT NULL REFERENCES batch,
  channel TEXT NOT NULL,
  lane INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  members BLOB NOT NULL,
  size INTEGER NOT NULL,
  settled BLOB NOT NULL,
  open INTEGER NOT NULL,
  suppressed TEXT,               -- why nobody in this chunk is sent anything
  claimed INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX chunk_by_batch ON chunk (batch_id);
CREATE INDEX chunk_ready ON chunk (channel, lane, due_at) WHERE open > 0 AND claimed = 0;

CREATE TABLE exception (
  chunk_id INTEGER NOT NULL REFERENCES chunk,
  number INTEGER NOT NULL,
  channel TEXT NOT NULL,
  lane INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('retry', 'sending', 'failed', 'suppressed')),
  attempts INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  reason TEXT NOT NULL,
  reply TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  claimed INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (chunk_id, number)
) WITHOUT ROWID;
CREATE INDEX exception_due ON exception (channel, lane, due_at) WHERE state = 'retry' AND claimed = 0;

-- What matched for an edition, in the order it came in; an occurrence takes a range of it.
CREATE TABLE digest_item (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  edition TEXT NOT NULL,
  channel TEXT NOT NULL,
  story_id TEXT NOT NULL,
  story_version INTEGER NOT NULL,
  members BLOB NOT NULL,
  size INTEGER NOT NULL,
  not_before INTEGER NOT NULL,         -- the embargo
  batch_id INTEGER REFERENCES batch,   -- the occurrence's batch, once there is one
  dropped TEXT                         -- why it will not be sent (the story was canceled)
);
CREATE INDEX digest_item_pending ON digest_item (edition, channel) WHERE batch_id IS NULL AND dropped IS NULL;
CREATE INDEX digest_item_by_story ON digest_item (story_id, story_version);
CREATE INDEX digest_item_by_batch ON digest_item (batch_id) WHERE batch_id IS NOT NULL;

CREATE TABLE occurrence (
  edition TEXT NOT NULL,
  nominal TEXT NOT NULL,
  at INTEGER NOT NULL,
  result TEXT NOT NULL,          -- "sent", or "skipped: why"
  PRIMARY KEY (edition, nominal)
) WITHOUT ROWID;

CREATE TABLE suppression (
  channel TEXT NOT NULL,
  address TEXT NOT NULL,         -- normalised
  reason TEXT NOT NULL,
  since INTEGER NOT NULL,
  PRIMARY KEY (channel, address)
) WITHOUT ROWID;
)sql",
    R"sql(
-- A dropped item with a batch was left out of some of its messages. Every settlement asks whether its batch has
-- any, and must not read audiences for that.
CREATE INDEX digest_item_left_out ON digest_item (batch_id, dropped)
  WHERE batch_id IS NOT NULL AND dropped IS NOT NULL;
)sql",
    R"sql(
-- Of the story, 1 to 8: which stories go into a digest that cannot hold them all.
ALTER TABLE digest_item ADD COLUMN urgency INTEGER NOT NULL DEFAULT 5;
)sql",
    R"sql(
-- What is known of a polled feed between two polls: see FeedMemory.
CREATE TABLE feed (
  name TEXT PRIMARY KEY,         -- of the source
  url TEXT NOT NULL,
  begun_at INTEGER,
  moved_to TEXT NOT NULL,
  moved_times INTEGER NOT NULL,
  etag TEXT NOT NULL,
  last_modified TEXT NOT NULL,
  body_hash BLOB NOT NULL,
  interval INTEGER NOT NULL,     -- milliseconds
  failures INTEGER NOT NULL,
  failure TEXT NOT NULL,
  ended TEXT NOT NULL,
  polled_at INTEGER NOT NULL,
  next_at INTEGER NOT NULL,
  read_at INTEGER,
  new_at INTEGER
) WITHOUT ROWID;
)sql",
    R"sql(
-- From now on story.json is compressed (a BLOB), and empty when the text has been taken away for its age; what
-- is asked of every story stands beside it.
ALTER TABLE story ADD COLUMN url TEXT;
ALTER TABLE story ADD COLUMN embargo TEXT;   -- RFC 3339
UPDATE story SET url = json_extract(json, '$.url'), embargo = json_extract(json, '$.embargo')
  WHERE json_valid(json);
CREATE INDEX story_text ON story (seen_at) WHERE json <> '';
)sql",
    R"sql(
-- What articles are compared by, and what came of it: see story_groups.hpp. Hashes are 64 bits each.
ALTER TABLE story ADD COLUMN source TEXT;
ALTER TABLE story ADD COLUMN site TEXT;
CREATE TABLE text_print (
  story_id TEXT PRIMARY KEY,
  source TEXT NOT NULL,
  url TEXT NOT NULL,             -- canonical; empty = none
  seen_at INTEGER NOT NULL,
  simhash INTEGER NOT NULL,
  whole INTEGER NOT NULL,
  title INTEGER NOT NULL,
  words INTEGER NOT NULL,
  quarter0 INTEGER NOT NULL,     -- of the simhash, 16 bits each
  quarter1 INTEGER NOT NULL,
  quarter2 INTEGER NOT NULL,
  quarter3 INTEGER NOT NULL
);
CREATE INDEX text_print_seen ON text_print (seen_at);
CREATE INDEX text_print_url ON text_print (url) WHERE url <> '';
CREATE INDEX text_print_whole ON text_print (whole);
CREATE INDEX text_print_title ON text_print (title);
CREATE INDEX text_print_quarter0 ON text_print (quarter0);
CREATE INDEX text_print_quarter1 ON text_print (quarter1);
CREATE INDEX text_print_quarter2 ON text_print (quarter2);
CREATE INDEX text_print_quarter3 ON text_print (quarter3);
CREATE TABLE story_renaming (id TEXT PRIMARY KEY, former_id TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE story_group (
  story_id TEXT PRIMARY KEY,
  number INTEGER NOT NULL,       -- of the group
  since INTEGER NOT NULL
);
CREATE INDEX story_group_number ON story_group (number);
)sql",
    R"sql(
-- Whose validators these are, and what the feed itself said about how often it wants to be read.
ALTER TABLE feed ADD COLUMN validated_url TEXT NOT NULL DEFAULT '';
ALTER TABLE feed ADD COLUMN ttl INTEGER;                              -- milliseconds
ALTER TABLE feed ADD COLUMN skipped_hours INTEGER NOT NULL DEFAULT 0;
ALTER TABLE feed ADD COLUMN skipped_days INTEGER NOT NULL DEFAULT 0;
)sql",
    R"sql(
-- Each source that a story has come by, and when the last one did that was not known.
CREATE TABLE source (name TEXT PRIMARY KEY, last_story INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO source SELECT name, new_at FROM feed WHERE new_at IS NOT NULL;
ALTER TABLE feed DROP COLUMN new_at;
)sql",
    R"sql(
-- Each feed's standing with a WebSub hub: see HubLease.
CREATE TABLE hub_lease (
  source TEXT PRIMARY KEY,
  hub TEXT NOT NULL,
  topic TEXT NOT NULL,
  callback TEXT NOT NULL,
  token TEXT NOT NULL,
  secret TEXT NOT NULL,
  is_asked INTEGER NOT NULL,
  asked_at INTEGER,
  granted_at INTEGER,
  expires_at INTEGER
) WITHOUT ROWID;
)sql",
    R"sql(
-- Of short texts it tells whether they are one story under two ids.
ALTER TABLE text_print ADD COLUMN published INTEGER;
)sql",
    R"sql(
-- Whose a story is counts for what may change it.
UPDATE story SET source = json_extract(json, '$.source')
  WHERE source IS NULL AND typeof(json) = 'text' AND json_valid(json);
)sql",
    R"sql(
-- Of the words of a title that tell something, 8 hexadecimal digits each. No title is 0 from now on.
ALTER TABLE text_print ADD COLUMN title_words TEXT NOT NULL DEFAULT '';
UPDATE text_print SET title = 0 WHERE title = -3750763034362895579;
DROP INDEX text_print_title;
CREATE INDEX text_print_title ON text_print (title, seen_at) WHERE title <> 0;
CREATE INDEX story_renaming_former ON story_renaming (former_id);
)sql",
    R"sql(
-- Between which numbers the members of a chunk are (all of them, if an older crier wrote it). When the first and
-- the last of its deliveries were settled at their first attempt, or the chunk was suppressed as a whole; those
-- that were delivered after they had waited are in "late": see LateMarks.
ALTER TABLE chunk ADD COLUMN first_number INTEGER NOT NULL DEFAULT 0;
ALTER TABLE chunk ADD COLUMN last_number INTEGER NOT NULL DEFAULT 4294967295;
ALTER TABLE chunk ADD COLUMN settled_from INTEGER;
ALTER TABLE chunk ADD COLUMN settled_until INTEGER;
ALTER TABLE chunk ADD COLUMN late BLOB;
DROP INDEX chunk_by_batch;
CREATE INDEX chunk_by_batch ON chunk (batch_id, first_number, last_number);
CREATE INDEX digest_item_without_batch ON digest_item (seq, dropped) WHERE batch_id IS NULL;
)sql",
    R"sql(
-- Which of a story's renamings are the last ones, and which groups are old: neither may grow without end.
ALTER TABLE story_renaming ADD COLUMN number INTEGER NOT NULL DEFAULT 0;   -- of those of one story, from 1
DROP INDEX story_renaming_former;
CREATE INDEX story_renaming_former ON story_renaming (former_id, number);
CREATE INDEX story_group_since ON story_group (since);
)sql",
    R"sql(
-- What an operator has told to wait. Chunks and retries that a pause holds have claimed = 2.
CREATE TABLE pause (
  kind TEXT NOT NULL,            -- channel, relay, domain, lane, batch
  name TEXT NOT NULL,
  why TEXT NOT NULL,
  who TEXT NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER NOT NULL,
  channel TEXT,                  -- that is held as a whole
  PRIMARY KEY (kind, name)
) WITHOUT ROWID;
-- What operators have done by hand.
CREATE TABLE operator_act (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  who TEXT NOT NULL,
  what TEXT NOT NULL,
  why TEXT NOT NULL,
  result TEXT NOT NULL
);
CREATE INDEX chunk_held ON chunk (expires_at) WHERE claimed = 2;
CREATE INDEX exception_held ON exception (chunk_id) WHERE claimed = 2;
-- What is owed, found among all that was.
CREATE INDEX chunk_owed ON chunk (channel, lane, batch_id) WHERE open > 0;
CREATE INDEX exception_owed ON exception (channel, lane, chunk_id) WHERE state IN ('retry', 'sending');
)sql",
    R"sql(
-- What the ledger no longer tells, and is being deleted (a batch), or is only known should it come again (a story).
ALTER TABLE story ADD COLUMN retired INTEGER NOT NULL DEFAULT 0;
ALTER TABLE batch ADD COLUMN retired INTEGER NOT NULL DEFAULT 0;
CREATE INDEX story_in_ledger ON story (seen_at) WHERE retired = 0;
CREATE INDEX batch_retired ON batch (id) WHERE retired = 1;
)sql",
    R"sql(
-- Whether all who are owed a story are in the outbox; of a large audience the first are before the others.
ALTER TABLE story ADD COLUMN planned INTEGER NOT NULL DEFAULT 1;
CREATE INDEX story_unplanned ON story (id) WHERE planned = 0;
)sql",
    R"sql(
-- Why an operator has dropped it, when not all of its readers were in it yet: it is not for the others either.
ALTER TABLE batch ADD COLUMN dropped TEXT;
)sql",
    R"sql(
-- Whether it is of the backlog of its source, and so for nobody. It was not kept until now; what nobody was
-- owed may have been, and is not to be mailed for having changed.
ALTER TABLE story ADD COLUMN noted INTEGER NOT NULL DEFAULT 0;
UPDATE story SET noted = 1
  WHERE (SELECT status FROM story AS first WHERE first.id = story.id ORDER BY version LIMIT 1) = 'usable'
  AND NOT EXISTS (SELECT 1 FROM story AS other WHERE other.id = story.id AND other.matched > 0);
)sql",
    R"sql(
-- Whether an earlier attempt may have arrived: its answer was lost.
ALTER TABLE exception ADD COLUMN in_doubt INTEGER NOT NULL DEFAULT 0;
)sql",
    R"sql(
-- In the order they are sent in: rows with audiences of millions in them must not be sorted for each claim.
DROP INDEX digest_item_by_batch;
CREATE INDEX digest_item_by_batch ON digest_item (batch_id, urgency, seq DESC) WHERE batch_id IS NOT NULL;
)sql",
    R"sql(
-- What was stopped during an attempt, until it is known what became of that.
CREATE INDEX exception_may_be_out ON exception (chunk_id) WHERE state = 'suppressed' AND claimed = 1;
-- The yes to what was delivered, of small batches.
CREATE TABLE reply (
  chunk_id INTEGER NOT NULL,
  number INTEGER NOT NULL,       -- of the subscriber
  reply TEXT NOT NULL,
  PRIMARY KEY (chunk_id, number)
) WITHOUT ROWID;
)sql",
    R"sql(
-- Of batches that are being planned.
CREATE INDEX chunk_planned ON chunk (batch_id) WHERE claimed = 3;
-- When the file that a version was in was put into its folder; of what came otherwise nothing.
ALTER TABLE story ADD COLUMN put_at INTEGER;
)sql",
};

int schema_version(Sqlite& db) {
  auto version = db.query("PRAGMA user_version");
  version.step();
  return static_cast<int>(version.integer(0));
}

// In a transaction.
void run_migrations(Sqlite& db, int from, int to) {
  for (auto i = static_cast<std::size_t>(from); i < static_cast<std::size_t>(to); ++i)
    db.execute(migrations.at(i));
  db.execute(fmt::format("PRAGMA user_version = {}", to).c_str());
}

}  // namespace

void migrate(Sqlite& db) {
  Transaction transaction(db);
  const int found = schema_version(db);
  if (found > static_cast<int>(migrations.size()))
    throw std::runtime_error(
        fmt::format("the database has version {}, this crier knows {}: run the newer crier that wrote it",
                    found, migrations.size()));
  run_migrations(db, found, newest_schema_version());
  transaction.commit();
}

void migrate_to(Sqlite& db, int version) {
  Transaction transaction(db);
  run_migrations(db, schema_version(db), version);
  transaction.commit();
}

int newest_schema_version() {
  return static_cast<int>(migrations.size());
}

bool has_current_schema(Sqlite& db) {
  return schema_version(db) == newest_schema_version();
}

}  // namespace crier
