// The operator's hand on belts that run: what is paused waits, what is dropped does not leave, at once and
// whatever the courier has taken already; and the books balance.
#include <algorithm>
#include <set>

#include <catch2/catch.hpp>

#include "outbox/audit.hpp"
#include "support/belts.hpp"

using namespace crier;
using namespace crier::test;
using namespace std::chrono_literals;

namespace {

const auto noon = at("2026-11-23T12:00:00Z");

// Ten readers of harbours; r0, r2, … at example.org, the others at example.com.
std::string ten_readers() {
  std::string rules = "topics: {harbours: {title: Harbours, any: [harbour]}}\nsubscribers:\n";
  for (int i = 0; i < 10; ++i) {
    const auto id = "r" + std::to_string(i);
    rules += "  - {id: " + id + ", email: " + id + (i % 2 == 0 ? "@example.org" : "@example.com") +
             ", follow: [{topic: harbours}]}\n";
  }
  return rules;
}

Order order(Act act, std::string_view kind, std::string_view name, Duration lasts = 1h) {
  return {act, parse_target(kind, name).value(), "because of a test", "ops", lasts};
}

Outcome outcome(OutcomeKind kind, std::string reason) {
  Outcome out;
  out.kind = kind;
  out.reason = std::move(reason);
  out.about_delivery = true;
  return out;
}

std::set<std::string> readers(const ScriptedChannel& channel) {
  std::set<std::string> out;
  for (const auto& sent : channel.sent) out.insert(sent.subscriber);
  return out;
}

struct Scene {
  Belts belts{ten_readers(), noon};
  ScriptedChannel& email = belts.channel(ChannelKind::email);

  void publish(const std::string& id) {
    belts.accept(sample_story(id, "The harbour " + id));
    belts.settle();
  }
  CarriedOut give(Order what) {
    belts.give(std::move(what));
    belts.settle();
    REQUIRE(belts.carried_out.size() == 1);
    auto done = std::move(belts.carried_out.front()).value();
    belts.carried_out.clear();
    return done;
  }
  // The books balance whenever they are looked at.
  Tally total() {
    const auto ledger = belts.ledger();
    CHECK(ledger.balances());
    return ledger.total;
  }
  ~Scene() { CHECK(belts.failures.empty()); }
};

}  // namespace

TEST_CASE("a paused lane waits, loses no attempts, and goes on when it is told to") {
  Scene scene;
  scene.give(order(Act::pause, "lane", "alert"));
  scene.publish("h1");
  scene.belts.advance(30min);
  CHECK(scene.email.sent.empty());
  CHECK(scene.total().queued == 10);
  int rows = -1;
  scene.belts.change_database([&](Sqlite& db) {
    auto count = db.query("SELECT COUNT(*) FROM exception");
    count.step();
    rows = static_cast<int>(count.integer(0));
  });
  CHECK(rows == 0);  // however many wait, none has a row of its own
  scene.give(order(Act::resume, "lane", "alert"));
  CHECK(scene.email.sent.size() == 10);
  CHECK(scene.total().delivered == 10);
}

TEST_CASE("what the courier has taken already waits, too") {
  Scene scene;
  scene.email.hold = {"r0", "r1", "r2", "r3"};  // all that it may send at once
  scene.publish("h1");
  REQUIRE(scene.email.sent.size() == 4);
  for (const auto* kind : {"lane", "channel"}) {
    const auto name = kind == std::string("lane") ? "alert" : "email";
    scene.give(order(Act::pause, kind, name));
  }
  for (const auto* reader : {"r0", "r1", "r2", "r3"}) scene.email.release(reader);
  scene.belts.settle();
  CHECK(scene.email.sent.size() == 4);  // these have left, and no others follow
  CHECK(scene.total().delivered == 4);
  CHECK(scene.total().queued == 6);
  scene.give(order(Act::resume, "lane", "alert"));
  CHECK(scene.email.sent.size() == 4);  // the channel still waits
  scene.give(order(Act::resume, "channel", "email"));
  CHECK(scene.email.sent.size() == 10);
  CHECK(std::ranges::all_of(scene.email.sent, [](const auto& sent) { return sent.attempt == 0; }));
  CHECK(scene.total().delivered == 10);
}

