// What is urgent overtakes what is under way, and what is not goes on all the same.
#include <algorithm>
#include <functional>

#include <catch2/catch.hpp>
#include <fmt/core.h>

#include "support/belts.hpp"

using namespace crier;
using namespace crier::test;
using namespace std::chrono_literals;

namespace {

const auto noon = at("2026-11-23T12:00:00Z");

std::string harbour_readers(int count) {
  std::string rules = "topics: {harbours: {title: Harbours, any: [harbour]}}\nsubscribers:\n";
  for (int i = 0; i < count; ++i)
    rules += fmt::format("  - {{id: r{0}, email: r{0}@example.org, follow: [{{topic: harbours}}]}}\n", i);
  return rules;
}

}  // namespace

TEST_CASE("breaking news overtakes an alert that is being sent, which goes on meanwhile") {
  Belts belts(harbour_readers(320), noon);
  auto& email = belts.channel(ChannelKind::email);
  // Nothing more leaves while the first of each slot are under way.
  for (int i = 0; i < 320; ++i) email.hold.insert(fmt::format("r{}", i));
  belts.accept(sample_story("h1", "The harbour reopens"));
  belts.settle();
  REQUIRE(email.sent.size() == email.concurrency());
  auto breaking = sample_story("h2", "The harbour burns");
  breaking.urgency = 1;
  belts.accept(breaking);
  belts.settle();
  const auto before = email.sent.size();
  REQUIRE(before == email.concurrency());
  auto held = email.hold;
  email.hold.clear();
  for (const auto& reader : held) email.release(reader);
  belts.settle();
  REQUIRE(email.sent.size() == 640);
  const auto is_breaking = [](const auto& sent) { return sent.titles.front() == "The harbour burns"; };
  CHECK(std::all_of(email.sent.begin() + before, email.sent.begin() + before + 8, is_breaking));
  const auto last = std::find_if(email.sent.rbegin(), email.sent.rend(), is_breaking).base();
  const auto alerts_meanwhile = std::count_if(email.sent.begin() + before, last, std::not_fn(is_breaking));
  CHECK(alerts_meanwhile >= 18);
  CHECK(alerts_meanwhile <= 24);
  CHECK(belts.ledger().total.delivered == 640);
}
