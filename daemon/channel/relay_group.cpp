#include "channel/relay_group.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/finally.hpp"
#include "base/log.hpp"
#include "base/tasks.hpp"

namespace crier {

namespace asio = boost::asio;

struct RelayGroup::Kept {
  explicit Kept(Member its) : member(std::move(its)), pace(member.limits) {}

  Member member;
  mutable Pace pace;
  Breaker breaker;
  SentOnDay sent;
  bool is_held = false;
  unsigned calls = 0;      // deliver() that are under way
  std::int64_t share = 0;  // of its weight's turns, how many it is behind (smooth weighted round-robin)
};

namespace {

// Nothing was taken, and that is the relay's matter, or what it thinks of us: another one may take it.
bool may_go_elsewhere(const Outcome& outcome) {
  return outcome.kind == OutcomeKind::retry_later && !outcome.untried &&
         (!outcome.about_delivery || outcome.blames_sender);
}

// It says that it gets too much from us (RFC 5321 §3.8 for 421; RFC 3463 for the others).
bool is_too_much(const Outcome& outcome) {
  if (outcome.kind != OutcomeKind::retry_later || outcome.about_delivery) return false;
  const auto& reason = outcome.reason;
  return reason == "smtp-421" || reason == "smtp-4.3.2" || reason == "smtp-4.4.5" ||
         reason.starts_with("smtp-4.7.");
}

// For what no relay can be given now, though one of them is well.
Outcome busy() {
  Outcome outcome;
  outcome.reason = "relays busy";
  outcome.about_delivery = true;
  outcome.untried = true;
  outcome.retry_after = std::chrono::seconds(1);
  return outcome;
}

// For what has to be looked at again before it goes to another one.
Outcome recalled() {
  Outcome outcome;
  outcome.reason = "recalled";
  outcome.untried = outcome.recalled = true;
  return outcome;
}

}  // namespace

RelayGroup::RelayGroup(std::vector<Member> members, Clock& clock) : clock_(clock) {
  for (auto& member : members) members_.push_back(std::make_unique<Kept>(std::move(member)));
}

RelayGroup::~RelayGroup() = default;

// How many messages it may be given now, by its pace and its warm-up.
std::size_t RelayGroup::room(const Kept& kept, Time now) {
  if (kept.is_held) return 0;
  auto room = kept.pace.room(now);
  if (!kept.member.warm_up) return room;
  const auto today = daily_room(*kept.member.warm_up, kept.sent, now);
  return today ? std::min(room, static_cast<std::size_t>(*today)) : room;
}

bool RelayGroup::is_well(const Kept& kept, Time now) {
  return !kept.is_held && kept.breaker.pause_left(now) == Duration::zero();
}

// By weight among those that are well and have room and a free call; else of these the least busy, and one
// that stands by only when no other is well; else, when none was tried yet, any that has room: somebody has
// to find out whether it is well again.
RelayGroup::Kept* RelayGroup::choose(const std::vector<const Kept*>& tried, Time now) {
  const auto is_open = [&](const Kept& kept) {
    return std::ranges::find(tried, &kept) == tried.end() && room(kept, now) > 0;
  };
  const auto least_busy = [&](const auto& may) {
    Kept* best = nullptr;
    for (auto& kept : members_)
      if (is_open(*kept) && may(*kept) && (best == nullptr || kept->calls < best->calls)) best = kept.get();
    return best;
  };
  Kept* best = nullptr;
  std::int64_t weights = 0;
  for (auto& kept : members_) {
    const bool is_free = kept->calls < kept->member.relay->concurrency();
    if (kept->member.weight == 0 || !is_free || !is_open(*kept) || !is_well(*kept, now)) continue;
    weights += kept->member.weight;
    kept->share += kept->member.weight;
    if (best == nullptr || kept->share > best->share) best = kept.get();
  }
  if (best != nullptr) {
    best->share -= weights;
    return best;
  }
  best = least_busy([&](const Kept& kept) { return kept.member.weight > 0 && is_well(kept, now); });
  if (best == nullptr) best = least_busy([&](const Kept& kept) { return is_well(kept, now); });
  if (best == nullptr && tried.empty()) best = least_busy([](const Kept&) { return true; });
  return best;
}

// One attempt of a relay; the outcomes of what it was given, by position.
asio::awaitable<std::vector<Outcome>> RelayGroup::ask(Kept& kept, std::span<const MailPieces> messages) {
  const auto begun = clock_.now();
  const auto today = std::chrono::floor<std::chrono::days>(begun);
  if (kept.sent.day != today) kept.sent = {today, 0};
  kept.sent.count += static_cast<std::int64_t>(messages.size());
  kept.pace.begin(begun, messages.size());
  ++kept.calls;
  std::vector<Outcome> outcomes;
  {
    const Finally ended([&] {
      --kept.calls;
      const auto now = clock_.now();
      for (std::size_t i = 0; i < messages.size(); ++i)
        kept.pace.end(now, i < outcomes.size() && is_too_much(outcomes[i]));
    });
    outcomes = co_await kept.member.relay->deliver(messages);
  }
  const auto now = clock_.now();
  for (const auto& outcome : outcomes) {
    if ((may_go_elsewhere(outcome) || outcome.untried) && kept.sent.day == today) --kept.sent.count;
    if (outcome.untried) continue;  // it is we who stop
    const auto pause = kept.breaker.record(outcome, now);
    if (pause && !kept.breaker.goes_on() && members_.size() > 1)
      log::warn("relay.paused", {{"relay", kept.member.name},
                                 {"for", to_string(*pause)},
                                 {"reason", outcome.reason},
                                 {"reply", outcome.reply},
                                 {"next", "the other relays take its mail"}});
  }
  co_return outcomes;
}

asio::awaitable<std::vector<Outcome>> RelayGroup::deliver(std::span<const MailPieces> messages) {
  std::vector<Outcome> outcomes(messages.size(), busy());
  std::vector<std::size_t> left(
      messages.size());  // the positions of those that no relay has taken or refused
  std::iota(left.begin(), left.end(), 0U);
  std::vector<const Kept*> tried;
  const auto recalls = recalls_;
  while (!left.empty()) {
    if (recalls != recalls_) {
      for (const auto position : left) outcomes[position] = recalled();
      co_return outcomes;
    }
    const auto now = clock_.now();
    auto* const kept = choose(tried, now);
    if (kept == nullptr) break;
    const auto count = std::min({left.size(), room(*kept, now), std::size_t{kept->member.relay->handful()}});
    std::vector<MailPieces> part;
    part.reserve(count);
    for (std::size_t i = 0; i < count; ++i) part.push_back(messages[left[i]]);
    auto got = co_await ask(*kept, part);
    std::vector<std::size_t> still_left;
    for (std::size_t i = 0; i < count; ++i) {
      outcomes[left[i]] = std::move(got.at(i));
      if (may_go_elsewhere(outcomes[left[i]])) still_left.push_back(left[i]);
    }
    if (!still_left.empty()) tried.push_back(kept);
    still_left.insert(still_left.end(), left.begin() + static_cast<std::ptrdiff_t>(count), left.end());
    left = std::move(still_left);
  }
  const auto now = clock_.now();
  const bool one_is_well = std::ranges::any_of(members_, [&](const auto& kept) {
    return is_well(*kept, now) && std::ranges::find(tried, kept.get()) == tried.end();
  });
  // What was said of a reader is not forgotten: she would be asked about again at once.
  if (one_is_well)
    for (const auto position : left)
      if (!outcomes[position].about_delivery) outcomes[position] = busy();
  co_return outcomes;
}

// What the one that likes most likes: deliver() gives each what suits it.
unsigned RelayGroup::handful() const {
  const auto now = clock_.now();
  unsigned most = 1;
  for (const auto& kept : members_)
    if (is_well(*kept, now)) most = std::max(most, kept->member.relay->handful());
  return most;
}

// Those that stand by count only when no other is well.
unsigned RelayGroup::concurrency() const {
  const auto now = clock_.now();
  unsigned first = 0;
  unsigned all = 0;
  for (const auto& kept : members_) {
    if (!is_well(*kept, now)) continue;
    all += kept->member.relay->concurrency();
    if (kept->member.weight > 0) first += kept->member.relay->concurrency();
  }
  return std::max(first > 0 ? first : all, 1U);
}

unsigned RelayGroup::most_concurrency() const {
  unsigned total = 0;
  for (const auto& kept : members_) total += kept->member.relay->most_concurrency();
  return total;
}

std::size_t RelayGroup::allowance(Time now) const {
  std::size_t total = 0;
  for (const auto& kept : members_) {
    const auto more = is_well(*kept, now) ? room(*kept, now) : 0;
    if (more == no_limit) return no_limit;
    total += kept->pace.under_way() + more;
  }
  return total;
}

Time RelayGroup::free_at(Time now) const {
  auto first = Time::max();
  for (const auto& kept : members_) {
    if (kept->is_held) continue;
    auto free = std::max(kept->pace.free_at(now), now + kept->breaker.pause_left(now));
    if (kept->member.warm_up && daily_room(*kept->member.warm_up, kept->sent, now) == 0)
      free = std::max(free, next_day(now));
    first = std::min(first, free);
  }
  return std::min<Time>(first, now + std::chrono::hours(1));
}

void RelayGroup::hold(const std::vector<std::string>& names) {
  for (auto& kept : members_) kept->is_held = std::ranges::find(names, kept->member.name) != names.end();
}

void RelayGroup::recall() {
  ++recalls_;
  for (auto& kept : members_) kept->member.relay->recall();
}

void RelayGroup::wind_up(Duration patience) {
  for (auto& kept : members_) kept->member.relay->wind_up(patience);
}

// Side by side: it takes as long as the slowest, however many do not answer. Each has a limit of its own.
asio::awaitable<void> RelayGroup::stop() {
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  TaskGroup goodbyes(co_await asio::this_coro::executor,
                     [](const std::string& relay, const std::string& what) {
                       log::warn("relay.not_stopped", {{"relay", relay}, {"what", what}});
                     });
  for (auto& kept : members_) goodbyes.start(kept->member.name, kept->member.relay->stop());
  co_await goodbyes.join();
}

std::vector<RelayState> RelayGroup::states(Time now) const {
  std::vector<RelayState> states;
  for (const auto& kept : members_) {
    const auto& plan = kept->member.warm_up;
    const bool is_today = kept->sent.day == std::chrono::floor<std::chrono::days>(now);
    states.push_back({.name = kept->member.name,
                      .weight = kept->member.weight,
                      .under_way = kept->pace.under_way(),
                      .pool = kept->member.relay->pool(),
                      .is_held = kept->is_held,
                      .pause = kept->breaker.pause_left(now),
                      .is_failing = !kept->breaker.is_well(),
                      .pause_reason = kept->breaker.reason(),
                      .rate = kept->pace.rate(now),
                      .most_rate = kept->pace.limits().rate,
                      .is_slowed = kept->pace.is_slowed(now),
                      .warm_up = plan,
                      .sent_today = is_today ? kept->sent.count : 0,
                      .most_today = plan ? daily_share(*plan, now) : std::nullopt});
  }
  return states;
}

void RelayGroup::remember(const std::string& name, const SentOnDay& sent) {
  for (auto& kept : members_)
    if (kept->member.name == name) kept->sent = sent;
}

std::vector<std::pair<std::string, SentOnDay>> RelayGroup::sent() const {
  std::vector<std::pair<std::string, SentOnDay>> out;
  for (const auto& kept : members_)
    if (kept->member.warm_up) out.emplace_back(kept->member.name, kept->sent);
  return out;
}

}  // namespace crier
