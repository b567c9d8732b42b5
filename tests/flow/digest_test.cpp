// Digests on a manual clock: when an edition goes out, what is in it, and what the ledger says of it.
#include <algorithm>
#include <iterator>
#include <utility>

#include <catch2/catch.hpp>

#include "outbox/digest_items.hpp"
#include "outbox/reader_ledger.hpp"
#include "support/belts.hpp"

using namespace crier;
using namespace crier::test;
using namespace std::chrono_literals;

namespace {

// Amara's alerts must not disturb Bruno's digest.
constexpr std::string_view readers = R"(
topics: {harbours: {title: Harbours, any: [harbour]}}
editions: {morning: {title: The Morning, at: "07:00", zone: Africa/Lagos}}
subscribers:
  - {id: amara, email: amara@example.org, timezone: Africa/Lagos, quiet_hours: 22:00-06:30, follow: [{topic: harbours}]}
  - {id: bruno, email: bruno@example.org, follow: [{topic: harbours, deliver: morning}]}
)";

constexpr std::string_view small_morning = R"(
topics: {harbours: {title: Harbours, any: [harbour]}}
editions: {morning: {title: The Morning, at: "07:00", zone: Africa/Lagos, max_items: 2}}
subscribers:
  - {id: bruno, email: bruno@example.org, follow: [{topic: harbours, deliver: morning}]}
)";

const auto noon = at("2026-11-23T12:00:00Z");

}  // namespace

TEST_CASE("a digest goes out once at its local time with everything that gathered") {
  Belts belts(readers, noon);
  belts.accept(sample_story("h1", "The harbour reopens"));
  belts.accept(sample_story("h2", "A harbour festival"));
  belts.advance(17h + 59min);
  CHECK(belts.ledger().by_lane.at(Lane::digest).queued == 2);  // in no batch yet
  CHECK(std::ranges::none_of(belts.channel(ChannelKind::email).sent,
                             [](const auto& sent) { return sent.subscriber == "bruno"; }));
  belts.advance(1min);  // 06:00 UTC is 07:00 in Lagos
  std::vector<ScriptedChannel::Sent> digests;
  std::ranges::copy_if(belts.channel(ChannelKind::email).sent, std::back_inserter(digests),
                       [](const auto& sent) { return sent.subscriber == "bruno"; });
  REQUIRE(digests.size() == 1);
  CHECK(digests[0].titles == std::vector<std::string>{"A harbour festival", "The harbour reopens"});
  CHECK(digests[0].reason == "You follow The Morning");
  CHECK(digests[0].item_reasons ==
        std::vector<std::string>{"You follow Harbours (“harbour”)", "You follow Harbours (“harbour”)"});
  belts.advance(24h);
  CHECK(std::ranges::count(belts.channel(ChannelKind::email).sent, "bruno",
                           &ScriptedChannel::Sent::subscriber) == 1);
  const auto ledger = belts.ledger();
  CHECK(ledger.balances());
  CHECK(ledger.total.queued == 0);
  CHECK(ledger.by_lane.at(Lane::digest).delivered == 2);  // a message, but two stories
}

TEST_CASE("a digest missed by a crash is sent when crier is back, but not half a day late") {
  SECTION("an hour late") {
    Belts belts(readers, noon);
    belts.accept(sample_story("h1", "The harbour reopens"));
    belts.settle();
    belts.crash();
    belts.advance(19h);
    CHECK(belts.channel(ChannelKind::email).sent.back().subscriber == "bruno");
    belts.crash();
    belts.advance(1min);
    CHECK(std::ranges::count(belts.channel(ChannelKind::email).sent, "bruno",
                             &ScriptedChannel::Sent::subscriber) == 1);
  }
  SECTION("six hours late: with the next edition") {
    Belts belts(readers, noon);
    belts.accept(sample_story("h1", "The harbour reopens"));
    belts.settle();
    belts.advance(24h);  // one step: as if crier had slept through it
    CHECK(std::ranges::count(belts.channel(ChannelKind::email).sent, "bruno",
                             &ScriptedChannel::Sent::subscriber) == 0);
    CHECK(belts.ledger().total.queued == 1);
    belts.advance(18h);
    CHECK(std::ranges::count(belts.channel(ChannelKind::email).sent, "bruno",
                             &ScriptedChannel::Sent::subscriber) == 1);
    CHECK(belts.ledger().balances());
  }
}