TEST_CASE("a paused domain holds up nobody else, and ends by itself") {
  Scene scene;
  scene.give(order(Act::pause, "domain", "example.org", 1h));
  scene.publish("h1");
  CHECK(readers(scene.email) == std::set<std::string>{"r1", "r3", "r5", "r7", "r9"});
  CHECK(scene.total().queued == 5);
  scene.belts.advance(59min);
  CHECK(scene.email.sent.size() == 5);
  scene.belts.advance(2min);
  CHECK(scene.email.sent.size() == 10);
  CHECK(scene.total().delivered == 10);
  std::vector<OperatorAct> acts;
  scene.belts.change_database([&](Sqlite& db) { acts = read_acts(db, 1); });
  CHECK(acts.at(0).what == "resume domain example.org");
  CHECK(acts.at(0).who == "crier");
}

TEST_CASE("a pause of one batch lets the next one pass") {
  Scene scene;
  scene.give(order(Act::pause, "channel", "email"));
  scene.publish("h1");
  const auto first = scene.belts.ledger().batches.front().batch_id;
  scene.give(order(Act::pause, "batch", std::to_string(first)));
  scene.give(order(Act::resume, "channel", "email"));
  scene.publish("h2");
  CHECK(scene.email.sent.size() == 10);
  CHECK(std::ranges::all_of(scene.email.sent,
                            [](const auto& sent) { return sent.titles.front() == "The harbour h2"; }));
  scene.give(order(Act::resume, "batch", std::to_string(first)));
  CHECK(scene.email.sent.size() == 20);
  CHECK(scene.total().delivered == 20);
}

TEST_CASE("a pause outlives a crash, and so does what waits for it") {
  Scene scene;
  scene.give(order(Act::pause, "lane", "alert", 3h));
  scene.give(order(Act::pause, "domain", "example.org", 3h));
  scene.publish("h1");
  scene.belts.crash();
  scene.belts.advance(1h);
  CHECK(scene.email.sent.empty());
  scene.give(order(Act::resume, "lane", "alert"));
  CHECK(scene.email.sent.size() == 5);
  scene.belts.crash();
  scene.belts.advance(1h);
  CHECK(scene.email.sent.size() == 5);
  scene.belts.advance(61min);
  CHECK(scene.email.sent.size() == 10);
}

TEST_CASE("what expires while it is paused fails, and says that it was") {
  for (const auto& [kind, name] : {std::pair("lane", "alert"), std::pair("domain", "example.org")}) {
    Scene scene;
    scene.give(order(Act::pause, kind, name, 24h * 30));
    scene.publish("h1");
    for (int day = 0; day < 6; ++day) scene.belts.advance(24h);
    const auto total = scene.total();
    const auto reason = std::string("expired: paused ") + kind + " " + name;
    REQUIRE(total.failed.contains(reason));
    CHECK(total.failed.at(reason) == (kind == std::string("lane") ? 10 : 5));
    CHECK(total.queued == 0);
  }
}

TEST_CASE("a retry that a pause holds ends with the others of its batch") {
  Scene scene;
  scene.email.answers = {outcome(OutcomeKind::retry_later, "smtp-4.2.2")};
  scene.email.hold = {"r1", "r2", "r3"};
  scene.publish("h1");
  REQUIRE(scene.email.sent.size() >= 4);
  scene.give(order(Act::pause, "lane", "alert", 24h * 30));
  for (const auto* reader : {"r1", "r2", "r3"}) scene.email.release(reader);
  scene.belts.settle();
  for (int hour = 0; hour < 5; ++hour) scene.belts.advance(1h);
  CHECK(scene.total().queued == 0);
}

TEST_CASE("what was being put back when a pause ended goes on with the others") {
  Scene scene;
  scene.email.set_handful(10);
  scene.email.hold = {"r9"};
  scene.give(order(Act::pause, "domain", "example.org", 24h));
  scene.publish("h1");
  CHECK(readers(scene.email) == std::set<std::string>{"r1", "r3", "r5", "r7", "r9"});
  scene.give(order(Act::resume, "domain", "example.org"));
  scene.email.release("r9");
  scene.belts.settle();
  scene.belts.advance(1s);
  CHECK(scene.email.sent.size() == 10);
  CHECK(scene.total().delivered == 10);
}

