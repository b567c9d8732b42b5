#include "dispatch/domain_paces.hpp"

#include <algorithm>

#include "base/encoding.hpp"

namespace crier {
namespace {

// Beyond it those that nothing is known of are forgotten.
constexpr std::size_t most_known = 10'000;

// The service answered about this recipient, and it was about how much we send (RFC 3463 §3.8). 4.7.1 is how
// greylisting speaks (RFC 6647): that passes by itself, at any pace.
bool is_too_much(const Outcome& outcome) {
  return outcome.kind == OutcomeKind::retry_later && outcome.about_delivery &&
         outcome.reason.starts_with("smtp-4.7.") && outcome.reason != "smtp-4.7.1";
}

// Another domain may be well when this one cannot be reached (X.4), has its own trouble (X.3) or refuses us
// (5.7.x): RFC 3463 §3.4, 3.5, 3.8.
bool is_domains_matter(const Outcome& outcome) {
  return outcome.blames_sender || outcome.reason.starts_with("smtp-4.4.") ||
         outcome.reason.starts_with("smtp-4.3.") || outcome.reason.starts_with("smtp-5.4.") ||
         outcome.reason.starts_with("smtp-5.3.");
}

// As its breaker is to see it; nullopt when it says nothing of the domain.
std::optional<Outcome> as_of_domain(const Outcome& outcome) {
  Outcome seen;
  seen.kind = outcome.kind;
  if (outcome.kind == OutcomeKind::ambiguous || outcome.untried) return std::nullopt;
  if (outcome.kind != OutcomeKind::retry_later) return seen;
  if (!outcome.about_delivery) return std::nullopt;  // the relay's own matter
  seen.reason = outcome.reason;
  seen.about_delivery = !is_domains_matter(outcome);
  return seen;
}

}  // namespace

DomainPaces::DomainPaces(const std::vector<DomainLimits>& limits) {
  for (const auto& each : limits) {
    if (each.names.empty()) continue;
    const auto provider = std::make_shared<Provider>(Provider{each.names, true, Pace(each.limits)});
    for (const auto& name : each.names) providers_.emplace(name, provider);
  }
}

DomainPaces::Provider& DomainPaces::provider_of(std::string_view address, Time now) {
  const auto domain = address.substr(address.rfind('@') + 1);
  if (const auto found = providers_.find(domain); found != providers_.end()) return *found->second;
  const auto name = to_lower_ascii(domain);
  if (const auto found = providers_.find(name); found != providers_.end()) return *found->second;
  if (providers_.size() >= most_known)
    std::erase_if(providers_, [&](const auto& known) {
      const auto& [its_name, provider] = known;
      return !provider->is_limited && provider->pace.under_way() == 0 && !provider->pace.is_slowed(now) &&
             provider->breaker.pause_left(now) == Duration::zero();
    });
  return *providers_.emplace(name, std::make_shared<Provider>(Provider{{name}, false, Pace()})).first->second;
}

std::optional<Time> DomainPaces::wait(std::string_view address, PaceOrder order, Time now) {
  auto& provider = provider_of(address, now);
  const auto& breaker = provider.breaker;
  const auto pause = order == PaceOrder::urgent ? breaker.pause_left(now) : breaker.wait_of(address, now);
  if (pause > Duration::zero()) return now + pause;
  auto& pace = provider.pace;
  if (pace.is_others_turn(order, now) || pace.room(now) == 0) return pace.queue(order, now);
  pace.begin(now, 1);
  return std::nullopt;
}

std::optional<Duration> DomainPaces::ended(std::string_view address, const Outcome& outcome, Time now) {
  auto& provider = provider_of(address, now);
  provider.pace.end(now, is_too_much(outcome));
  const auto seen = as_of_domain(outcome);
  if (!seen) return std::nullopt;
  const auto pause = provider.breaker.record(*seen, now);
  return provider.breaker.goes_on() ? std::nullopt : pause;
}

std::vector<DomainState> DomainPaces::states(Time now) const {
  std::map<std::string, DomainState> by_name;
  for (const auto& [domain, provider] : providers_) {
    const auto& pace = provider->pace;
    const bool is_slowed = pace.is_slowed(now);
    const auto pause = provider->breaker.pause_left(now);
    if (provider->is_limited || is_slowed || pause > Duration::zero())
      by_name[provider->names.front()] = {.names = provider->names,
                                          .limits = pace.limits(),
                                          .rate = pace.rate(now),
                                          .under_way = pace.under_way(),
                                          .is_slowed = is_slowed,
                                          .pause = pause,
                                          .pause_reason = provider->breaker.reason()};
  }
  std::vector<DomainState> states;
  for (auto& [name, state] : by_name) states.push_back(std::move(state));
  return states;
}

}  // namespace crier