TEST_CASE("a digest leaves an embargoed story to an occurrence after its embargo") {
  Belts belts(readers, noon);
  auto story = sample_story("h1", "The harbour reopens");
  story.embargo = noon + 20h;
  belts.accept(story);
  auto& email = belts.channel(ChannelKind::email).sent;
  const auto to_bruno = [&] {
    return std::ranges::count(email, "bruno", &ScriptedChannel::Sent::subscriber);
  };
  belts.advance(18h);
  CHECK(to_bruno() == 0);
  belts.advance(24h);
  CHECK(to_bruno() == 1);
  CHECK(belts.ledger().balances());
}

TEST_CASE("a digest shows a corrected story once, as it is now") {
  Belts belts(readers, noon);
  belts.accept(sample_story("h1", "The harbour reopens on Monday"));
  belts.accept(sample_story("h1", "The harbour reopens on Tuesday"));
  belts.advance(18h);
  const auto& sent = belts.channel(ChannelKind::email).sent;
  const auto digest = std::ranges::find(sent, "bruno", &ScriptedChannel::Sent::subscriber);
  REQUIRE(digest != sent.end());
  CHECK(digest->titles == std::vector<std::string>{"The harbour reopens on Tuesday"});
  CHECK(belts.ledger().balances());
}

TEST_CASE("who had a story in a digest does not get its later version in the next") {
  Belts belts(readers, noon);
  belts.accept(sample_story("h1", "The harbour reopens on Monday"));
  belts.advance(18h);
  belts.accept(sample_story("h1", "The harbour reopens on Tuesday"));
  belts.accept(sample_story("h2", "A harbour festival"));
  belts.advance(24h);
  std::vector<std::vector<std::string>> titles;
  for (const auto& sent : belts.channel(ChannelKind::email).sent)
    if (sent.subscriber == "bruno") titles.push_back(sent.titles);
  CHECK(titles ==
        std::vector<std::vector<std::string>>{{"The harbour reopens on Monday"}, {"A harbour festival"}});
  const auto ledger = belts.ledger("h1");
  CHECK(ledger.balances());
  CHECK(ledger.total.suppressed.at("had an earlier version") == 2);  // Amara's alert, too
}

TEST_CASE("who gets a story in a digest while its embargo moves does not get it again") {
  Belts belts(readers, noon);
  auto& email = belts.channel(ChannelKind::email);
  belts.accept(sample_story("h1", "The harbour reopens on Monday"));
  auto moved = sample_story("h1", "The harbour reopens on Tuesday");
  moved.embargo = noon + 30h;
  bool is_moved = false;
  email.while_sending = [&](const auto& sent) {
    if (sent.subscriber == "bruno" && !std::exchange(is_moved, true)) belts.accept(moved);
  };
  belts.advance(18h);
  REQUIRE(is_moved);
  belts.advance(24h);
  belts.accept(sample_story("h2", "A harbour festival"));
  belts.advance(24h);
  std::vector<std::vector<std::string>> titles;
  for (const auto& sent : email.sent)
    if (sent.subscriber == "bruno") titles.push_back(sent.titles);
  CHECK(titles ==
        std::vector<std::vector<std::string>>{{"The harbour reopens on Monday"}, {"A harbour festival"}});
  const auto ledger = belts.ledger("h1");
  CHECK(ledger.total.delivered == 2);
  CHECK(ledger.balances());
  CHECK(belts.failures.empty());
}

TEST_CASE("a later version goes into a digest of those whose digest with the earlier one failed") {
  Belts belts(readers, noon);
  belts.accept(sample_story("h1", "The harbour reopens on Monday"));
  belts.advance(1h);
  Outcome refused;
  refused.kind = OutcomeKind::refused;
  refused.reason = "smtp-5.1.1";
  belts.channel(ChannelKind::email).answers = {refused};
  belts.advance(17h);
  belts.accept(sample_story("h1", "The harbour reopens on Tuesday"));
  belts.advance(24h);
  const auto& sent = belts.channel(ChannelKind::email).sent;
  CHECK(sent.back().subscriber == "bruno");
  CHECK(sent.back().titles == std::vector<std::string>{"The harbour reopens on Tuesday"});
  CHECK(belts.ledger("h1").total.failed.at("smtp-5.1.1") == 1);
  CHECK(belts.ledger().balances());
}