TEST_CASE("who was to get a story in a digest that was dropped gets its next version") {
  Belts belts(R"(
topics: {harbours: {title: Harbours, any: [harbour]}}
editions: {morning: {title: The Morning, at: "07:00", zone: UTC}}
subscribers:
  - {id: amara, email: amara@example.org, follow: [{topic: harbours, deliver: morning}]}
)",
              at("2026-11-23T06:00:00Z"));
  const auto& email = belts.channel(ChannelKind::email);
  belts.give(order(Act::pause, "lane", "digest", 2h));
  belts.accept(sample_story("h1", "The harbour burns"));
  belts.advance(1h);
  REQUIRE(belts.ledger().batches.size() == 1);
  belts.give(order(Act::drop, "batch", std::to_string(belts.ledger().batches.front().batch_id)));
  belts.advance(2h);
  REQUIRE(email.sent.empty());
  belts.accept(sample_story("h1", "The harbour does not burn"));
  belts.advance(24h);
  REQUIRE(email.sent.size() == 1);
  CHECK(email.sent.front().titles == std::vector<std::string>{"The harbour does not burn"});
  CHECK(belts.ledger().balances());
  CHECK(belts.failures.empty());
}

TEST_CASE("a batch is recalled while it is being sent, and what has left is told exactly") {
  Scene scene;
  scene.email.hold = {"r2", "r3", "r4", "r5"};
  scene.publish("h1");
  REQUIRE(scene.email.sent.size() == 6);  // r0 and r1 have theirs, four are under way
  const auto batch = std::to_string(scene.belts.ledger().batches.front().batch_id);
  scene.belts.give(order(Act::drop, "batch", batch));
  scene.belts.settle();
  CHECK(scene.belts.carried_out.empty());  // it waits for those
  CHECK(scene.total().suppressed.at("dropped: because of a test") == 8);
  for (const auto* reader : {"r2", "r3", "r4", "r5"}) scene.email.release(reader);
  scene.belts.settle();
  CHECK(scene.email.sent.size() == 6);
  REQUIRE(scene.belts.carried_out.size() == 1);
  const auto done = scene.belts.carried_out.front().value();
  CHECK(done.report.under_way.size() == 4);
  CHECK(done.endings.left == 4);
  CHECK(done.stopped() == 4);
  REQUIRE(done.batch.has_value());
  CHECK(done.batch->tally.delivered == 6);
  CHECK(done.batch->tally.suppressed.at("dropped: because of a test") == 4);
  CHECK(done.batch->balances());
  const auto total = scene.total();
  CHECK(total.delivered == 6);
  CHECK(total.queued == 0);
}

TEST_CASE("what was under way and did not arrive stays stopped, or says how it failed") {
  Scene scene;
  scene.email.hold = {"r0", "r1", "r2", "r3"};
  scene.email.answers = {outcome(OutcomeKind::retry_later, "smtp-4.2.2"),
                         outcome(OutcomeKind::refused, "smtp-5.1.1"), outcome(OutcomeKind::ambiguous, "lost"),
                         outcome(OutcomeKind::delivered, "")};
  scene.publish("h1");
  scene.belts.give(order(Act::drop, "lane", "alert"));
  scene.belts.settle();
  for (const auto* reader : {"r0", "r1", "r2", "r3"}) scene.email.release(reader);
  scene.belts.settle();
  REQUIRE(scene.belts.carried_out.size() == 1);
  const auto done = scene.belts.carried_out.front().value();
  CHECK(done.report.stopped == 10);
  CHECK(done.endings.left == 1);
  CHECK(done.endings.failed == 1);
  CHECK(done.endings.stopped == 1);
  CHECK(done.endings.ambiguous == 1);  // it would be repeated, and is not any more
  CHECK(done.stopped() == 7);
  scene.belts.advance(3h);
  CHECK(scene.email.sent.size() == 4);
  const auto total = scene.total();
  CHECK(total.delivered == 1);
  CHECK(total.failed.at("smtp-5.1.1") == 1);
  CHECK(total.suppressed.at("dropped: because of a test") == 7);
  CHECK(total.suppressed.at("dropped: because of a test, may have arrived") == 1);
}

