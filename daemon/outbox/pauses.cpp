#include "outbox/pauses.hpp"

#include <algorithm>
#include <utility>

namespace crier {
namespace {

bool holds(const Pause& pause, const Route& route, std::string_view domain, std::string_view batch) {
  switch (pause.target.kind) {
    case TargetKind::channel:
    case TargetKind::relay:  // one of several: the others take its mail
      return pause.channel == route.channel;
    case TargetKind::lane:
      return pause.target.name == to_string(route.lane);
    case TargetKind::batch:
      return pause.target.name == batch;
    case TargetKind::domain:
      return !domain.empty() && pause.target.name == domain;
    case TargetKind::delivery:
    case TargetKind::reason:
      break;
  }
  return false;
}

}  // namespace

Pauses::Pauses(std::vector<Pause> pauses)
    : pauses_(std::move(pauses)), has_domains_(std::ranges::any_of(pauses_, [](const Pause& pause) {
        return pause.target.kind == TargetKind::domain;
      })) {}

const Pause* Pauses::holding(const Route& route, Time now) const {
  if (pauses_.empty()) return nullptr;
  const auto domain = has_domains_ ? domain_of(route.channel, route.address) : std::string();
  const auto batch = std::to_string(route.batch_id);
  const Pause* longest = nullptr;
  for (const auto& pause : pauses_) {
    if (pause.until <= now || !holds(pause, route, domain, batch)) continue;
    if (longest == nullptr || pause.until > longest->until) longest = &pause;
  }
  return longest;
}

std::optional<Time> Pauses::next_end() const {
  const auto first = std::ranges::min_element(pauses_, {}, &Pause::until);
  return first == pauses_.end() ? std::nullopt : std::optional(first->until);
}

Time held_until(const Pause& pause, Time expires_at) {
  return std::min(pause.until, expires_at);
}

}  // namespace crier