TEST_CASE("a digest that is full has the most urgent stories and the number of the others; the books know") {
  Belts belts(R"(
topics: {harbours: {title: Harbours, any: [harbour]}, ferries: {title: Ferries, any: [ferry]}}
editions: {morning: {title: The Morning, at: "07:00", zone: Africa/Lagos, max_items: 2}}
subscribers:
  - {id: bruno, email: bruno@example.org, follow: [{topic: harbours, deliver: morning}]}
  - {id: carla, email: carla@example.org, follow: [{topic: ferries, deliver: morning}]}
)",
              noon);
  auto urgent = sample_story("h1", "The harbour burns");
  urgent.urgency = 1;
  belts.accept(urgent);
  belts.accept(sample_story("h2", "A harbour festival with a ferry"));
  belts.accept(sample_story("h3", "The harbour reopens"));
  belts.accept(sample_story("h4", "Harbour dues rise"));
  belts.advance(18h);
  const auto& sent = belts.channel(ChannelKind::email).sent;
  REQUIRE(sent.size() == 2);
  const auto to_bruno = std::ranges::find(sent, "bruno", &ScriptedChannel::Sent::subscriber);
  CHECK(to_bruno->titles == std::vector<std::string>{"The harbour burns", "Harbour dues rise"});
  CHECK(to_bruno->left_out == 2);
  const auto to_carla = std::ranges::find(sent, "carla", &ScriptedChannel::Sent::subscriber);
  CHECK(to_carla->titles == std::vector<std::string>{"A harbour festival with a ferry"});
  CHECK(to_carla->left_out == 0);
  const auto ledger = belts.ledger();
  CHECK(ledger.balances());
  CHECK(ledger.total.delivered == 3);
  CHECK(ledger.total.suppressed.at("digest full") == 2);
  // A correction of a story that did not fit may be in the next.
  belts.accept(sample_story("h3", "The harbour reopens at last"));
  belts.advance(24h);
  CHECK(sent.back().titles == std::vector<std::string>{"The harbour reopens at last"});
  CHECK(belts.ledger().balances());
}

TEST_CASE("a crash at any moment of a digest's planning loses nothing and sends nothing twice") {
  constexpr std::string_view rules = R"(
topics: {harbours: {title: Harbours, any: [harbour]}, ferries: {title: Ferries, any: [ferry]}}
editions: {morning: {title: The Morning, at: "07:00", zone: Africa/Lagos, max_items: 2}}
subscribers:
  - {id: bruno, email: bruno@example.org, follow: [{topic: harbours, deliver: morning}]}
  - {id: carla, email: carla@example.org, webhook: "http://127.0.0.1:9/hook", follow: [{topic: ferries, deliver: morning, by: [email, webhook]}]}
)";
  bool is_planned = false;  // before the crash
  bool was_begun = false;
  for (int steps = 1; !is_planned; ++steps) {
    CAPTURE(steps);
    Belts belts(rules, noon);
    belts.accept(sample_story("h1", "The harbour reopens"));
    belts.accept(sample_story("h2", "A harbour festival with a ferry"));
    belts.accept(sample_story("h3", "Harbour dues rise"));
    belts.settle();
    belts.pass(18h);
    for (int i = 0; i < steps; ++i) belts.step();
    const auto sent = [&] {
      return belts.channel(ChannelKind::email).sent.size() + belts.channel(ChannelKind::webhook).sent.size();
    };
    is_planned = sent() > 0;
    if (!is_planned) {
      auto ledger = belts.ledger();
      CHECK(ledger.balances());
      CHECK(ledger.total.matched == 5);
      CHECK(ledger.total.queued + ledger.total.suppressed["digest full"] == 5);
      was_begun = was_begun || !ledger.batches.empty();
      is_planned = sent() > 0;  // meanwhile
    }
    if (!is_planned) belts.crash();
    belts.settle();
    CHECK(belts.channel(ChannelKind::webhook).sent.size() == 1);
    const auto& mails = belts.channel(ChannelKind::email).sent;
    REQUIRE(mails.size() == 2);
    const auto to_bruno = std::ranges::find(mails, "bruno", &ScriptedChannel::Sent::subscriber);
    REQUIRE(to_bruno != mails.end());
    CHECK(to_bruno->titles ==
          std::vector<std::string>{"Harbour dues rise", "A harbour festival with a ferry"});
    CHECK(to_bruno->left_out == 1);
    const auto ledger = belts.ledger();
    CHECK(ledger.balances());
    CHECK(ledger.total.delivered == 4);
    CHECK(ledger.batches.size() == 2);
    CHECK(belts.failures.empty());
  }
  CHECK(was_begun);
}

