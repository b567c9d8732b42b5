// Both belts on a manual clock: what a reader gets, when, and what the ledger says of it.
#include <algorithm>
#include <set>

#include <catch2/catch.hpp>

#include "outbox/reader_ledger.hpp"
#include "support/belts.hpp"

using namespace crier;
using namespace crier::test;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view readers = R"(
topics:
  harbours: {title: Harbours, any: [harbour]}
  bridges: {title: Bridges, any: [bridge]}
editions:
  morning: {title: The Morning, at: "07:00", zone: Africa/Lagos}
subscribers:
  - id: amara
    email: amara@example.org
    whatsapp: "+2348012345678"
    timezone: Africa/Lagos
    quiet_hours: 22:00-06:30
    follow:
      - {topic: harbours, by: [email, whatsapp]}
      - {topic: bridges, by: [email]}
  - id: bruno
    email: bruno@example.org
    follow:
      - {topic: harbours, deliver: morning}
  - id: machine
    webhook: http://127.0.0.1:9/hook
    follow:
      - {topic: harbours}
)";

const auto noon = at("2026-11-23T12:00:00Z");

// This many readers who get alerts of harbours by e-mail.
std::string harbour_readers(int count) {
  std::string rules = "topics: {harbours: {any: [harbour]}}\nsubscribers:\n";
  for (int i = 0; i < count; ++i)
    rules += "  - {id: r" + std::to_string(i) + ", email: r" + std::to_string(i) +
             "@example.org, follow: [{topic: harbours}]}\n";
  return rules;
}

Outcome outcome(OutcomeKind kind, std::string reason) {
  Outcome out;
  out.kind = kind;
  out.reason = std::move(reason);
  return out;
}

}  // namespace

TEST_CASE("a story reaches everybody who asked for it, once, with the reason") {
  Belts belts(readers, noon);
  const auto accepted = belts.accept(sample_story("h1", "The harbour bridge reopens"));
  CHECK(accepted.novelty == Novelty::fresh);
  CHECK(accepted.matched == 4);
  belts.settle();
  REQUIRE(belts.channel(ChannelKind::email).sent.size() == 1);
  CHECK(belts.channel(ChannelKind::email).sent[0].subscriber == "amara");
  CHECK(belts.channel(ChannelKind::email).sent[0].reason ==
        "You follow Harbours, Bridges (“harbour”, “bridge”)");
  CHECK(belts.channel(ChannelKind::whatsapp).sent.size() == 1);
  CHECK(belts.channel(ChannelKind::webhook).sent.size() == 1);
  const auto ledger = belts.ledger();
  CHECK(ledger.balances());
  CHECK(ledger.total.matched == 4);
  CHECK(ledger.total.delivered == 3);
  CHECK(ledger.total.queued == 1);  // bruno's morning edition
  CHECK(belts.failures.empty());
}

TEST_CASE("the ledger says what the other side said to a delivery") {
  Belts belts(readers, noon);
  Outcome taken;
  taken.kind = OutcomeKind::delivered;
  taken.reply = "250 2.0.0 Ok: queued as 4F2A";
  belts.channel(ChannelKind::email).answers = {taken};
  belts.accept(sample_story("h1", "The harbour bridge reopens"));
  belts.settle();
  belts.change_database([&](Sqlite& db) {
    const auto ledger = read_reader_ledger(db, number_of_subscriber(db, "amara").value(), 20);
    const auto mail = std::ranges::find(ledger.deliveries, ChannelKind::email, &LedgerDelivery::channel);
    REQUIRE(mail != ledger.deliveries.end());
    CHECK(mail->state == DeliveryState::delivered);
    CHECK(mail->reply == taken.reply);
  });
}

TEST_CASE("the same story again is no news; a later version reaches only those who had none") {
  Belts belts(readers, noon);
  belts.accept(sample_story("h1", "The harbour reopens"));
  belts.settle();
  CHECK(belts.accept(sample_story("h1", "The harbour reopens")).novelty == Novelty::unchanged);
  auto dated = sample_story("h1", "The harbour reopens");
  dated.published = dated.updated = noon;
  CHECK(belts.accept(dated).novelty == Novelty::unchanged);
  const auto update = belts.accept(sample_story("h1", "The harbour reopens, and a bridge"));
  CHECK(update.novelty == Novelty::update);
  CHECK(update.version == 2);
  belts.settle();
  CHECK(belts.channel(ChannelKind::email).sent.size() == 1);
  const auto ledger = belts.ledger("h1");
  CHECK(ledger.balances());
  CHECK(ledger.total.suppressed.at("had an earlier version") == 3);
}

