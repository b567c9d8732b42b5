// Several relays as one: who gets what, who stands in, and what a relay may be given.
#include "channel/relay_group.hpp"

#include <algorithm>
#include <deque>
#include <functional>
#include <map>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <catch2/catch.hpp>
#include <fmt/core.h>

#include "support/manual_clock.hpp"
#include "support/run_loop.hpp"

using namespace crier;
using namespace crier::test;
using namespace std::chrono_literals;

namespace {

const auto noon = parse_rfc3339("2026-12-02T12:00:00Z").value();

Outcome outcome(OutcomeKind kind, std::string reason, bool about_delivery = false) {
  Outcome out;
  out.kind = kind;
  out.reason = std::move(reason);
  out.about_delivery = about_delivery;
  return out;
}

const auto dead = outcome(OutcomeKind::retry_later, "unreachable");

// Answers what it was told to, else takes everything.
class ScriptedRelay final : public Relay {
 public:
  boost::asio::awaitable<std::vector<Outcome>> deliver(std::span<const MailPieces> messages) override {
    if (while_asked) while_asked();
    std::vector<Outcome> out;
    for (const auto& message : messages) {
      asked.emplace_back(message.to);
      out.push_back(answer.value_or(outcome(OutcomeKind::delivered, "")));
    }
    co_return out;
  }
  unsigned handful() const override { return 10; }
  unsigned concurrency() const override { return 4; }
  std::optional<PoolState> pool() const override { return PoolState{.most = 4, .allowed = 2}; }
  void wind_up(Duration patience) override {
    answer = outcome(OutcomeKind::retry_later, "stopping");
    answer->untried = true;
    patience_at_stop = patience;
  }
  boost::asio::awaitable<void> stop() override {
    most_stopping = std::max(most_stopping, ++stopping);
    co_await boost::asio::post(co_await boost::asio::this_coro::executor, boost::asio::use_awaitable);
    --stopping;
    if (fails_to_stop) throw std::runtime_error("it is gone");
  }

  std::vector<std::string> asked;
  std::optional<Outcome> answer;
  std::function<void()> while_asked;
  Duration patience_at_stop{};
  bool fails_to_stop = false;
  static inline int stopping = 0;  // of all of them, and at once
  static inline int most_stopping = 0;
};

struct Group {
  explicit Group(std::vector<RelayGroup::Member> members) {
    for (auto& member : members) {
      auto relay = std::make_unique<ScriptedRelay>();
      relays[member.name] = relay.get();
      member.relay = std::move(relay);
    }
    group.emplace(std::move(members), clock);
  }

  std::vector<Outcome> deliver(std::size_t count) {
    const std::vector<MailPieces> messages(count,
                                           MailPieces{"news@example.org", "amara@example.org", "<1@x>", {}});
    return run_loop(loop, group->deliver(messages));
  }

  boost::asio::io_context loop;
  ManualClock clock{noon};
  std::map<std::string, ScriptedRelay*> relays;
  std::optional<RelayGroup> group;
};

RelayGroup::Member member(std::string name, unsigned weight = 1, PaceLimits limits = {},
                          std::optional<WarmUp> warm_up = {}) {
  return {.name = std::move(name), .relay = nullptr, .weight = weight, .limits = limits, .warm_up = warm_up};
}

bool all_are(const std::vector<Outcome>& outcomes, OutcomeKind kind) {
  return std::ranges::all_of(outcomes, [&](const auto& each) { return each.kind == kind; });
}

template <class... Members>
std::vector<RelayGroup::Member> of(Members... members) {
  std::vector<RelayGroup::Member> all;
  (all.push_back(std::move(members)), ...);
  return all;
}

}  // namespace

TEST_CASE(
    "at a stop all relays are told, and what they do not try goes to no other and is nobody's failure") {
  Group group(
      of(member("one", 1, {}, WarmUp{.from = std::chrono::floor<std::chrono::days>(noon)}), member("two")));
  group.group->wind_up(25s);
  for (int i = 0; i < 10; ++i) {
    for (const auto& each : group.deliver(3)) {
      CHECK(each.untried);
      CHECK(each.reason == "stopping");
    }
  }
  CHECK(group.relays["one"]->asked.size() + group.relays["two"]->asked.size() == 30);
  for (const auto& [name, relay] : group.relays) CHECK(relay->patience_at_stop == 25s);
  for (const auto& state : group.group->states(noon)) {
    CHECK(state.pause == Duration::zero());
    CHECK(state.sent_today == 0);
  }
}

