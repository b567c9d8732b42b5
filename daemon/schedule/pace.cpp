#include "schedule/pace.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace crier {
namespace {

using namespace std::chrono_literals;

constexpr Duration one_word = 5s;
constexpr Duration longest_turn = 5min;
constexpr double least_rate = 1;         // unless the configured one is lower
constexpr double first_share = 1.0 / 8;  // of a configured rate
constexpr double doubling_s = 10;
constexpr double growth_a_second = 1.0 / 200;  // of the goal: half of it in 100 s
constexpr double rounding = 1e-6;              // thirds of a message make a whole one
constexpr double free_again = 2;               // times the rate that was too much

double seconds(Duration duration) {
  return static_cast<double>(duration.count()) / 1000;
}

double ms(Time time) {
  return static_cast<double>(time.time_since_epoch().count());
}

Duration to_duration(double seconds) {
  return Duration(static_cast<Duration::rep>(std::ceil(seconds * 1000)));
}

}  // namespace

std::optional<double> parse_rate(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  std::uint32_t count = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + slash, count);
  if (failed != std::errc() || end != text.data() + slash || count == 0) return std::nullopt;
  const auto unit = text.substr(slash + 1);
  const double unit_s = unit == "s" ? 1 : unit == "m" ? 60 : unit == "h" ? 3600 : unit == "d" ? 86'400 : 0;
  if (unit_s == 0) return std::nullopt;
  return count / unit_s;
}

std::optional<double> Pace::rate(Time now) const {
  if (!rate_) {
    if (!limits_.rate) return std::nullopt;
    return std::max(*limits_.rate * first_share, std::min(*limits_.rate, 1.0));
  }
  const auto passed = std::max(seconds(now - since_), 0.0);
  const auto grown = doubles_ ? *rate_ * std::exp2(std::min(passed / doubling_s, 60.0))
                              : *rate_ + goal_ * growth_a_second * passed;
  if (limits_.rate) return std::min(grown, *limits_.rate);
  if (grown >= goal_ * free_again) return std::nullopt;
  return grown;
}

bool Pace::is_slowed(Time now) const {
  if (!rate_ || doubles_) return false;
  const auto current = rate(now);
  return current && (!limits_.rate || *current < *limits_.rate);
}

void Pace::refill(Time now) {
  const auto current = rate(now);
  if (!current) return;
  const auto passed = std::max(seconds(now - refilled_at_), 0.0);
  tokens_ = std::min(tokens_ + *current * passed, std::max(*current, 1.0));
  refilled_at_ = now;
}

std::size_t Pace::room(Time now) {
  auto room = no_limit;
  if (limits_.at_once > 0) room = limits_.at_once - std::min(under_way_, limits_.at_once);
  refill(now);
  if (rate(now)) room = std::min(room, static_cast<std::size_t>(std::max(tokens_ + rounding, 0.0)));
  return room;
}

Time Pace::free_at(Time now) {
  if (room(now) > 0) return now;
  const auto current = rate(now);
  if (current && tokens_ + rounding < 1) return now + to_duration((1 - tokens_) / *current);
  // As soon as one of those that are under way is answered.
  return now + to_duration(std::clamp(1 / seen_rate(now), 0.01, 1.0));
}

Time Pace::queue(PaceOrder order, Time now) {
  auto& next = next_turn_ms_[static_cast<std::size_t>(order)];
  const auto turn = std::min(std::max(next, ms(free_at(now))), ms(now + longest_turn));
  // Of a place that takes so many at once nobody knows how fast it is: a bit faster than it was.
  next = turn + 1000 / rate(now).value_or(seen_rate(now) * 2);
  return Time(Duration(static_cast<Duration::rep>(std::ceil(turn))));
}

bool Pace::is_others_turn(PaceOrder order, Time now) {
  if (order == PaceOrder::again || next_turn_ms_[static_cast<std::size_t>(order)] <= ms(now)) return false;
  const auto most =
      limits_.at_once > 0 ? static_cast<double>(limits_.at_once) : std::max(rate(now).value_or(0), 1.0);
  return static_cast<double>(room(now)) < most / 2;
}

void Pace::begin(Time now, std::size_t count) {
  under_way_ += count;
  if (!rate_ && limits_.rate) {
    rate_ = rate(now);
    goal_ = *limits_.rate;
    doubles_ = true;
    since_ = now;
  }
  refill(now);
  tokens_ -= static_cast<double>(count);
  if (now >= second_ + 1s || now < second_) {
    in_last_second_ = now < second_ + 2s ? in_second_ : 0;
    in_second_ = 0;
    second_ = now;
  }
  in_second_ += count;
}

void Pace::end(Time now, bool too_much) {
  under_way_ -= std::min<std::size_t>(under_way_, 1);
  if (too_much && (now >= slowed_at_ + one_word || now < slowed_at_)) slow_down(now);
}

void Pace::slow_down(Time now) {
  const auto before = rate(now).value_or(seen_rate(now));
  rate_ = std::max(before / 2, std::min(before, least_rate));
  goal_ = limits_.rate.value_or(before);
  doubles_ = false;
  since_ = slowed_at_ = refilled_at_ = now;
  tokens_ = 0;
}

// At least one.
double Pace::seen_rate(Time now) const {
  const auto last = now < second_ + 2s ? std::max(in_second_, in_last_second_) : std::uint64_t{0};
  return static_cast<double>(std::max<std::uint64_t>(last, 1));
}

}  // namespace crier
