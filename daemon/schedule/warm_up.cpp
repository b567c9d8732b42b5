#include "schedule/warm_up.hpp"

#include <algorithm>

namespace crier {
namespace {

std::chrono::sys_days day_of(Time time) {
  return std::chrono::floor<std::chrono::days>(time);
}

}  // namespace

std::optional<std::int64_t> daily_share(const WarmUp& plan, Time now) {
  const auto days = (day_of(now) - plan.from).count();
  if (days < 0) return 0;
  auto share = plan.first_day;
  for (std::int64_t day = 0; day < days && share < plan.done_at; ++day) share *= 2;
  if (share >= plan.done_at) return std::nullopt;
  return share;
}

std::optional<std::int64_t> daily_room(const WarmUp& plan, const SentOnDay& sent, Time now) {
  const auto share = daily_share(plan, now);
  if (!share) return std::nullopt;
  return std::max<std::int64_t>(*share - (sent.day == day_of(now) ? sent.count : 0), 0);
}

Time next_day(Time now) {
  return day_of(now) + std::chrono::days(1);
}

}  // namespace crier