TEST_CASE("what is recalled goes to no relay, be it the next or the same again") {
  Group group(
      of(member("one", 1, {}, WarmUp{.from = std::chrono::floor<std::chrono::days>(noon)}), member("two")));
  auto& one = *group.relays["one"];
  auto& two = *group.relays["two"];
  one.while_asked = two.while_asked = [&] { group.group->recall(); };
  SECTION("after a relay has failed") {
    one.answer = two.answer = dead;
  }
  const auto outcomes = group.deliver(25);  // more than a relay takes at once
  CHECK(one.asked.size() + two.asked.size() == 10);
  CHECK(std::ranges::count(outcomes, true, &Outcome::recalled) == (one.answer ? 25 : 15));
  CHECK(std::ranges::count(outcomes, true, &Outcome::untried) == (one.answer ? 25 : 15));
  CHECK(std::ranges::count(outcomes, OutcomeKind::delivered, &Outcome::kind) == (one.answer ? 0 : 10));
}

TEST_CASE("mail is shared out by weight, and a relay of weight 0 stands by") {
  Group group(of(member("large", 3), member("small", 1), member("spare", 0)));
  for (int i = 0; i < 40; ++i) REQUIRE(all_are(group.deliver(1), OutcomeKind::delivered));
  CHECK(group.relays["large"]->asked.size() == 30);
  CHECK(group.relays["small"]->asked.size() == 10);
  CHECK(group.relays["spare"]->asked.empty());
}

TEST_CASE("what a relay cannot take goes by another in the same attempt") {
  Group group(of(member("one"), member("two"), member("spare", 0)));
  group.relays["one"]->answer = dead;
  for (int i = 0; i < 20; ++i) REQUIRE(all_are(group.deliver(2), OutcomeKind::delivered));
  CHECK(group.relays["one"]->asked.size() <= 12);  // then it rests
  CHECK(group.relays["two"]->asked.size() == 40);
  group.relays["two"]->answer = dead;
  CHECK(all_are(group.deliver(2), OutcomeKind::delivered));
  CHECK(group.relays["spare"]->asked.size() == 2);
  SECTION("and when all are out, that is said") {
    group.relays["spare"]->answer = dead;
    const auto outcomes = group.deliver(3);
    CHECK(all_are(outcomes, OutcomeKind::retry_later));
    CHECK(outcomes[0].reason == "unreachable");
  }
  SECTION("a relay that has rested is asked again") {
    group.relays["one"]->answer.reset();
    group.clock.advance(10min);
    const auto before = group.relays["one"]->asked.size();
    for (int i = 0; i < 4; ++i) group.deliver(1);
    CHECK(group.relays["one"]->asked.size() > before);
  }
}

TEST_CASE("relays are left side by side, and none keeps the others") {
  Group group(of(member("one"), member("two"), member("spare", 0)));
  group.relays["one"]->fails_to_stop = true;
  ScriptedRelay::most_stopping = 0;
  boost::asio::co_spawn(group.loop, group.group->stop(),
                        [](const std::exception_ptr& failure) { CHECK_FALSE(failure); });
  group.loop.run();
  CHECK(ScriptedRelay::stopping == 0);
  CHECK(ScriptedRelay::most_stopping == 3);
}

TEST_CASE("what is about a reader, or in doubt, is not tried by another relay") {
  Group group(of(member("one", 1), member("spare", 0)));
  for (const auto& answer :
       {outcome(OutcomeKind::refused, "smtp-5.1.1"), outcome(OutcomeKind::ambiguous, "connection-lost"),
        outcome(OutcomeKind::retry_later, "smtp-4.2.2", true)}) {
    group.relays["one"]->answer = answer;
    CHECK(group.deliver(1).front().reason == answer.reason);
  }
  CHECK(group.relays["spare"]->asked.empty());
}

TEST_CASE("a relay with a rate is given no more than that, and free again in time") {
  Group group(of(member("slow", 1, {.rate = 8, .at_once = 0})));
  CHECK(group.group->allowance(noon) <= 1);
  for (int i = 0; i < 30; ++i) {  // an eighth, doubling each ten seconds
    group.clock.advance(1s);
    group.deliver(std::min<std::size_t>(group.group->allowance(group.clock.now()), 100));
  }
  CHECK(group.relays["slow"]->asked.size() >= 60);
  CHECK(group.relays["slow"]->asked.size() <= 140);
  const auto now = group.clock.now();
  CHECK(group.group->allowance(now) == 0);
  CHECK(group.group->free_at(now) > now);
  CHECK(group.group->free_at(now) <= now + 1s);
}

TEST_CASE("a relay that says it is too much is given half of it") {
  Group group(of(member("one")));
  CHECK(group.group->allowance(noon) == Relay::no_limit);
  group.deliver(10);
  group.relays["one"]->answer = outcome(OutcomeKind::retry_later, "smtp-421");
  group.deliver(1);
  CHECK(group.group->allowance(group.clock.now()) != Relay::no_limit);
  CHECK(group.group->states(group.clock.now()).front().is_slowed);
  group.clock.advance(1h);
  CHECK(group.group->allowance(group.clock.now()) == Relay::no_limit);
}