TEST_CASE("a file that was there before a story's later version does not bring the earlier one back") {
  Belts belts(readers, noon);
  const auto put = [&](const Story& story, Time at) { return belts.accept(story, Arrival{.put_at = at}); };
  const auto story = sample_story("h1", "The harbour reopens");
  auto stopped = story;
  stopped.status = StoryStatus::withheld;
  CHECK(put(story, noon).novelty == Novelty::fresh);
  belts.settle();
  belts.advance(1min);
  CHECK(put(stopped, noon + 1min).novelty == Novelty::update);
  belts.crash();
  belts.advance(1h);
  SECTION("the folder is read anew, and both files are where they were") {
    const auto again = put(story, noon);
    CHECK(again.novelty == Novelty::outdated);
    CHECK(again.version == 2);
    CHECK(put(stopped, noon + 1min).novelty == Novelty::unchanged);
    // It is released by the same file, put there again.
    CHECK(put(story, noon + 1h).novelty == Novelty::update);
    CHECK(put(stopped, noon + 1min).novelty == Novelty::outdated);
  }
  SECTION("it was released and withheld again before any of it was read") {
    CHECK(put(story, noon + 2min).novelty == Novelty::update);
    CHECK(put(stopped, noon + 3min).novelty == Novelty::update);
    CHECK(put(story, noon + 2min).novelty == Novelty::outdated);
  }
  SECTION("it is withheld once more, by a file that is read before one that is older") {
    CHECK(put(stopped, noon + 20min).novelty == Novelty::unchanged);
    CHECK(put(story, noon + 15min).novelty == Novelty::outdated);
    CHECK(put(story, noon + 25min).novelty == Novelty::update);
  }
  SECTION("it was withheld by a push") {
    CHECK(put(story, noon + 2min).novelty == Novelty::update);
    CHECK(belts.accept(stopped).novelty == Novelty::update);
    CHECK(put(story, noon + 2min).novelty == Novelty::outdated);
  }
  belts.settle();
  CHECK(belts.channel(ChannelKind::email).sent.size() == 1);
  CHECK(belts.ledger().balances());
}

TEST_CASE("an endpoint that is gone is asked once, also after a crash") {
  Belts belts(readers, noon);
  auto gone = outcome(OutcomeKind::refused, "gone");
  gone.endpoint_gone = true;
  belts.channel(ChannelKind::webhook).answers = {gone};
  belts.accept(sample_story("h1", "The harbour reopens"));
  belts.settle();
  belts.accept(sample_story("h2", "The harbour closes"));
  belts.settle();
  belts.crash();
  belts.accept(sample_story("h3", "The harbour sleeps"));
  belts.settle();
  CHECK(belts.channel(ChannelKind::webhook).sent.size() == 1);
  CHECK(belts.channel(ChannelKind::email).sent.size() == 3);
  const auto ledger = belts.ledger();
  CHECK(ledger.balances());
  CHECK(ledger.total.failed.at("gone") == 1);
  CHECK(ledger.total.suppressed.at("gone") == 2);
}

TEST_CASE("an alert in quiet hours waits for their end") {
  Belts belts(readers, at("2026-11-23T21:30:00Z"));  // 22:30 in Lagos
  belts.accept(sample_story("h1", "The harbour reopens"));
  belts.settle();
  CHECK(belts.channel(ChannelKind::email).sent.empty());
  CHECK(belts.channel(ChannelKind::webhook).sent.size() == 1);
  belts.advance(7h + 59min);
  CHECK(belts.channel(ChannelKind::email).sent.empty());
  belts.advance(1min);
  REQUIRE(belts.channel(ChannelKind::email).sent.size() == 1);
  CHECK(belts.channel(ChannelKind::email).sent[0].at == at("2026-11-24T05:30:00Z"));
  CHECK(belts.ledger().balances());
}

