#include "dispatch/courier.hpp"

#include <algorithm>
#include <deque>
#include <utility>

#include <fmt/core.h>

#include "audience/suppression.hpp"
#include "base/bell.hpp"
#include "base/finally.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/tasks.hpp"
#include "db/database.hpp"
#include "dispatch/claimed_batch.hpp"
#include "dispatch/delivery_log.hpp"
#include "dispatch/message.hpp"
#include "dispatch/planner.hpp"
#include "dispatch/what_follows.hpp"
#include "outbox/digest_items.hpp"

namespace crier {

namespace asio = boost::asio;

struct Courier::Work {
  std::shared_ptr<const ClaimedBatch> batch;
  Delivery delivery;
};

struct Courier::Line {
  Line(const asio::any_io_executor& loop, Channel& its_channel)
      : channel(its_channel), work_ready(loop), work_owed(loop) {}

  // The deliveries of the most urgent lane that has any; nullptr when there are none.
  std::deque<Work>* most_urgent() {
    const auto lane = std::ranges::find_if(ready, [](const auto& queue) { return !queue.empty(); });
    return lane == ready.end() ? nullptr : &*lane;
  }
  // Whether it has, or is about to have, deliveries that it took from the outbox.
  bool holds_work() { return asking || !sending.empty() || most_urgent() != nullptr; }
  // Whether an alert with an earlier version of the story is being sent to the same reader.
  bool sends_earlier(const Story& story, std::uint32_t number) const {
    return std::ranges::any_of(sending, [&](const Work* work) {
      const auto& subject = work->batch->claim.subject;
      return work->delivery.number == number && subject.story_id == story.id &&
             subject.story_version < story.version;
    });
  }
  std::optional<Lane> ready_lane() {
    const auto* queue = most_urgent();
    return queue == nullptr ? std::nullopt : std::optional(queue->front().batch->claim.lane);
  }