TEST_CASE("a relay that warms up gets its share of the day, the others the rest") {
  const WarmUp plan{.from = std::chrono::floor<std::chrono::days>(noon), .first_day = 50, .done_at = 1000};
  Group group(of(member("new", 1, {}, plan), member("old")));
  for (int i = 0; i < 200; ++i) group.deliver(1);
  CHECK(group.relays["new"]->asked.size() == 50);
  CHECK(group.relays["old"]->asked.size() == 150);
  group.clock.advance(24h);
  for (int i = 0; i < 400; ++i) group.deliver(1);
  CHECK(group.relays["new"]->asked.size() == 150);
  const auto state = group.group->states(group.clock.now()).front();
  CHECK(state.sent_today == 100);
  CHECK(state.most_today == 100);
  SECTION("also after a restart") {
    Group later(of(member("new", 1, {}, plan)));
    later.clock.advance(24h);
    for (const auto& [name, sent] : group.group->sent()) later.group->remember(name, sent);
    CHECK(later.group->allowance(later.clock.now()) == 0);
    CHECK(later.group->free_at(later.clock.now()) > later.clock.now());
  }
}

TEST_CASE("a relay that is down does not make the others break their limits") {
  const WarmUp plan{.from = std::chrono::floor<std::chrono::days>(noon), .first_day = 50, .done_at = 1000};
  Group group(of(member("down"), member("new", 1, {}, plan)));
  group.relays["down"]->answer = dead;
  for (int i = 0; i < 200; ++i) group.deliver(1);
  CHECK(group.relays["new"]->asked.size() == 50);
  CHECK(group.group->allowance(noon) == 0);
  CHECK(group.group->free_at(noon) > noon);
  CHECK(group.group->free_at(noon) <= noon + 5s);  // then the other one is asked again
}

TEST_CASE("what a relay has no room for goes by the others, and waits a moment when they have none") {
  Group group(of(member("slow", 1, {.rate = 8, .at_once = 0}), member("large")));
  REQUIRE(all_are(group.deliver(10), OutcomeKind::delivered));
  CHECK(group.relays["slow"]->asked.size() == 1);
  CHECK(group.relays["large"]->asked.size() == 9);
  group.relays["large"]->answer = dead;
  const auto outcomes = group.deliver(3);
  CHECK(all_are(outcomes, OutcomeKind::retry_later));
  CHECK(std::ranges::all_of(outcomes, [](const auto& each) { return each.about_delivery; }));
}

TEST_CASE("a relay that an operator holds is given nothing") {
  Group group(of(member("one"), member("two")));
  group.group->hold({"one"});
  for (int i = 0; i < 10; ++i) group.deliver(1);
  CHECK(group.relays["one"]->asked.empty());
  group.group->hold({"one", "two"});
  CHECK(group.group->allowance(noon) == 0);
  CHECK(group.deliver(1).front().kind == OutcomeKind::retry_later);
  CHECK(group.relays["two"]->asked.size() == 10);
  group.group->hold({});
  for (int i = 0; i < 10; ++i) group.deliver(1);
  CHECK(group.relays["one"]->asked.size() == 5);
}

TEST_CASE("the state of each relay says what is configured, what is on its way and what holds it") {
  const WarmUp plan{.from = std::chrono::floor<std::chrono::days>(noon), .first_day = 50, .done_at = 1000};
  Group group(of(member("one", 3, {.rate = 80, .at_once = 0}, plan), member("spare", 0)));
  std::vector<RelayState> seen;
  group.relays["one"]->while_asked = [&] { seen = group.group->states(group.clock.now()); };
  group.deliver(5);
  REQUIRE(seen.size() == 2);
  CHECK(seen[0].weight == 3);
  CHECK(seen[0].under_way == 5);
  CHECK(seen[0].pool->most == 4);
  CHECK(seen[0].pool->allowed == 2);
  CHECK(seen[0].most_rate == 80.0);
  CHECK(seen[0].rate == 10.0);
  CHECK(seen[0].warm_up == plan);
  CHECK_FALSE(seen[0].is_failing);
  CHECK(seen[1].name == "spare");
  CHECK(seen[1].weight == 0);
  CHECK(seen[1].under_way == 0);
  CHECK_FALSE(seen[1].most_rate);
  group.relays["one"]->while_asked = nullptr;
  group.relays["one"]->answer = dead;
  group.clock.advance(1s);
  for (int i = 0; i < 5; ++i) group.deliver(1);
  auto state = group.group->states(group.clock.now()).front();
  CHECK(state.under_way == 0);
  CHECK(state.pause > Duration::zero());
  CHECK(state.is_failing);
  CHECK(state.pause_reason == "unreachable");
  group.clock.advance(1min);  // it rests no longer, and nobody knows yet whether it is well
  state = group.group->states(group.clock.now()).front();
  CHECK(state.pause == Duration::zero());
  CHECK(state.is_failing);
}
