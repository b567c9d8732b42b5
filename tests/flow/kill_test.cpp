// A killed story is gone for good: also from an edition that was on its way when crier stopped.
#include <algorithm>
#include <set>

#include <catch2/catch.hpp>
#include <fmt/core.h>

#include "support/belts.hpp"

using namespace crier;
using namespace crier::test;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view readers = R"(
topics: {harbours: {title: Harbours, any: [harbour]}}
editions: {morning: {title: The Morning, at: "07:00", zone: UTC}}
subscribers:
  - {id: amara, email: amara@example.org, follow: [{topic: harbours, deliver: morning}]}
)";

Outcome not_now() {
  Outcome out;
  out.reason = "smtp-4.2.2";
  return out;
}

Story killed(Story story) {
  story.status = StoryStatus::canceled;
  return story;
}

}  // namespace

TEST_CASE("a story that is killed while its edition is being sent stays out of it after a restart") {
  Belts belts(readers, at("2026-11-23T06:00:00Z"));
  auto& email = belts.channel(ChannelKind::email);
  email.answers = {not_now()};
  belts.accept(sample_story("h1", "The harbour burns"));
  const bool has_another = GENERATE(true, false);
  if (has_another) belts.accept(sample_story("h2", "A harbour festival"));
  belts.advance(1h);
  REQUIRE(email.sent.size() == 1);
  belts.accept(killed(sample_story("h1", "The harbour burns")));
  belts.crash();
  belts.advance(10min);
  if (has_another) {
    REQUIRE(email.sent.size() == 2);
    CHECK(email.sent[1].titles == std::vector<std::string>{"A harbour festival"});
  } else {
    CHECK(email.sent.size() == 1);
    CHECK(belts.ledger("h1").total.suppressed.at("canceled") == 1);
  }
  CHECK(belts.ledger().balances());
}

TEST_CASE("a WhatsApp alert that is killed while it is tried stays dead after a restart") {
  Belts belts(R"(
topics: {harbours: {title: Harbours, any: [harbour]}}
subscribers:
  - {id: amara, whatsapp: "+2348012345678", follow: [{topic: harbours}]}
)",
              at("2026-11-23T06:00:00Z"));
  auto& whatsapp = belts.channel(ChannelKind::whatsapp);
  whatsapp.answers = {not_now()};
  whatsapp.while_sending = [&](const auto&) {
    whatsapp.while_sending = nullptr;
    belts.accept(killed(sample_story("h1", "The harbour burns")));
  };
  belts.accept(sample_story("h1", "The harbour burns"));
  belts.settle();
  belts.crash();
  belts.advance(30min);
  CHECK(whatsapp.sent.size() == 1);
  const auto ledger = belts.ledger("h1");
  CHECK(ledger.balances());
  CHECK(ledger.total.suppressed.at("canceled") == 1);
}

TEST_CASE("the ledger says of each reader whether a killed story was in her edition") {
  std::string rules = R"(
topics: {harbours: {title: Harbours, any: [harbour]}, bridges: {title: Bridges, any: [bridge]}}
editions: {morning: {title: The Morning, at: "07:00", zone: UTC}}
subscribers:
)";
  constexpr int count = 50;
  for (int i = 0; i < count; ++i)
    rules += fmt::format(
        "  - {{id: r{0}, email: r{0}@example.org, follow: [{{topic: harbours, deliver: morning}}, "
        "{{topic: bridges, deliver: morning}}]}}\n",
        i);
  Belts belts(rules, at("2026-11-23T06:00:00Z"));
  auto& email = belts.channel(ChannelKind::email);
  email.answers = {not_now()};  // one reader is tried again after the kill
  const auto status = GENERATE(StoryStatus::canceled, StoryStatus::withheld);
  bool is_stopped = false;
  email.while_sending = [&](const auto&) {
    if (email.sent.size() < 10 || is_stopped) return;
    is_stopped = true;
    auto stopped = sample_story("h1", "The harbour burns");
    stopped.status = status;
    belts.accept(stopped);
  };
  belts.accept(sample_story("h1", "The harbour burns"));
  belts.accept(sample_story("b1", "A bridge festival"));
  belts.advance(1h);
  if (GENERATE(false, true)) belts.crash();
  belts.advance(10min);
  const auto had = [&](std::string_view title) {
    std::set<std::string> got;
    for (const auto& sent : email.sent)
      if (std::ranges::find(sent.titles, title) != sent.titles.end()) got.insert(sent.subscriber);
    // The first attempt came to nothing.
    if (title == "The harbour burns") got.erase(email.sent.front().subscriber);
    return static_cast<std::int64_t>(got.size());
  };
  CHECK(had("A bridge festival") == count);
  const auto burnt = had("The harbour burns");
  CHECK(burnt > 0);
  CHECK(burnt < count);
  const auto ledger = belts.ledger("h1");
  CHECK(ledger.balances());
  CHECK(ledger.total.delivered == burnt);
  CHECK(ledger.total.suppressed.at(std::string(to_string(status))) == count - burnt);
  CHECK(belts.ledger("b1").total.delivered == count);
  CHECK(belts.ledger().balances());
  CHECK(belts.failures.empty());
}
