// What a story owes is claimed in the job that writes it down. Whatever keeps either from being written,
// nothing is sent that is not on the disk, and nothing that is is forgotten.
#include <catch2/catch.hpp>

#include "db/sqlite.hpp"
#include "support/belts.hpp"

using namespace crier;
using namespace crier::test;
using namespace std::chrono_literals;

namespace {

const auto noon = at("2026-11-23T12:00:00Z");

constexpr std::string_view rules =
    "topics: {harbours: {any: [harbour]}}\n"
    "subscribers:\n"
    "  - {id: amara, email: amara@example.org, follow: [{topic: harbours}]}\n";

struct Scene {
  Belts belts{rules, noon};
  ScriptedChannel& email = belts.channel(ChannelKind::email);

  void change(const char* sql) {
    belts.change_database([&](Sqlite& db) { db.execute(sql); });
  }
};

}  // namespace

TEST_CASE("a story whose deliveries cannot be claimed is taken, and sent once they can") {
  Scene scene;
  scene.change(
      "CREATE TRIGGER unclaimable BEFORE UPDATE OF claimed ON chunk BEGIN SELECT RAISE(ABORT, 'no claim'); "
      "END");
  REQUIRE(scene.belts.accept(sample_story("harbour", "The harbour reopens")).matched == 1);
  scene.belts.settle();
  REQUIRE(scene.email.sent.empty());
  const auto queued = scene.belts.ledger();
  REQUIRE(queued.total.queued == 1);
  scene.change("DROP TRIGGER unclaimable");
  scene.belts.advance(5s);
  REQUIRE(scene.email.sent.size() == 1);
  REQUIRE(scene.belts.ledger().total.delivered == 1);
}

TEST_CASE(
    "what was claimed along with a story that could not be kept is not sent, and the story comes again") {
  Scene scene;
  // A key that is missed when the transaction is committed.
  scene.change(
      "CREATE TABLE harbour (id INTEGER PRIMARY KEY);"
      "CREATE TABLE ship (harbour INTEGER REFERENCES harbour (id) DEFERRABLE INITIALLY DEFERRED);"
      "CREATE TRIGGER sinks AFTER INSERT ON story BEGIN INSERT INTO ship VALUES (1); END");
  REQUIRE_THROWS_AS(scene.belts.accept(sample_story("harbour", "The harbour reopens")), SqliteError);
  scene.belts.settle();
  REQUIRE(scene.email.sent.empty());
  REQUIRE(scene.belts.ledger().total.matched == 0);
  scene.change("DROP TRIGGER sinks");
  REQUIRE(scene.belts.accept(sample_story("harbour", "The harbour reopens")).matched == 1);
  scene.belts.settle();
  REQUIRE(scene.email.sent.size() == 1);
  REQUIRE(scene.belts.ledger().total.delivered == 1);
}
