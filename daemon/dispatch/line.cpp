#include "dispatch/line.hpp"

#include <algorithm>
#include <utility>

namespace crier {
namespace {

// While so many are being sent, the outbox answers.
constexpr std::size_t low_mark = chunk_capacity / 2;

}  // namespace

Line::Line(const boost::asio::any_io_executor& loop, Channel& its_channel)
    : channel(its_channel), work_ready(loop), work_owed(loop) {}

void Line::add(std::shared_ptr<HeldClaim> claim, bool doubted) {
  const auto lane = static_cast<std::size_t>(claim->batch->claim.lane);
  claim->doubted = doubted;
  left_[lane] += claim->deliveries.size();
  ready_[lane].push_back(std::move(claim));
  work_ready.ring();
}

void Line::put_back(std::shared_ptr<HeldClaim> claim) {
  const auto lane = static_cast<std::size_t>(claim->batch->claim.lane);
  left_[lane] += claim->left();
  ready_[lane].push_front(std::move(claim));
  work_ready.ring();
}

std::optional<Handful> Line::take(Time now) {
  if (sending.size() >= channel.concurrency()) return std::nullopt;
  auto most = breaker.is_well() ? channel.handful() : std::size_t{1};
  if (const auto allowance = channel.allowance(now); allowance != Channel::no_limit)
    most = std::min(most, allowance - std::min(in_flight(), allowance));
  if (most == 0) return std::nullopt;
  // When all slots are free the first leaves before the others of its handful are made.
  if (sending.empty()) most = std::min<std::size_t>(most, 2);
  LaneSet ready;
  for (std::size_t i = 0; i < lane_count; ++i) ready.set(i, left_[i] > 0);
  const auto turn = turns_.next(ready);
  if (!turn) return std::nullopt;
  const auto lane = static_cast<std::size_t>(*turn);
  return take_of(lane, ready_[lane].begin(), most);
}

std::optional<Handful> Line::take_expired(Time now) {
  for (std::size_t lane = 0; lane < lane_count; ++lane) {
    auto& queue = ready_[lane];
    const auto expired =
        std::ranges::find_if(queue, [&](const auto& held) { return held->batch->claim.expires_at <= now; });
    if (expired != queue.end()) return take_of(lane, expired, (*expired)->left());
  }
  return std::nullopt;
}

Time Line::next_expiry() const {
  auto next = Time::max();
  for (const auto& queue : ready_)
    for (const auto& held : queue) next = std::min(next, held->batch->claim.expires_at);
  return next;
}

Handful Line::take_of(std::size_t lane, Queue::iterator its, std::size_t most) {
  Handful handful{*its, {}};
  auto& held = *handful.held;
  const auto size = std::min(most, held.left());
  handful.deliveries = std::span(held.deliveries).subspan(held.taken, size);
  held.taken += size;
  auto& queue = ready_[lane];
  if (held.left() == 0) queue.erase(its);
  const bool had_enough = left_[lane] > low_mark;
  left_[lane] -= size;
  if (queue.empty() || (had_enough && left_[lane] <= low_mark)) look_again();
  return handful;
}

LaneSet Line::low_lanes() const {
  LaneSet low;
  for (std::size_t i = 0; i < lane_count; ++i) low.set(i, left_[i] <= low_mark);
  return low;
}

void Line::doubt() {
  for (auto& queue : ready_) {
    for (auto& held : queue) held->doubted = true;
  }
  for (const auto* handful : sending) handful->held->doubted = true;
  doubts_answer = asking;
}

void Line::drop(std::string_view story_id, std::uint32_t version) {
  std::size_t count = 0;
  for (std::size_t lane = 0; lane < lane_count; ++lane) {
    count += std::erase_if(ready_[lane], [&](const auto& held) {
      const auto& subject = held->batch->claim.subject;
      const bool is_dropped = subject.story_id == story_id && subject.story_version <= version;
      if (is_dropped) left_[lane] -= held->left();
      return is_dropped;
    });
  }
  if (count > 0) look_again();
}

void Line::look_again() {
  is_to_ask = true;
  work_owed.ring();
}

bool Line::answered() {
  asking = false;
  return std::exchange(doubts_answer, false);
}

bool Line::holds_work() const {
  return asking || !sending.empty() || std::ranges::any_of(left_, [](auto left) { return left > 0; });
}

bool Line::sends_earlier(const Story& story, std::uint32_t number) const {
  return std::ranges::any_of(sending, [&](const Handful* handful) {
    const auto& subject = handful->held->batch->claim.subject;
    return subject.story_version < story.version && subject.story_id == story.id &&
           std::ranges::any_of(handful->deliveries,
                               [&](const Delivery& delivery) { return delivery.number == number; });
  });
}

bool Line::sends(std::string_view story_id) const {
  return std::ranges::any_of(sending, [&](const Handful* handful) {
    return std::ranges::any_of(handful->held->batch->parts,
                               [&](const Part& part) { return part.story.id == story_id; });
  });
}

std::size_t Line::in_flight() const {
  std::size_t total = 0;
  for (const auto* handful : sending) total += handful->deliveries.size();
  return total;
}

}  // namespace crier