TEST_CASE("an embargoed story does not leave before its time, over any channel") {
  Belts belts(readers, noon);
  auto story = sample_story("h1", "The harbour reopens");
  story.embargo = noon + 2h;
  belts.accept(story);
  belts.advance(1h + 59min);
  for (const auto kind : all_channels) CHECK(belts.channel(kind).sent.empty());
  belts.advance(1min);
  CHECK(belts.channel(ChannelKind::email).sent.size() == 1);
  CHECK(belts.channel(ChannelKind::webhook).sent.size() == 1);
}

TEST_CASE("a failed attempt is made again later with the same id, a refused one is not") {
  Belts belts(readers, noon);
  auto& email = belts.channel(ChannelKind::email);
  SECTION("retry") {
    email.answers = {outcome(OutcomeKind::retry_later, "smtp-4.5.1")};
    belts.accept(sample_story("h1", "The harbour reopens"));
    belts.settle();
    CHECK(belts.ledger().total.queued == 2);
    belts.advance(50s);
    CHECK(email.sent.size() == 1);
    belts.advance(20s);
    REQUIRE(email.sent.size() == 2);
    CHECK(email.sent[0].delivery_id == email.sent[1].delivery_id);
    CHECK(belts.ledger().total.delivered == 3);
  }
  SECTION("refused") {
    email.answers = {outcome(OutcomeKind::refused, "smtp-5.1.1")};
    belts.accept(sample_story("h1", "The harbour reopens"));
    belts.settle();
    belts.advance(10h);
    CHECK(email.sent.size() == 1);
    CHECK(belts.ledger("h1").total.failed.at("smtp-5.1.1") == 1);
  }
  SECTION("never") {
    email.answers.assign(100, outcome(OutcomeKind::retry_later, "timeout"));
    belts.accept(sample_story("h1", "The harbour reopens"));
    // In steps that no attempt before the end at 16:00 falls between.
    for (int i = 0; i < 4 * 60; ++i) belts.advance(1min);
    CHECK(belts.ledger("h1").total.failed.at("expired: timeout") == 1);
  }
  SECTION("only found again when its time is over") {
    email.answers = {outcome(OutcomeKind::retry_later, "timeout")};
    belts.accept(sample_story("h1", "The harbour reopens"));
    belts.settle();
    belts.advance(10h);
    CHECK(email.sent.size() == 1);
    CHECK(belts.ledger("h1").total.failed.at("expired: timeout") == 1);
  }
  CHECK(belts.ledger().balances());
}

TEST_CASE("an ambiguous WhatsApp message is not sent a second time, an ambiguous e-mail is") {
  Belts belts(readers, noon);
  belts.channel(ChannelKind::whatsapp).answers = {outcome(OutcomeKind::ambiguous, "connection-lost")};
  belts.channel(ChannelKind::email).answers = {outcome(OutcomeKind::ambiguous, "connection-lost")};
  belts.accept(sample_story("h1", "The harbour reopens"));
  belts.settle();
  belts.advance(2min);
  CHECK(belts.channel(ChannelKind::whatsapp).sent.size() == 1);
  CHECK(belts.channel(ChannelKind::email).sent.size() == 2);
  const auto ledger = belts.ledger();
  CHECK(ledger.total.failed.at("ambiguous") == 1);
  CHECK(ledger.balances());
}

TEST_CASE("who unsubscribes gets nothing more, even when it was already owed") {
  Belts belts(readers, at("2026-11-23T21:30:00Z"));
  belts.accept(sample_story("h1", "The harbour reopens"));
  belts.settle();
  belts.suppress(ChannelKind::email, "AMARA@example.org", "unsubscribed");
  belts.advance(9h);
  CHECK(std::ranges::none_of(belts.channel(ChannelKind::email).sent,
                             [](const auto& sent) { return sent.subscriber == "amara"; }));
  CHECK(belts.ledger().total.suppressed.at("unsubscribed") == 1);
  belts.accept(sample_story("h2", "Another harbour"));
  belts.settle();
  CHECK(belts.ledger("h2").total.suppressed.at("unsubscribed") == 1);
  CHECK(belts.ledger().balances());
}

