// A killed story is gone for good: also from an edition that was on its way when crier stopped.
#include <catch2/catch.hpp>

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