TEST_CASE("what waits because its answer was lost may have arrived, and says so when it is dropped") {
  const auto [kind, by_name] = GENERATE(
      table<std::string, std::string>({{"lane", "alert"}, {"domain", "example.org"}, {"batch", ""}}));
  Scene scene;
  scene.email.answers = {outcome(OutcomeKind::ambiguous, "lost"),
                         outcome(OutcomeKind::retry_later, "smtp-4.2.2"),
                         outcome(OutcomeKind::retry_later, "smtp-4.2.2")};
  scene.publish("h1");
  const auto batch = std::to_string(scene.belts.ledger().batches.front().batch_id);
  const bool is_domain = kind == "domain";
  const auto done = scene.give(order(Act::drop, kind, by_name.empty() ? batch : by_name));
  CHECK(done.report.in_doubt == 1);
  CHECK(done.stopped() == (is_domain ? 1 : 2));
  CHECK(result_of(done.report) ==
        (is_domain ? "2 stopped, 1 may have arrived before" : "3 stopped, 1 may have arrived before"));
  scene.belts.advance(3h);
  const auto total = scene.total();
  CHECK(total.suppressed.at("dropped: because of a test, may have arrived") == 1);
  CHECK(total.suppressed.at("dropped: because of a test") == (is_domain ? 1 : 2));
  CHECK(total.queued == 0);
}

TEST_CASE("a lost answer is remembered by what is dropped in the middle of the next attempt") {
  Scene scene;
  scene.email.answers = {outcome(OutcomeKind::ambiguous, "lost")};
  scene.publish("h1");
  scene.email.answers = {outcome(OutcomeKind::retry_later, "smtp-4.2.2")};
  scene.email.hold = {"r0"};
  scene.belts.advance(2min);
  REQUIRE(scene.email.sent.size() == 11);
  scene.belts.give(order(Act::drop, "lane", "alert"));
  scene.belts.settle();
  scene.email.release("r0");
  scene.belts.settle();
  REQUIRE(scene.belts.carried_out.size() == 1);
  const auto done = scene.belts.carried_out.front().value();
  CHECK(done.report.in_doubt == 0);
  CHECK(done.endings.ambiguous == 1);
  CHECK(done.stopped() == 0);
  CHECK(scene.total().suppressed.at("dropped: because of a test, may have arrived") == 1);
}

TEST_CASE("what a cancelled story has sent without an answer may have arrived, and says so") {
  Scene scene;
  scene.email.answers = {outcome(OutcomeKind::ambiguous, "lost"),
                         outcome(OutcomeKind::retry_later, "smtp-4.2.2")};
  scene.publish("h1");
  REQUIRE(scene.total().queued == 2);
  scene.belts.cancel("h1");
  scene.belts.advance(3h);
  const auto total = scene.total();
  CHECK(scene.email.sent.size() == 10);
  std::int64_t doubts = 0;
  for (const auto& [reason, number] : total.suppressed)
    if (reason.ends_with(", may have arrived")) doubts += number;
  CHECK(doubts == 1);
  CHECK(total.queued == 0);
}

TEST_CASE("what a connection was given and has not begun is looked at again before it leaves") {
  Scene scene;
  scene.email.hold = {"r0", "r1", "r2", "r3"};
  scene.email.gives_back = true;
  scene.publish("h1");
  REQUIRE(scene.email.sent.size() == 4);
  SECTION("a domain is dropped") {
    const auto done = scene.give(order(Act::drop, "domain", "example.com"));
    CHECK(done.report.under_way.size() == 2);
    CHECK(done.stopped() == 5);
    CHECK(result_of(done) == "5 stopped");
    CHECK(scene.email.sent.size() == 5);
    CHECK(readers(scene.email) == std::set<std::string>{"r0", "r2", "r4", "r6", "r8"});
    CHECK(scene.total().delivered == 5);
  }
  SECTION("its story is canceled") {
    scene.belts.cancel("h1");
    scene.belts.settle();
    CHECK(scene.email.sent.empty());
    CHECK(scene.total().suppressed.at("canceled") == 10);
  }
  SECTION("its lane is paused") {
    scene.give(order(Act::pause, "lane", "alert"));
    CHECK(scene.email.sent.empty());
    CHECK(scene.total().queued == 10);
    scene.give(order(Act::resume, "lane", "alert"));
    CHECK(scene.email.sent.size() == 10);
    CHECK(std::ranges::count(scene.email.sent, 0, &ScriptedChannel::Sent::attempt) == 10);
    CHECK(scene.total().delivered == 10);
  }
}