  Channel& channel;
  std::array<std::deque<Work>, lane_count> ready;
  Bell work_ready;                   // something came into `ready`, or the courier drains
  Bell work_owed;                    // something came into the outbox
  bool refilling = false;            // one slot at a time asks the outbox
  bool asking = false;               // and its answer is not here yet
  bool look_again = true;            // the outbox may hold something more urgent than `ready`
  Time look_at = Time::max();        // when it may again, because of something that becomes due
  std::vector<const Work*> sending;  // what the slots hold
  std::int64_t sent = 0;
  Breaker breaker;
};

Courier::Courier(asio::any_io_executor loop, Parts parts)
    : loop_(std::move(loop)), parts_(std::move(parts)), recorder_(loop_, parts_.database, parts_.clock) {
  for (auto* channel : parts_.channels) lines_.push_back(std::make_unique<Line>(loop_, *channel));
}

Courier::~Courier() = default;

void Courier::start(TaskGroup& tasks) {
  for (auto& line : lines_) {
    for (unsigned slot = 0; slot < line->channel.concurrency(); ++slot)
      tasks.start(fmt::format("courier {} {}", to_string(line->channel.kind()), slot), run_slot(*line));
  }
}

void Courier::wake() {
  for (auto& line : lines_) {
    line->look_again = true;
    line->work_owed.ring();
  }
}

void Courier::stop_story(const std::string& story_id, std::uint32_t version, std::string_view reason) {
  auto& stopped = stopped_[story_id];
  if (version >= stopped.version) stopped = {version, std::string(reason)};
}

// What is read from the outbox from now on knows of the stories that were stopped before.
void Courier::forget_stopped() {
  if (std::ranges::none_of(lines_, [](const auto& line) { return line->holds_work(); })) stopped_.clear();
}

asio::awaitable<void> Courier::drain() {
  draining_ = true;
  for (auto& line : lines_) {
    line->work_owed.ring();
    line->work_ready.ring();
  }
  for (auto& line : lines_) {
    while (!line->sending.empty()) co_await line->work_ready.wait();
  }
}

std::size_t Courier::in_flight() const {
  std::size_t total = 0;
  for (const auto& line : lines_) total += line->sending.size();
  return total;
}

std::int64_t Courier::sent() const {
  std::int64_t total = 0;
  for (const auto& line : lines_) total += line->sent;
  return total;
}

asio::awaitable<void> Courier::run_slot(Line& line) {
  Work work;
  while (co_await take(line, work)) {
    {
      line.sending.push_back(&work);
      const Finally sent([&] { std::erase(line.sending, &work); });
      co_await deliver(line, work);
    }
    if (draining_) line.work_ready.ring();
  }
}

// Waits for the most urgent delivery. False when the courier drains.
asio::awaitable<bool> Courier::take(Line& line, Work& work) {
  while (!draining_) {
    if (const auto pause = line.breaker.pause_left(parts_.clock.now()); pause > Duration::zero()) {
      co_await parts_.clock.sleep_for(pause);
      continue;
    }
    if (parts_.clock.now() >= line.look_at) line.look_again = true;
    if (auto* queue = line.most_urgent(); queue != nullptr && (!line.look_again || line.refilling)) {
      work = std::move(queue->front());
      queue->pop_front();
      co_return true;
    }
    if (line.refilling) {
      co_await line.work_ready.wait();
    } else {
      line.refilling = true;
      co_await refill(line);
      line.refilling = false;
      line.work_ready.ring();
    }
  }
  co_return false;
}

// Asks the outbox for more; when it has nothing, waits until it does.
asio::awaitable<void> Courier::refill(Line& line) {
  line.look_again = false;
  // While the line is busy something more urgent may become due, so it looks again every second.
  line.look_at = parts_.clock.now() + std::chrono::seconds(1);
  const auto channel = line.channel.kind();
  const auto now = parts_.clock.now();
  forget_stopped();
  line.asking = true;
  // Read here, on the loop: other slots take from `ready` while the database is asked.
  const auto ready_lane = line.ready_lane();
  std::optional<LoadedClaim> loaded;
  std::optional<Time> due;
  std::string failure;
  try {
    co_await parts_.database.run([&](Sqlite& db) {
      loaded = load_claim(db, channel, ready_lane, now);
      if (!loaded) due = next_due(db, channel);
    });
  } catch (const std::runtime_error& e) {
    failure = e.what();
  }
  line.asking = false;
  if (!failure.empty()) {
    log::error("outbox.unreadable", {{"channel", to_string(channel)}, {"what", failure}});
    loaded.reset();
    due = now + std::chrono::seconds(5);
  }
  if (loaded) {
    auto& queue = line.ready[static_cast<std::size_t>(loaded->batch->claim.lane)];
    for (const auto& delivery : loaded->deliveries) queue.push_back({loaded->batch, delivery});
    line.look_again = loaded->deliveries.empty();
    co_return;
  }
  if (line.most_urgent() != nullptr || line.look_again || draining_) co_return;
  if (due && *due > now) {
    co_await line.work_owed.wait_until(parts_.clock, *due);
  } else if (!due) {
    co_await line.work_owed.wait();
  }
  line.look_again = true;
}

// Why a delivery is not to be attempted; empty when it is.
std::string Courier::reason_to_suppress(const Work& work, const Subscriber* subscriber) const {
  const auto channel = work.batch->claim.channel;
  if (subscriber == nullptr) return "no longer subscribed";
  const auto& address = subscriber->address(channel);
  if (address.empty()) return "no address";
  if (const auto reason = parts_.suppressions.find(channel, address)) return std::string(*reason);
  return {};
}

// Why a story is not to leave although it is owed; nullptr when it may.
const std::string* Courier::reason_to_stop(const Part& part) const {
  if (!part.left_out.empty()) return &part.left_out;
  const auto stopped = stopped_.find(part.story.id);
  return stopped != stopped_.end() && part.story.version <= stopped->second.version ? &stopped->second.reason
                                                                                    : nullptr;
}

// The parts of this reader's message that may still leave; when there are none, the reason is that of the
// last one that there was.
MessageParts Courier::contents_for(const Work& work) const {
  MessageParts contents;
  for (const auto& part : work.batch->parts) {
    if (!work.batch->is_for(part, work.delivery.number)) continue;
    const auto* reason = reason_to_stop(part);
    if (reason == nullptr)
      contents.chosen.push_back(&part);
    else if (*reason == digest_full)
      ++contents.no_room;
    else
      contents.missing = *reason;
  }
  return contents;
}

namespace {

// One attempt; whatever a channel throws is an outcome, so that one message cannot stop the others.
asio::awaitable<Outcome> send(Channel& channel, Outgoing message) {
  Outcome outcome;
  try {
    outcome = co_await channel.send(std::move(message));
  } catch (const boost::system::system_error& e) {
    if (e.code() == asio::error::operation_aborted) throw;
    outcome.reply = e.what();
  } catch (const std::exception& e) {
    outcome.reply = e.what();
  }
  if (outcome.reason.empty() && outcome.kind == OutcomeKind::retry_later) {
    outcome.reason = "internal";
    if (!channel.recognises_repeats()) outcome.kind = OutcomeKind::ambiguous;  // it may have left
  }
  co_return outcome;
}

}  // namespace

// What is recorded of a delivery without an attempt.
Settled Courier::unattempted(const Work& work, Settlement settlement, std::string reason, Time now) {
  return {.delivery = work.delivery,
          .channel = work.batch->claim.channel,
          .lane = work.batch->claim.lane,
          .settlement = settlement,
          .attempts = work.delivery.attempts,
          .due_at = now,
          .reason = std::move(reason),
          .reply = {}};
}

// A message that cannot be made must not stop the others.
Settled Courier::uncomposed(const Work& work, const std::string& what, Time now) {
  auto settled = unattempted(work, Settlement::failed, "cannot-compose", now);
  settled.reply = what;
  return settled;
}

// What is recorded of a delivery that is not to be attempted now; nullopt when it is.
std::optional<Settled> Courier::held_back(const Line& line, const Work& work, const Newsroom& newsroom,
                                          const Subscriber* subscriber, const MessageParts& contents,
                                          Time now) const {
  const auto& claim = work.batch->claim;
  auto settled = unattempted(work, Settlement::suppressed, reason_to_suppress(work, subscriber), now);
  if (contents.chosen.empty()) {
    settled.reason = contents.missing;
    if (settled.reason == unreadable_story) settled.settlement = Settlement::failed;
  }
  if (!settled.reason.empty()) return settled;
  if (now >= claim.expires_at) {
    settled.settlement = Settlement::failed;
    settled.reason = expiry_reason(work.delivery.waited_for);
    return settled;
  }
  if (!line.channel.is_there())
    return wait_until(std::move(settled), now + line.channel.retry_steps().front(), "channel not configured",
                      claim.expires_at);
  if (work.batch->is_digest()) return std::nullopt;
  const auto& story = contents.chosen.front()->story;
  const auto due = alert_due(newsroom, story, *subscriber, now);
  if (due > now) return wait_until(std::move(settled), due, why_it_waits(story, now), claim.expires_at);
  // What comes of that decides whether this one is owed at all.
  if (line.sends_earlier(story, work.delivery.number))
    return wait_until(std::move(settled), now + std::chrono::seconds(15), "an earlier version is being sent",
                      claim.expires_at);
  return std::nullopt;
}

// Whether the outbox may know more of a delivery than this one, which was taken from it: its story may have
// been stopped, or an earlier version that was stopped may have arrived all the same. Where a repeat cannot
// be told it has to know of each attempt, too.
bool Courier::asks_outbox(const Line& line, const Work& work, const MessageParts& contents) const {
  return !line.channel.recognises_repeats() ||
         (!work.batch->is_digest() && stopped_.contains(contents.chosen.front()->story.id));
}

// Whether a delivery is still owed. Where a repeat cannot be told, its attempt is noted.
asio::awaitable<bool> Courier::may_go(const Line& line, const Work& work, Time now) {
  const auto& claim = work.batch->claim;
  bool may = true;
  co_await recorder_.write([&](Sqlite& db) {
    may = line.channel.recognises_repeats() ? is_owed(db, work.delivery)
                                            : mark_sending(db, work.delivery, claim.channel, claim.lane, now);
  });
  co_return may;
}

asio::awaitable<void> Courier::deliver(Line& line, const Work& work) {
  const auto& claim = work.batch->claim;
  const auto newsroom = parts_.newsroom();
  const auto* subscriber = newsroom->book->by_number(work.delivery.number);
  const auto now = parts_.clock.now();
  auto contents = contents_for(work);
  auto settled = held_back(line, work, *newsroom, subscriber, contents, now);
  if (!settled && asks_outbox(line, work, contents)) {
    if (!co_await may_go(line, work, now)) co_return;
    // A story may have been stopped meanwhile.
    contents = contents_for(work);
    settled = held_back(line, work, *newsroom, subscriber, contents, now);
  }
  std::optional<Outgoing> message;
  if (!settled) {
    try {
      message = compose_message(*newsroom, *work.batch, work.delivery, *subscriber, contents,
                                parts_.unsubscribe_key);
    } catch (const std::exception& e) {
      settled = uncomposed(work, e.what(), now);
    }
  }
  const bool is_attempt = message.has_value();
  if (is_attempt) {
    settled = co_await attempt(line, work, *std::move(message));
    if (work.batch->is_digest()) {
      for (const auto* part : contents.chosen) settled->carried.push_back(part->item);
    }
  }
  co_await recorder_.record(*settled);
  if (settled->settlement == Settlement::delivered) {
    ++line.sent;
    if (!work.batch->is_digest()) parts_.metrics.observe_alert_latency(parts_.clock.now() - claim.due_at);
  }
  if (settled->settlement == Settlement::retry) {
    // It may be due before whatever the line waits for, if that waits for anything at all.
    line.look_again = true;
    line.work_owed.ring();
  }
  if (is_attempt || settled->settlement != Settlement::retry)
    parts_.metrics.delivery_ended(to_string(claim.channel), metric_outcome(*settled));
  log_settled(*work.batch, *settled, subscriber, line.sent);
}

// One attempt and what follows from it.
asio::awaitable<Settled> Courier::attempt(Line& line, const Work& work, Outgoing message) {
  const auto& claim = work.batch->claim;
  const auto& subscriber = *message.subscriber;
  const auto outcome = co_await send(line.channel, std::move(message));
  if (outcome.endpoint_gone) co_await give_up_endpoint(claim.channel, subscriber);
  const auto now = parts_.clock.now();
  const auto pause = line.channel.has_one_service() ? line.breaker.record(outcome, now) : std::nullopt;
  // Said when it begins.
  if (pause && !line.breaker.goes_on())
    log::error("channel.paused", {{"channel", to_string(claim.channel)},
                                  {"for", to_string(*pause)},
                                  {"reason", outcome.reason},
                                  {"reply", outcome.reply}});
  co_return what_follows(outcome, claim, work.delivery,
                         {line.channel.retry_steps(), line.channel.recognises_repeats()}, now);
}

// Said once, however many deliveries to it were under way. On the disk before its delivery is settled, so
// that after a crash the endpoint is asked once more rather than for ever.
asio::awaitable<void> Courier::give_up_endpoint(ChannelKind channel, const Subscriber& subscriber) {
  const auto address = subscriber.address(channel);
  if (parts_.suppressions.find(channel, address)) co_return;
  parts_.suppressions.add(channel, address, std::string(endpoint_gone));
  log::warn("endpoint.gone",
            {{"subscriber", subscriber.id},
             {"channel", to_string(channel)},
             {"next", "nothing is sent to it until its address in the configuration changes"}});
  const auto now = parts_.clock.now();
  co_await recorder_.write(
      [&](Sqlite& db) { SuppressionList::store(db, channel, address, endpoint_gone, now); });
}

}  // namespace crier