TEST_CASE("a canceled story stops what has not left and stays dead") {
  Belts belts(readers, at("2026-11-23T21:30:00Z"));
  belts.accept(sample_story("h1", "The harbour reopens"));
  belts.settle();
  auto kill = sample_story("h1", "The harbour reopens");
  kill.status = StoryStatus::canceled;
  CHECK(belts.accept(kill).novelty == Novelty::update);
  belts.advance(12h);
  CHECK(belts.channel(ChannelKind::email).sent.empty());
  CHECK(belts.channel(ChannelKind::whatsapp).sent.empty());
  const auto ledger = belts.ledger("h1");
  CHECK(ledger.balances());
  CHECK(ledger.total.queued == 0);
  CHECK(ledger.total.suppressed.at("canceled") == 3);
  CHECK(belts.accept(sample_story("h1", "The harbour reopens, again")).novelty == Novelty::dead);
}

TEST_CASE("a story killed while its batch is being sent reaches nobody else") {
  Belts belts(harbour_readers(50), noon);
  auto& email = belts.channel(ChannelKind::email);
  email.answers = {outcome(OutcomeKind::retry_later, "busy")};
  bool killing = false;
  std::size_t sent_when_killed = 0;
  email.while_sending = [&](const auto&) {
    if (email.sent.size() < 10 || killing) return;
    killing = true;
    auto kill = sample_story("h1", "The harbour reopens");
    kill.status = StoryStatus::canceled;
    belts.accept(kill);
    sent_when_killed = email.sent.size();
  };
  belts.accept(sample_story("h1", "The harbour reopens"));
  belts.advance(1h);
  const auto ledger = belts.ledger("h1");
  CHECK(ledger.balances());
  CHECK(ledger.total.delivered + ledger.total.suppressed.at("canceled") == 50);
  CHECK(sent_when_killed < 40);
  CHECK(email.sent.size() <= sent_when_killed + email.concurrency());
}

TEST_CASE("a crash loses nothing and repeats at most what was being sent, under the same id") {
  constexpr int count = 300;
  Belts belts(harbour_readers(count), noon);
  auto& email = belts.channel(ChannelKind::email);
  struct Killed {};
  email.while_sending = [&](const auto&) {
    if (email.sent.size() == 100) throw Killed{};
  };
  try {
    belts.accept(sample_story("h1", "The harbour reopens"));
    belts.settle();
  } catch (const Killed&) {
  }
  email.while_sending = nullptr;
  CHECK(email.sent.size() < count);
  belts.crash();
  std::multiset<std::string> ids;
  for (const auto& sent : email.sent) ids.insert(sent.delivery_id);
  const std::set<std::string> distinct(ids.begin(), ids.end());
  CHECK(distinct.size() == count);
  CHECK(ids.size() - distinct.size() <= email.concurrency());
  const auto ledger = belts.ledger("h1");
  CHECK(ledger.balances());
  CHECK(ledger.total.delivered == count);
}

TEST_CASE("a dead relay costs a few attempts, not one for each reader") {
  Belts belts(harbour_readers(200), noon);
  auto& email = belts.channel(ChannelKind::email);
  email.answers.assign(20, outcome(OutcomeKind::retry_later, "unreachable"));
  belts.accept(sample_story("h1", "The harbour reopens"));
  belts.settle();
  CHECK(email.sent.size() <= 10);
  for (int i = 0; i < 30; ++i) belts.advance(1min);
  CHECK(belts.ledger("h1").total.delivered == 200);
  CHECK(belts.ledger().balances());
}

TEST_CASE("a story that the relay does not want holds up no other") {
  Belts belts(harbour_readers(80), noon);
  auto& email = belts.channel(ChannelKind::email);
  auto unwanted = outcome(OutcomeKind::retry_later, "smtp-554");
  unwanted.about_delivery = true;
  email.answers.assign(80, unwanted);
  belts.accept(sample_story("h1", "The harbour reopens"));
  belts.accept(sample_story("h2", "Harbour dues rise"));
  belts.settle();
  CHECK(belts.ledger("h1").total.queued + belts.ledger("h2").total.queued == 80);
  CHECK(belts.ledger().total.delivered == 80);
  for (int i = 0; i < 3; ++i) belts.advance(1min);
  CHECK(belts.ledger().total.delivered == 160);
  CHECK(belts.ledger().balances());
}