TEST_CASE("the audit log says in the end what a recall came to") {
  Scene scene;
  scene.email.hold = {"r0", "r1", "r2", "r3"};
  scene.publish("h1");
  REQUIRE(scene.email.sent.size() == 4);
  scene.belts.give(order(Act::drop, "lane", "alert"));
  scene.belts.settle();
  for (const auto* reader : {"r0", "r1", "r2", "r3"}) scene.email.release(reader);
  scene.belts.settle();
  std::vector<OperatorAct> acts;
  scene.belts.change_database([&](Sqlite& db) { acts = read_acts(db, 10); });
  REQUIRE(acts.size() == 1);
  CHECK(acts[0].result == "6 stopped, 4 have left all the same");
}

TEST_CASE("one domain is dropped, the others get theirs") {
  Scene scene;
  scene.give(order(Act::pause, "channel", "email"));
  scene.publish("h1");
  CHECK(scene.give(order(Act::drop, "domain", "example.com")).stopped() == 5);
  scene.belts.change_database([&](Sqlite& db) {
    auto count = db.query("SELECT COUNT(*) FROM exception");
    count.step();
    CHECK(count.integer(0) == 0);  // however many they are, none has a row of its own
  });
  scene.give(order(Act::resume, "channel", "email"));
  CHECK(readers(scene.email) == std::set<std::string>{"r0", "r2", "r4", "r6", "r8"});
  CHECK(scene.total().suppressed.at("dropped: because of a test") == 5);
}

TEST_CASE("one delivery, or those that wait for one reason, are dropped or hastened") {
  Scene scene;
  scene.email.answers = {outcome(OutcomeKind::retry_later, "smtp-4.2.2"),
                         outcome(OutcomeKind::retry_later, "smtp-4.7.1"),
                         outcome(OutcomeKind::retry_later, "smtp-4.2.2")};
  scene.publish("h1");
  REQUIRE(scene.total().queued == 3);
  CHECK(scene.give(order(Act::retry, "reason", "smtp-4.0.0")).report.due_now == 0);
  CHECK(scene.give(order(Act::retry, "reason", "smtp-4.7.1")).report.due_now == 1);
  CHECK(scene.email.sent.size() == 11);
  CHECK(scene.email.sent.back().attempt == 1);
  CHECK(scene.total().queued == 2);
  const auto delivery = scene.email.sent.front().delivery_id;
  CHECK(scene.give(order(Act::drop, "delivery", delivery)).stopped() == 1);
  CHECK(scene.give(order(Act::drop, "reason", "smtp-4.2.2")).stopped() == 1);
  scene.belts.advance(3h);
  CHECK(scene.email.sent.size() == 11);
  CHECK(scene.total().suppressed.at("dropped: because of a test") == 2);
}

TEST_CASE("an order that means nothing changes nothing, and every other is in the audit log") {
  Scene scene;
  scene.publish("h1");
  for (const auto& wrong :
       {order(Act::drop, "batch", "4711"), order(Act::drop, "delivery", "x-1"),
        order(Act::resume, "lane", "alert"), order(Act::pause, "relay", "nowhere"),
        order(Act::pause, "reason", "smtp-4.2.2"), order(Act::drop, "relay", "nowhere")}) {
    scene.belts.give(wrong);
    scene.belts.settle();
    REQUIRE(scene.belts.carried_out.size() == 1);
    CHECK_FALSE(scene.belts.carried_out.front().has_value());
    scene.belts.carried_out.clear();
  }
  scene.give(order(Act::pause, "lane", "digest", 2h));
  scene.give(order(Act::resume, "lane", "digest"));
  std::vector<OperatorAct> acts;
  scene.belts.change_database([&](Sqlite& db) { acts = read_acts(db, 10); });
  REQUIRE(acts.size() == 2);
  CHECK(acts[0].what == "resume lane digest");
  CHECK(acts[1].what == "pause lane digest");
  CHECK(acts[1].why == "because of a test");
  CHECK(acts[1].who == "ops");
  CHECK(acts[1].result == "until 2026-11-23T14:00:00Z");
  CHECK(acts[1].at == noon);
}
