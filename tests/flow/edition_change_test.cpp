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