TEST_CASE("a story that is canceled while a digest is planned is left out, or had left; the books know") {
  const bool crashes = GENERATE(false, true);
  bool is_planned = false;
  int left_out_of_batch = 0;
  for (int steps = 1; !is_planned; ++steps) {
    CAPTURE(steps);
    Belts belts(small_morning, noon);
    for (const auto* id : {"h1", "h2", "h3"}) belts.accept(sample_story(id, std::string("A harbour ") + id));
    belts.settle();
    const auto& mails = belts.channel(ChannelKind::email).sent;
    belts.pass(18h);
    for (int i = 0; i < steps; ++i) belts.step();
    const bool was_begun = !belts.ledger().batches.empty();
    belts.cancel("h1");
    is_planned = !mails.empty();
    if (crashes && !is_planned) belts.crash();
    belts.settle();
    REQUIRE(mails.size() == 1);
    const bool had_it = std::ranges::count(mails.front().titles, "A harbour h1") > 0;
    if (was_begun && !had_it) ++left_out_of_batch;
    CHECK(!(had_it && !is_planned));
    auto ledger = belts.ledger("h1");
    CHECK(ledger.balances());
    CHECK(ledger.total.delivered == (had_it ? 1 : 0));
    CHECK(ledger.total.queued == 0);
    belts.advance(24h);
    CHECK(mails.size() == 1);
    ledger = belts.ledger();
    CHECK(ledger.balances());
    CHECK(ledger.total.queued == 0);
    CHECK(belts.failures.empty());
  }
  CHECK(left_out_of_batch > 0);
}

TEST_CASE("who comes to a story while its digest is planned has it in this digest or the next, and once") {
  bool is_planned = false;
  for (int steps = 1; !is_planned; ++steps) {
    CAPTURE(steps);
    Belts belts(readers, noon);
    belts.accept(sample_story("h1", "The harbour reopens"));
    belts.advance(1h);
    auto& mails = belts.channel(ChannelKind::email).sent;
    mails.clear();  // Amara's alert
    belts.pass(17h);
    for (int i = 0; i < steps; ++i) belts.step();
    // As what became too late for an alert is added to the item that waits, if there is one.
    bool has_come = false;
    belts.change_database([&](Sqlite& db) {
      for (auto& [seq, item, batch_id, dropped] :
           pending_items(db, "morning", ChannelKind::email, noon + 18h)) {
        AudienceBuilder audience;
        audience.add(item.audience);
        audience.add(number_of_subscriber(db, "amara").value(), "You follow Harbours");
        put_audience(db, seq, to_stored(audience.build()));
        db.execute("UPDATE story SET matched = matched + 1");
        has_come = true;
      }
    });
    is_planned = !has_come;
    belts.settle();
    CHECK(belts.ledger().balances());
    belts.advance(24h);
    CHECK(mails.size() == (has_come ? 2 : 1));
    const auto ledger = belts.ledger();
    CHECK(ledger.balances());
    CHECK(ledger.total.delivered == (has_come ? 3 : 2));
    CHECK(belts.failures.empty());
  }
}

TEST_CASE("an edition of nothing but what crier can no longer read fails") {
  Belts belts(readers, noon);
  belts.accept(sample_story("h1", "The harbour reopens"));
  belts.settle();
  belts.change_database([](Sqlite& db) { db.execute("UPDATE story SET json = '[4711'"); });
  belts.advance(18h);
  const auto& sent = belts.channel(ChannelKind::email).sent;
  CHECK(std::ranges::count(sent, "bruno", &ScriptedChannel::Sent::subscriber) == 0);
  CHECK(belts.ledger("h1").total.failed.at("unreadable story") == 1);
  CHECK(belts.ledger().balances());
}
