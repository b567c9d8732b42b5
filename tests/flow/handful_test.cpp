// Deliveries that are sent together: each has its own outcome, and each reader is asked about alone.
#include <algorithm>
#include <map>
#include <set>

#include <catch2/catch.hpp>

#include "support/belts.hpp"

using namespace crier;
using namespace crier::test;
using namespace std::chrono_literals;

namespace {

const auto noon = at("2026-11-23T12:00:00Z");

// This many readers of harbours; every fifth in Lagos, of whom every second sleeps at noon.
std::string harbour_readers(int count) {
  std::string rules = "topics: {harbours: {title: Harbours, any: [harbour]}}\nsubscribers:\n";
  for (int i = 0; i < count; ++i) {
    const auto id = "r" + std::to_string(i);
    rules += "  - {id: " + id + ", email: " + id + "@example.org, follow: [{topic: harbours}]";
    if (i % 5 == 0) rules += ", timezone: Africa/Lagos";
    if (i % 10 == 0) rules += ", quiet_hours: 12:00-15:00";
    rules += "}\n";
  }
  return rules;
}

Outcome outcome(OutcomeKind kind, std::string reason, bool about_delivery = false) {
  Outcome out;
  out.kind = kind;
  out.reason = std::move(reason);
  out.about_delivery = about_delivery;
  return out;
}

std::map<std::string, int> copies(const ScriptedChannel& channel) {
  std::map<std::string, int> out;
  for (const auto& sent : channel.sent) ++out[sent.subscriber];
  return out;
}

}  // namespace

TEST_CASE("each of a handful has its own outcome") {
  Belts belts(harbour_readers(100), noon);
  auto& email = belts.channel(ChannelKind::email);
  email.set_handful(16);
  belts.suppress(ChannelKind::email, "r1@example.org", "complaint");
  email.answers = {outcome(OutcomeKind::refused, "smtp-5.1.1"), outcome(OutcomeKind::delivered, ""),
                   outcome(OutcomeKind::retry_later, "smtp-4.2.2", true)};
  belts.accept(sample_story("h1", "The harbour reopens"));
  belts.settle();
  auto total = belts.ledger().total;
  CHECK(belts.ledger().balances());
  CHECK(total.matched == 100);
  CHECK(total.delivered == 87);  // all but these
  CHECK(total.failed.at("smtp-5.1.1") == 1);
  CHECK(total.suppressed.at("complaint") == 1);
  CHECK(total.queued == 11);  // one is tried again, ten sleep
  belts.advance(2min);
  belts.advance(2h);
  total = belts.ledger().total;
  CHECK(total.queued == 0);
  CHECK(total.delivered == 98);
  for (const auto& [reader, times] : copies(email)) {
    CAPTURE(reader);
    CHECK(times == (reader == email.sent[2].subscriber ? 2 : 1));
  }
}

TEST_CASE("readers of one letter get it in the time of their own zone") {
  Belts belts(harbour_readers(20), noon);
  belts.channel(ChannelKind::email).set_handful(20);
  auto story = sample_story("h1", "The harbour reopens");
  story.published = noon;
  belts.accept(story);
  belts.settle();
  for (const auto& sent : belts.channel(ChannelKind::email).sent) {
    CAPTURE(sent.subscriber);
    CHECK(sent.published == (sent.subscriber == "r5" || sent.subscriber == "r15"
                                 ? "23 November 2026, 13:00 WAT"
                                 : "23 November 2026, 12:00 UTC"));
  }
}

TEST_CASE("a crash repeats no more than the handfuls that were under way, with the same ids") {
  Belts belts(harbour_readers(100), noon);
  auto& email = belts.channel(ChannelKind::email);
  email.set_handful(8);
  email.hold = {"r11", "r12"};  // their handfuls do not end
  belts.accept(sample_story("h1", "The harbour reopens"));
  belts.settle();
  const auto before = email.sent;
  email.hold.clear();
  belts.crash();
  belts.advance(5h);
  CHECK(belts.ledger().total.delivered == 100);
  std::map<std::string, std::set<std::string>> ids;
  for (const auto& sent : email.sent) ids[sent.subscriber].insert(sent.delivery_id);
  CHECK(ids.size() == 100);
  for (const auto& [reader, its] : ids) CHECK(its.size() == 1);
  CHECK(email.sent.size() <= 100 + 2 * 8);
}

TEST_CASE("a kill in the middle of sending spares all whose handful has not left") {
  Belts belts(harbour_readers(100), noon);
  auto& email = belts.channel(ChannelKind::email);
  email.set_handful(8);
  email.hold = {"r11"};
  belts.accept(sample_story("h1", "The harbour reopens"));
  belts.settle();
  auto dead = sample_story("h1", "The harbour reopens");
  dead.status = StoryStatus::canceled;
  belts.accept(dead);
  email.release("r11");
  belts.advance(5h);
  const auto ledger = belts.ledger();
  CHECK(ledger.balances());
  CHECK(ledger.total.queued == 0);
  CHECK(ledger.total.suppressed.at("canceled") >= 10);  // those who slept
  CHECK(static_cast<std::size_t>(ledger.total.delivered) == email.sent.size());
}
