// An edition that is changed, or taken out of the configuration, while things wait for it.
#include <catch2/catch.hpp>
#include <fmt/core.h>

#include "support/belts.hpp"

using namespace crier;
using namespace crier::test;
using namespace std::chrono_literals;

namespace {

std::string readers(std::string_view time) {
  return fmt::format(R"(
topics: {{harbours: {{title: Harbours, any: [harbour]}}}}
editions: {{daily: {{title: The Daily, at: "{}", zone: UTC}}}}
subscribers:
  - {{id: bruno, email: bruno@example.org, follow: [{{topic: harbours, deliver: daily}}]}}
)",
                     time);
}

}  // namespace

TEST_CASE("an edition whose time is changed is not sent a second time within half a day") {
  Belts belts(readers("07:00"), at("2026-11-23T06:00:00Z"));
  const auto& sent = belts.channel(ChannelKind::email).sent;
  belts.accept(sample_story("h1", "The harbour reopens"));
  belts.advance(1h);
  REQUIRE(sent.size() == 1);
  belts.advance(3h);
  belts.accept(sample_story("h2", "A harbour festival"));
  SECTION("to a time that is just over") {
    belts.reload(readers("09:00"));
    CHECK(sent.size() == 1);
    belts.advance(22h + 59min);
    CHECK(sent.size() == 1);
    belts.advance(1min);
  }
  SECTION("to a time that comes soon") {
    belts.reload(readers("11:00"));
    belts.advance(1h);
    CHECK(sent.size() == 1);
    CHECK(belts.ledger("h2").total.queued == 1);
    if (GENERATE(false, true)) belts.crash();
    belts.advance(24h);
  }
  SECTION("to one that is half a day away") {
    belts.reload(readers("19:00"));
    belts.advance(8h + 59min);
    CHECK(sent.size() == 1);
    belts.advance(1min);
  }
  REQUIRE(sent.size() == 2);
  CHECK(sent[1].titles == std::vector<std::string>{"A harbour festival"});
  CHECK(belts.ledger().balances());
  CHECK(belts.failures.empty());
}

TEST_CASE("an occurrence that had nothing to send does not hold back the next one") {
  Belts belts(readers("07:00"), at("2026-11-23T06:00:00Z"));
  belts.advance(2h);
  belts.accept(sample_story("h1", "The harbour reopens"));
  belts.reload(readers("09:00"));
  belts.advance(1h);
  CHECK(belts.channel(ChannelKind::email).sent.size() == 1);
}

TEST_CASE("what waits for an edition that is removed is dropped with the reason, what is on its way is not") {
  constexpr std::string_view both = R"(
topics: {harbours: {title: Harbours, any: [harbour]}}
editions:
  morning: {title: The Morning, at: "07:00", zone: UTC}
  evening: {title: The Evening, at: "18:00", zone: UTC}
subscribers:
  - {id: amara, email: amara@example.org, follow: [{topic: harbours, deliver: evening}]}
  - {id: bruno, email: bruno@example.org, follow: [{topic: harbours, deliver: morning}]}
)";
  constexpr std::string_view evening_only = R"(
topics: {harbours: {title: Harbours, any: [harbour]}}
editions: {evening: {title: The Evening, at: "18:00", zone: UTC}}
subscribers:
  - {id: amara, email: amara@example.org, follow: [{topic: harbours, deliver: evening}]}
  - {id: bruno, email: bruno@example.org, follow: []}
)";
  Belts belts(both, at("2026-11-23T06:00:00Z"));
  auto& email = belts.channel(ChannelKind::email);
  Outcome not_now;
  not_now.reason = "smtp-4.2.2";
  email.answers = {not_now};
  belts.accept(sample_story("h1", "The harbour reopens"));
  belts.advance(1h);  // bruno's morning is on its way
  belts.accept(sample_story("h2", "A harbour festival"));
  belts.settle();
  CHECK(belts.ledger("h2").total.queued == 2);
  belts.reload(evening_only);
  CHECK(belts.ledger("h2").total.suppressed.at("edition removed") == 1);
  CHECK(belts.ledger("h2").total.queued == 1);
  belts.advance(10min);
  REQUIRE(email.sent.size() == 2);
  CHECK(email.sent[1].subscriber == "bruno");
  CHECK(email.sent[1].titles == std::vector<std::string>{"The harbour reopens"});
  belts.advance(10h + 50min);
  CHECK(email.sent.back().subscriber == "amara");
  CHECK(email.sent.back().titles.size() == 2);
  belts.reload(both);
  belts.advance(13h);
  CHECK(email.sent.size() == 3);  // it does not come back with the edition
  CHECK(belts.ledger().total.queued == 0);
  CHECK(belts.ledger().balances());
  CHECK(belts.failures.empty());
}
