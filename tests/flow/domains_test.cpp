// Recipient domains that are sent to with restraint: what is too much waits, and nothing is lost or repeated.
#include <algorithm>
#include <set>

#include <catch2/catch.hpp>
#include <fmt/core.h>

#include "support/belts.hpp"

using namespace crier;
using namespace crier::test;
using namespace std::chrono_literals;

namespace {

const auto noon = at("2026-11-23T12:00:00Z");

std::string readers(int count, std::string_view domain) {
  std::string rules;
  for (int i = 0; i < count; ++i)
    rules += fmt::format("  - {{id: {1}{0}, email: r{0}@{1}.example, follow: [{{topic: harbours}}]}}\n", i,
                         domain);
  return rules;
}

constexpr std::string_view topics = "topics: {harbours: {title: Harbours, any: [harbour]}}\nsubscribers:\n";

long sent_to(const ScriptedChannel& channel, std::string_view prefix) {
  return std::ranges::count_if(channel.sent,
                               [&](const auto& sent) { return sent.subscriber.starts_with(prefix); });
}

}  // namespace

TEST_CASE("a limited domain gets its mail at its rate, and the others do not wait for it") {
  Belts belts(std::string(topics) + readers(40, "slow") + readers(40, "fast"), noon);
  belts.limit({{{"slow.example"}, {.rate = 1, .at_once = 0}}});
  auto& email = belts.channel(ChannelKind::email);
  email.set_handful(8);
  belts.accept(sample_story("h1", "The harbour reopens"));
  belts.settle();
  CHECK(sent_to(email, "fast") == 40);
  CHECK(sent_to(email, "slow") <= 2);
  CHECK(belts.ledger().total.queued >= 38);
  for (int i = 0; i < 20; ++i) belts.advance(1s);
  CHECK(sent_to(email, "slow") >= 10);
  CHECK(sent_to(email, "slow") <= 22);
  for (int i = 0; i < 60; ++i) belts.advance(1s);
  CHECK(sent_to(email, "slow") == 40);
  CHECK(belts.ledger().balances());
  CHECK(belts.ledger().total.delivered == 80);
  CHECK(std::ranges::all_of(email.sent,
                            [](const auto& sent) { return sent.attempt == 0; }));  // waiting is none
}

TEST_CASE("a domain that asks for less gets less, until it is silent") {
  Belts belts(std::string(topics) + readers(30, "touchy") + readers(30, "fast"), noon);
  auto& email = belts.channel(ChannelKind::email);
  Outcome less;
  less.reason = "smtp-4.7.28";
  less.about_delivery = true;
  email.while_sending = [&](const auto& sent) {
    if (sent.subscriber.starts_with("touchy") && sent_to(email, "touchy") == 3)
      email.answers.push_front(less);
  };
  belts.accept(sample_story("h1", "The harbour reopens"));
  belts.settle();
  CHECK(sent_to(email, "fast") == 30);
  CHECK(sent_to(email, "touchy") < 12);
  for (int i = 0; i < 30; ++i) belts.advance(1s);
  belts.advance(2min);
  belts.settle();
  CHECK(belts.ledger().total.delivered == 60);
  CHECK(belts.ledger().balances());
}

TEST_CASE("a domain that will have nothing of ours is left alone, and the others get theirs") {
  Belts belts(std::string(topics) + readers(40, "deaf") + readers(40, "fast"), noon);
  auto& email = belts.channel(ChannelKind::email);
  Outcome blocked;
  blocked.reason = "smtp-5.7.1";
  blocked.about_delivery = true;
  blocked.blames_sender = true;
  bool is_deaf = true;
  email.while_sending = [&](const auto& sent) {
    if (is_deaf && sent.subscriber.starts_with("deaf")) email.answers.push_front(blocked);
  };
  belts.accept(sample_story("h1", "The harbour reopens"));
  belts.settle();
  CHECK(sent_to(email, "fast") == 40);
  CHECK(sent_to(email, "deaf") < 12);  // five, and what was under way with them
  is_deaf = false;
  for (int i = 0; i < 30; ++i) belts.advance(1min);
  CHECK(belts.ledger().total.delivered == 80);
  CHECK(belts.ledger().balances());
}

TEST_CASE("no delivery fails because its domain's turn is far away") {
  Belts belts(std::string(topics) + readers(1000, "slow"), noon);
  belts.limit({{{"slow.example"}, {.rate = 1, .at_once = 0}}});
  auto& email = belts.channel(ChannelKind::email);
  email.set_handful(50);
  belts.accept(sample_story("h1", "The harbour reopens"));
  belts.settle();
  CHECK(belts.ledger().total.queued >= 998);
  CHECK(belts.ledger().total.failed.empty());
  for (int i = 0; i < 10; ++i) belts.advance(1min);
  CHECK(email.sent.size() >= 10);
  CHECK(belts.ledger().total.failed.empty());
  CHECK(belts.ledger().balances());
}
