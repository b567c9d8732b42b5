#include "channel/relay_group.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "base/log.hpp"

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

// Nothing was taken, and that is the relay's matter: another one may take it.
bool may_go_elsewhere(const Outcome& outcome) {
  return outcome.kind == OutcomeKind::retry_later && !outcome.about_delivery;
}

// It says that it gets too much from us (RFC 5321 §3.8 for 421; RFC 3463 for 4.3 and 4.7).
bool is_too_much(const Outcome& outcome) {
  if (outcome.kind != OutcomeKind::retry_later || outcome.about_delivery) return false;
  const auto& reason = outcome.reason;
  return reason.starts_with("smtp-421") || reason.starts_with("smtp-4.7.") ||
         reason.starts_with("smtp-4.3.2");
}

}  // namespace

RelayGroup::RelayGroup(std::vector<Member> members, Clock& clock) : clock_(clock) {
  for (auto& member : members) members_.push_back(std::make_unique<Kept>(std::move(member)));
}

RelayGroup::~RelayGroup() = default;

// How many messages it may be given now.
std::size_t RelayGroup::room(const Kept& kept, Time now) {
  if (kept.is_held) return 0;
  auto room = kept.pace.room(now);
  if (!kept.member.warm_up) return room;
  const auto today = daily_room(*kept.member.warm_up, kept.sent, now);
  return today ? std::min(room, static_cast<std::size_t>(*today)) : room;
}

// By weight among those that are well and have room; else one that stands by; else, when none was tried yet,
// any: somebody has to find out whether it is well again.
RelayGroup::Kept* RelayGroup::choose(const std::vector<const Kept*>& tried, Time now) {
  const auto is_usable = [&](const Kept& kept) {
    return std::ranges::find(tried, &kept) == tried.end() &&
           kept.breaker.pause_left(now) == Duration::zero() && room(kept, now) > 0;
  };
  Kept* best = nullptr;
  std::int64_t weights = 0;
  for (auto& kept : members_) {
    const bool has_slot = kept->calls < kept->member.relay->concurrency();
    if (kept->member.weight == 0 || !is_usable(*kept) || !has_slot) continue;
    weights += kept->member.weight;
    kept->share += kept->member.weight;
    if (best == nullptr || kept->share > best->share) best = kept.get();
  }
  if (best != nullptr) {
    best->share -= weights;
    return best;
  }
  for (auto& kept : members_) {
    if (is_usable(*kept) && (best == nullptr || kept->calls < best->calls)) best = kept.get();
  }
  if (best != nullptr || !tried.empty()) return best;
  for (auto& kept : members_) {
    if (kept->is_held) continue;
    if (best == nullptr || kept->breaker.pause_left(now) < best->breaker.pause_left(now)) best = kept.get();
  }
  return best;
}

asio::awaitable<std::vector<Outcome>> RelayGroup::deliver(std::span<const MailPieces> messages) {
  Outcome held;  // by an operator, all of them, since the messages were taken
  held.reason = "relay paused";
  held.about_delivery = true;
  std::vector<Outcome> outcomes(messages.size(), held);
  std::vector<std::size_t> left(
      messages.size());  // the positions of those that no relay has taken or refused
  std::iota(left.begin(), left.end(), 0U);
  std::vector<const Kept*> tried;
  while (!left.empty()) {
    auto* const kept = choose(tried, clock_.now());
    if (kept == nullptr) break;
    tried.push_back(kept);
    std::vector<MailPieces> part;
    part.reserve(left.size());
    for (const auto position : left) part.push_back(messages[position]);
    const auto begun = clock_.now();
    kept->pace.begin(begun, part.size());
    const auto today = std::chrono::floor<std::chrono::days>(begun);
    if (kept->sent.day != today) kept->sent = {today, 0};
    kept->sent.count += static_cast<std::int64_t>(part.size());
    ++kept->calls;
    auto got = co_await kept->member.relay->deliver(part);
    --kept->calls;
    const auto now = clock_.now();
    std::vector<std::size_t> refused;
    for (std::size_t i = 0; i < left.size(); ++i) {
      auto& outcome = got.at(i);
      kept->pace.end(now, is_too_much(outcome));
      const auto pause = kept->breaker.record(outcome, now);
      if (pause && !kept->breaker.goes_on() && members_.size() > 1)
        log::warn("relay.paused", {{"relay", kept->member.name},
                                   {"for", to_string(*pause)},
                                   {"reason", outcome.reason},
                                   {"reply", outcome.reply},
                                   {"next", "the other relays take its mail"}});
      if (may_go_elsewhere(outcome)) {
        refused.push_back(left[i]);
        --kept->sent.count;
      }
      outcomes[left[i]] = std::move(outcome);
    }
    left = std::move(refused);
  }
  co_return outcomes;
}

// What suits each of those that are well.
unsigned RelayGroup::handful() const {
  const auto now = clock_.now();
  std::optional<unsigned> size;
  for (const auto& kept : members_) {
    if (kept->is_held || kept->breaker.pause_left(now) > Duration::zero()) continue;
    size = std::min(size.value_or(std::numeric_limits<unsigned>::max()), kept->member.relay->handful());
  }
  return size.value_or(1);
}

unsigned RelayGroup::concurrency() const {
  unsigned total = 0;
  for (const auto& kept : members_) total += kept->member.relay->concurrency();
  return total;
}

unsigned RelayGroup::most_concurrency() const {
  unsigned total = 0;
  for (const auto& kept : members_) total += kept->member.relay->most_concurrency();
  return total;
}

std::size_t RelayGroup::allowance(Time now) const {
  std::size_t total = 0;
  for (const auto& kept : members_) {
    const auto more = room(*kept, now);
    if (more == no_limit) return no_limit;
    total += kept->pace.under_way() + more;
  }
  return total;
}

Time RelayGroup::free_at(Time now) const {
  auto first = Time::max();
  for (const auto& kept : members_) {
    if (kept->is_held) continue;
    auto free = kept->pace.free_at(now);
    if (kept->member.warm_up && daily_room(*kept->member.warm_up, kept->sent, now) == 0)
      free = std::max(free, next_day(now));
    first = std::min(first, free);
  }
  return std::min<Time>(first, now + std::chrono::hours(1));
}

void RelayGroup::hold(const std::vector<std::string>& names) {
  for (auto& kept : members_) kept->is_held = std::ranges::find(names, kept->member.name) != names.end();
}

asio::awaitable<void> RelayGroup::stop() {
  for (auto& kept : members_) co_await kept->member.relay->stop();
}

std::vector<RelayState> RelayGroup::states(Time now) const {
  std::vector<RelayState> states;
  for (const auto& kept : members_) {
    const auto& plan = kept->member.warm_up;
    const bool is_today = kept->sent.day == std::chrono::floor<std::chrono::days>(now);
    states.push_back({.name = kept->member.name,
                      .is_held = kept->is_held,
                      .pause = kept->breaker.pause_left(now),
                      .pause_reason = kept->breaker.reason(),
                      .rate = kept->pace.rate(now),
                      .is_slowed = kept->pace.is_slowed(now),
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
