// A story for more readers than are written down at once: the first are sent to before the last are found,
// and whatever comes between, everybody gets it once.
#include <algorithm>
#include <set>

#include <catch2/catch.hpp>

#include "db/sqlite.hpp"
#include "outbox/orders.hpp"
#include "support/belts.hpp"

using namespace crier;
using namespace crier::test;
using namespace std::chrono_literals;

namespace {

const auto noon = at("2026-11-23T12:00:00Z");
constexpr int alert_count = 5000;
constexpr int reader_count = 5100;

// The last hundred get an edition, not an alert; every fiftieth gets it by a second rule, too.
std::string readers() {
  std::string rules =
      "topics: {harbours: {any: [harbour]}, reopenings: {any: [reopens]}}\n"
      "editions: {evening: {title: The Evening, at: \"18:00\", zone: UTC}}\n"
      "subscribers:\n";
  for (int i = 0; i < reader_count; ++i) {
    const auto name = "r" + std::to_string(i);
    rules += "  - {id: " + name + ", email: " + name + "@example.org, follow: [{topic: harbours" +
             (i < alert_count ? "}" : ", deliver: evening}") +
             (i % 50 == 0 ? ", {topic: reopenings, deliver: evening}" : "") + "]}\n";
  }
  return rules;
}

// No more than one chunk can be written while it lives.
class FullDatabase {
 public:
  explicit FullDatabase(Belts& belts) : belts_(belts) {
    belts_.change_database([](Sqlite& db) {
      db.execute(
          "CREATE TRIGGER full BEFORE INSERT ON chunk WHEN (SELECT COUNT(*) FROM chunk) > 0"
          " BEGIN SELECT RAISE(ABORT, 'no more'); END");
    });
  }
  ~FullDatabase() {
    belts_.change_database([](Sqlite& db) { db.execute("DROP TRIGGER full"); });
  }
  FullDatabase(const FullDatabase&) = delete;
  FullDatabase& operator=(const FullDatabase&) = delete;

 private:
  Belts& belts_;
};

struct Scene {
  TempFolder folder;
  Belts belts{readers(), noon};
  ScriptedChannel& email = belts.channel(ChannelKind::email);

  Scene() {
    email.set_handful(32);
    std::filesystem::create_directories(folder.path() / "inbox");
  }
  void watch() { belts.watch({.name = "desk", .path = folder.path() / "inbox", .url = {}, .failed = {}}); }
  void publish() {
    drop("h1.json", R"({"id": "h1", "title": "The harbour reopens", "body_text": "At last."})");
  }
  void drop(const std::string& name, std::string_view content) {
    const auto file = folder.write(name, content);
    std::filesystem::rename(file, folder.path() / "inbox" / name);
    belts.settle();
  }
  // When the others can be written down: by the next look, or after a crash.
  void go_on() {
    const bool crashes = GENERATE(false, true);
    CAPTURE(crashes);
    if (crashes)
      belts.crash();
    else
      belts.advance(5s);
    belts.settle();
  }
  void everybody_has_it_once() {
    std::set<std::string> got;
    for (const auto& sent : email.sent) got.insert(sent.subscriber);
    CHECK(got.size() == email.sent.size());
    CHECK(got.size() == alert_count);
    auto ledger = belts.ledger("h1");
    CHECK(ledger.balances());
    CHECK(ledger.total.delivered == alert_count);
    constexpr int in_evening = reader_count / 50 + (reader_count - alert_count) * 49 / 50;
    CHECK(ledger.total.queued == in_evening);
    belts.advance(6h);
    ledger = belts.ledger("h1");
    CHECK(ledger.balances());
    CHECK(ledger.total.delivered == alert_count + in_evening);
    CHECK(belts.ledger().batches.size() == 2);  // of the alert and of the evening
    CHECK(belts.failures.empty());
  }
};

}  // namespace

TEST_CASE("a large audience gets a story once, in one batch") {
  Scene scene;
  const auto accepted = scene.belts.accept(sample_story("h1", "The harbour reopens"));
  scene.belts.settle();
  CHECK(accepted.matched == scene.belts.ledger("h1").total.matched);
  scene.everybody_has_it_once();
}

TEST_CASE("the first readers of a large audience have a story when the others cannot be written down yet") {
  Scene scene;
  scene.watch();
  {
    const FullDatabase full(scene.belts);
    scene.publish();
    CHECK(scene.email.sent.size() > 100);
    CHECK(scene.email.sent.size() < alert_count);
    CHECK(scene.belts.ledger("h1").balances());
  }
  scene.go_on();
  scene.everybody_has_it_once();
}

TEST_CASE("the others get no alert when its time is over before they are written down") {
  Scene scene;
  scene.watch();
  std::size_t sent = 0;
  {
    const FullDatabase full(scene.belts);
    scene.publish();
    sent = scene.email.sent.size();
    scene.belts.advance(5h);
  }
  scene.go_on();
  CHECK(std::ranges::count_if(scene.email.sent, [](const auto& each) { return each.at > noon; }) == 0);
  CHECK(scene.email.sent.size() == sent);
  const auto ledger = scene.belts.ledger("h1");
  CHECK(ledger.balances());
  CHECK(ledger.total.failed.at("expired") > 0);
  CHECK(ledger.total.delivered == static_cast<std::int64_t>(sent));
}

TEST_CASE("a batch that is dropped before all its readers are in it is for none of the others") {
  Scene scene;
  scene.watch();
  std::size_t sent = 0;
  {
    const FullDatabase full(scene.belts);
    scene.publish();
    sent = scene.email.sent.size();
    const auto what =
        GENERATE(std::pair("batch", "1"), std::pair("lane", "alert"), std::pair("channel", "email"));
    scene.belts.give({Act::drop, parse_target(what.first, what.second).value(), "a mistake", "ops", {}});
    scene.belts.settle();
  }
  scene.go_on();
  CHECK(scene.email.sent.size() == sent);
  const auto ledger = scene.belts.ledger("h1");
  CHECK(ledger.balances());
  CHECK(ledger.total.suppressed.at("dropped: a mistake") == alert_count - static_cast<std::int64_t>(sent));
}

TEST_CASE("a story that is canceled before all its readers are written down goes to none of the others") {
  Scene scene;
  scene.watch();
  {
    const FullDatabase full(scene.belts);
    scene.publish();
    // By an order, or by a file behind the story's own.
    if (GENERATE(false, true))
      scene.drop("stop.json", R"({"id": "h1", "title": "The harbour reopens", "status": "canceled"})");
    else
      scene.belts.cancel("h1");
  }
  const auto sent = scene.email.sent.size();
  scene.go_on();
  scene.belts.advance(10h);
  CHECK(scene.email.sent.size() == sent);
  const auto ledger = scene.belts.ledger("h1");
  CHECK(ledger.balances());
  CHECK(ledger.total.queued == 0);
}