TEST_CASE("a kill counts although its version number is no higher") {
  Belts belts(readers, at("2026-11-23T21:30:00Z"));
  auto story = sample_story("h1", "The harbour reopens");
  story.version = 7;
  belts.accept(story);
  belts.settle();
  story.status = StoryStatus::canceled;
  CHECK(belts.accept(story).novelty == Novelty::update);
  belts.advance(12h);
  CHECK(belts.channel(ChannelKind::email).sent.empty());
  CHECK(belts.ledger().balances());
}

TEST_CASE("a story that crier can no longer read fails, and holds up nothing behind it") {
  constexpr std::string_view rules = R"(
topics: {harbours: {title: Harbours, any: [harbour]}, bridges: {title: Bridges, any: [bridge]}}
editions: {morning: {title: The Morning, at: "07:00", zone: UTC}}
subscribers:
  - {id: amara, email: amara@example.org, timezone: UTC, quiet_hours: 12:00-13:00, follow: [{topic: harbours}]}
  - {id: bruno, email: bruno@example.org, follow: [{topic: harbours, deliver: morning}]}
  - {id: chidi, email: chidi@example.org, follow: [{match: harbour OR bridge, deliver: morning}]}
)";
  Belts belts(rules, noon);
  const auto spoil = [](Sqlite& db) { db.execute("UPDATE story SET json = '[4711' WHERE id = 'h1'"); };
  belts.accept(sample_story("h1", "The harbour reopens"));
  belts.accept(sample_story("h2", "Another harbour"));
  belts.accept(sample_story("b1", "A bridge festival"));
  auto& sent = belts.channel(ChannelKind::email).sent;
  REQUIRE(sent.empty());
  belts.change_database(spoil);
  belts.advance(1h);
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].titles == std::vector<std::string>{"Another harbour"});
  CHECK(belts.ledger("h1").total.failed.at("unreadable story") == 1);
  CHECK(belts.ledger("h1").total.queued == 2);

  belts.advance(18h);
  REQUIRE(sent.size() == 3);
  for (const auto& digest : {sent[1], sent[2]}) {
    const bool to_bruno = digest.subscriber == "bruno";
    CHECK(digest.titles == (to_bruno ? std::vector<std::string>{"Another harbour"}
                                     : std::vector<std::string>{"A bridge festival", "Another harbour"}));
  }
  CHECK(belts.ledger("h1").total.failed.at("unreadable story") == 3);
  CHECK(belts.ledger("h2").total.delivered == 3);
  CHECK(belts.ledger().balances());
  CHECK(belts.failures.empty());
}

TEST_CASE("an alert that a dead relay delayed does not leave in quiet hours") {
  const bool has_time = GENERATE(true, false);
  Belts belts(
      std::string(readers) + (has_time ? "alerts: {expire_after: 12h}" : "alerts: {expire_after: 8h}"),
      at("2026-11-23T20:50:00Z"));  // 21:50 in Lagos
  auto& email = belts.channel(ChannelKind::email);
  email.answers = {outcome(OutcomeKind::retry_later, "timeout")};
  auto& webhook = belts.channel(ChannelKind::webhook);
  webhook.answers = {outcome(OutcomeKind::retry_later, "http-500")};
  belts.accept(sample_story("h1", "The harbour reopens"));
  belts.settle();
  belts.advance(30s);
  CHECK(email.sent.size() == 1);
  belts.advance(9min + 30s);  // 22:00
  CHECK(email.sent.size() == 1);
  CHECK(webhook.sent.size() == 2);  // has no quiet hours
  if (has_time) {
    CHECK(belts.ledger("h1").total.queued == 2);  // with bruno's morning edition
    belts.crash();
    belts.advance(8h + 29min);
    CHECK(email.sent.size() == 1);
    belts.advance(1min);  // 06:30
    REQUIRE(email.sent.size() == 2);
    CHECK(email.sent[1].at == at("2026-11-24T05:30:00Z"));
    CHECK(email.sent[1].attempt == 1);  // waiting was none
    CHECK(email.sent[1].delivery_id == email.sent[0].delivery_id);
  } else {
    CHECK(belts.ledger("h1").total.failed.at("expired: quiet hours") == 1);
    CHECK(belts.ledger("h1").total.queued == 1);
    belts.advance(12h);
    CHECK(std::ranges::count(email.sent, "amara", &ScriptedChannel::Sent::subscriber) == 1);
  }
  CHECK(belts.ledger().balances());
  CHECK(belts.failures.empty());
}
