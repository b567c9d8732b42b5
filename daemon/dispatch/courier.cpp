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
#include "dispatch/compose.hpp"
#include "dispatch/delivery_log.hpp"
#include "dispatch/message.hpp"
#include "dispatch/planner.hpp"
#include "dispatch/what_follows.hpp"
#include "outbox/digest_items.hpp"

namespace crier {

namespace asio = boost::asio;

// A claim, and how much of it slots have taken.
struct Courier::Held {
  explicit Held(LoadedClaim loaded)
      : batch(std::move(loaded.batch)), deliveries(std::move(loaded.deliveries)), letters(*batch) {}

  std::shared_ptr<const ClaimedBatch> batch;
  std::vector<Delivery> deliveries;
  std::size_t taken = 0;
  bool doubted = false;  // its deliveries may be owed no more
  Letters letters;
};

// What a slot has taken of a claim.
struct Courier::Handful {
  std::shared_ptr<Held> held;
  std::span<const Delivery> deliveries;
};

// A delivery of a handful that has not been settled.
struct Courier::Ready {
  const Delivery* delivery = nullptr;
  const Subscriber* subscriber = nullptr;
  MessageParts contents;
  bool asked = false;  // the outbox, whether it is still owed
  bool owed = true;
};

struct Courier::Line {
  Line(const asio::any_io_executor& loop, Channel& its_channel)
      : channel(its_channel), work_ready(loop), work_owed(loop) {}

  // The claims of the most urgent lane that has any; nullptr when there are none.
  std::deque<std::shared_ptr<Held>>* most_urgent() {
    const auto lane = std::ranges::find_if(ready, [](const auto& queue) { return !queue.empty(); });
    return lane == ready.end() ? nullptr : &*lane;
  }
  // Whether it has, or is about to have, deliveries that it took from the outbox.
  bool holds_work() { return asking || !sending.empty() || most_urgent() != nullptr; }
  // Whether an alert with an earlier version of the story is being sent to the same reader.
  bool sends_earlier(const Story& story, std::uint32_t number) const {
    return std::ranges::any_of(sending, [&](const Handful* handful) {
      const auto& subject = handful->held->batch->claim.subject;
      return subject.story_version < story.version && subject.story_id == story.id &&
             std::ranges::any_of(handful->deliveries,
                                 [&](const Delivery& delivery) { return delivery.number == number; });
    });
  }
  std::optional<Lane> ready_lane() {
    const auto* queue = most_urgent();
    return queue == nullptr ? std::nullopt : std::optional(queue->front()->batch->claim.lane);
  }
  Handful take() {
    auto& queue = *most_urgent();
    Handful handful{queue.front(), {}};
    auto& held = *handful.held;
    const auto size =
        std::min(breaker.is_well() ? channel.handful() : 1, held.deliveries.size() - held.taken);
    handful.deliveries = std::span(held.deliveries).subspan(held.taken, size);
    held.taken += size;
    if (held.taken == held.deliveries.size()) queue.pop_front();
    return handful;
  }

  Channel& channel;
  std::array<std::deque<std::shared_ptr<Held>>, lane_count> ready;
  Bell work_ready;                      // something came into `ready`, or the courier drains
  Bell work_owed;                       // something came into the outbox
  bool refilling = false;               // one slot at a time asks the outbox
  bool asking = false;                  // and its answer is not here yet
  bool doubts_answer = false;           // which may be of deliveries that are owed no more
  bool look_again = true;               // the outbox may hold something more urgent than `ready`
  Time look_at = Time::max();           // when it may again, because of something that becomes due
  std::vector<const Handful*> sending;  // what the slots hold
  std::int64_t sent = 0;
  Breaker breaker;
};

Courier::Courier(asio::any_io_executor loop, Parts parts)
    : loop_(std::move(loop)),
      parts_(std::move(parts)),
      unsubscribe_key_(parts_.unsubscribe_key),
      sent_(loop_),
      recorder_(loop_, parts_.database, parts_.clock) {
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

void Courier::obey(Pauses pauses) {
  pauses_ = std::move(pauses);
}

void Courier::doubt() {
  for (auto& line : lines_) {
    for (auto& queue : line->ready) {
      for (auto& held : queue) held->doubted = true;
    }
    for (const auto* handful : line->sending) handful->held->doubted = true;
    line->doubts_answer = line->asking;
  }
}

std::vector<DeliveryKey> Courier::being_sent() const {
  std::vector<DeliveryKey> keys;
  for (const auto& line : lines_) {
    for (const auto* handful : line->sending) {
      for (const auto& delivery : handful->deliveries) keys.push_back({delivery.chunk_id, delivery.number});
    }
  }
  std::ranges::sort(keys);
  return keys;
}

asio::awaitable<void> Courier::ended(std::vector<DeliveryKey> deliveries) {
  const auto is_sent = [&] {
    return std::ranges::any_of(
        being_sent(), [&](const DeliveryKey& key) { return std::ranges::binary_search(deliveries, key); });
  };
  while (is_sent()) co_await sent_.wait();
}

std::vector<Courier::LineState> Courier::lines() const {
  std::vector<LineState> states;
  for (const auto& line : lines_) {
    auto& state = states.emplace_back(LineState{line->channel.kind(), 0, {}, {}});
    for (const auto* handful : line->sending) state.in_flight += handful->deliveries.size();
    state.breaker_pause = line->breaker.pause_left(parts_.clock.now());
    if (!line->breaker.is_well() || state.breaker_pause > Duration::zero())
      state.breaker_reason = line->breaker.reason();
  }
  return states;
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
  for (const auto& line : lines_) {
    for (const auto* handful : line->sending) total += handful->deliveries.size();
  }
  return total;
}

std::int64_t Courier::sent() const {
  std::int64_t total = 0;
  for (const auto& line : lines_) total += line->sent;
  return total;
}

asio::awaitable<void> Courier::run_slot(Line& line) {
  Handful handful;
  while (co_await take(line, handful)) {
    {
      line.sending.push_back(&handful);
      const Finally sent([&] { std::erase(line.sending, &handful); });
      co_await deliver(line, handful);
    }
    handful = {};
    sent_.ring();
    if (draining_) line.work_ready.ring();
  }
}

// Waits for the most urgent deliveries. False when the courier drains.
asio::awaitable<bool> Courier::take(Line& line, Handful& handful) {
  while (!draining_) {
    if (const auto pause = line.breaker.pause_left(parts_.clock.now()); pause > Duration::zero()) {
      co_await parts_.clock.sleep_for(pause);
      continue;
    }
    if (parts_.clock.now() >= line.look_at) line.look_again = true;
    if (line.most_urgent() != nullptr && (!line.look_again || line.refilling)) {
      handful = line.take();
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
  const bool doubts_answer = std::exchange(line.doubts_answer, false);
  if (!failure.empty()) {
    log::error("outbox.unreadable", {{"channel", to_string(channel)}, {"what", failure}});
    loaded.reset();
    due = now + std::chrono::seconds(5);
  }
  if (loaded) {
    line.look_again = loaded->deliveries.empty();
    if (line.look_again) co_return;
    const auto lane = static_cast<std::size_t>(loaded->batch->claim.lane);
    auto& held = line.ready[lane].emplace_back(std::make_shared<Held>(*std::move(loaded)));
    held->doubted = doubts_answer;
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
std::string Courier::reason_to_suppress(ChannelKind channel, const Subscriber* subscriber) const {
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
MessageParts Courier::contents_for(const ClaimedBatch& batch, const Delivery& delivery) const {
  MessageParts contents;
  for (const auto& part : batch.parts) {
    if (!batch.is_for(part, delivery.number)) continue;
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

// One attempt of each; whatever a channel throws is an outcome, so that one message cannot stop the others.
asio::awaitable<std::vector<Outcome>> send(Channel& channel, std::span<const Outgoing> messages) {
  std::string failure;
  try {
    auto outcomes = co_await channel.send(messages);
    if (outcomes.size() == messages.size()) co_return outcomes;
    failure = "the channel did not answer for each message";
  } catch (const boost::system::system_error& e) {
    if (e.code() == asio::error::operation_aborted) throw;
    failure = e.what();
  } catch (const std::exception& e) {
    failure = e.what();
  }
  Outcome outcome;
  outcome.reason = "internal";
  outcome.reply = std::move(failure);
  if (!channel.recognises_repeats()) outcome.kind = OutcomeKind::ambiguous;  // it may have left
  co_return std::vector<Outcome>(messages.size(), outcome);
}

}  // namespace

// What is recorded of a delivery without an attempt.
Settled Courier::unattempted(const ClaimedBatch& batch, const Delivery& delivery, Settlement settlement,
                             std::string reason, Time now) {
  return {.delivery = delivery,
          .channel = batch.claim.channel,
          .lane = batch.claim.lane,
          .settlement = settlement,
          .attempts = delivery.attempts,
          .due_at = now,
          .reason = std::move(reason),
          .reply = {}};
}

// What is recorded of a delivery that is not to be attempted now; nullopt when it is.
std::optional<Settled> Courier::held_back(const Line& line, const ClaimedBatch& batch, const Ready& ready,
                                          const Newsroom& newsroom, Time now) const {
  const auto& claim = batch.claim;
  const auto& [delivery, subscriber, contents, asked, owed] = ready;
  const auto settled = [&](Settlement settlement, std::string reason) {
    return unattempted(batch, *delivery, settlement, std::move(reason), now);
  };
  if (contents.chosen.empty())
    return settled(contents.missing == unreadable_story ? Settlement::failed : Settlement::suppressed,
                   contents.missing);
  if (auto reason = reason_to_suppress(claim.channel, subscriber); !reason.empty())
    return settled(Settlement::suppressed, std::move(reason));
  const auto* pause =
      pauses_.holding({claim.channel, claim.lane, claim.batch_id, subscriber->address(claim.channel)}, now);
  if (now >= claim.expires_at)
    return settled(Settlement::failed,
                   expiry_reason(pause == nullptr ? delivery->waited_for : pause->reason()));
  if (pause != nullptr) {
    auto held = settled(Settlement::retry, pause->reason());
    held.due_at = held_until(*pause, claim.expires_at);
    return held;
  }
  const auto wait = [&](Time until, std::string_view reason) {
    return wait_until(settled(Settlement::suppressed, {}), until, reason, claim.expires_at);
  };
  if (!line.channel.is_there())
    return wait(now + line.channel.retry_steps().front(), "channel not configured");
  if (batch.is_digest()) return std::nullopt;
  const auto& story = contents.chosen.front()->story;
  if (const auto due = alert_due(newsroom, story, *subscriber, now); due > now)
    return wait(due, why_it_waits(story, now));
  // What comes of that decides whether this one is owed at all.
  if (line.sends_earlier(story, delivery->number))
    return wait(now + std::chrono::seconds(15), "an earlier version is being sent");
  return std::nullopt;
}

// Whether the outbox may know more of a delivery than this one, which was taken from it: its story may have
// been stopped, or an earlier version that was stopped may have arrived all the same. Where a repeat cannot
// be told it has to know of each attempt, too.
bool Courier::asks_outbox(const Line& line, const Held& held, const Ready& ready) const {
  if (ready.asked) return false;
  return !line.channel.recognises_repeats() || held.doubted ||
         (!held.batch->is_digest() && stopped_.contains(ready.contents.chosen.front()->story.id));
}

// Whether deliveries are still owed. Where a repeat cannot be told, their attempts are noted.
asio::awaitable<void> Courier::ask_outbox(const Line& line, const Held& held, std::vector<Ready>& ready,
                                          Time now) {
  const auto& claim = held.batch->claim;
  std::vector<Ready*> asking;
  for (auto& each : ready) {
    if (asks_outbox(line, held, each)) asking.push_back(&each);
  }
  if (asking.empty()) co_return;
  co_await recorder_.write([&](Sqlite& db) {
    for (auto* each : asking)
      each->owed = line.channel.recognises_repeats()
                       ? is_owed(db, *each->delivery)
                       : mark_sending(db, *each->delivery, claim.channel, claim.lane, now);
  });
  for (auto* each : asking) each->asked = true;
}

// The deliveries of a handful that are to be attempted now. What is decided of the others goes to `settled`.
asio::awaitable<std::vector<Courier::Ready>> Courier::check(Line& line, const Handful& handful,
                                                            const Newsroom& newsroom,
                                                            std::vector<Settled>& settled) {
  const auto& batch = *handful.held->batch;
  std::vector<Ready> ready;
  ready.reserve(handful.deliveries.size());
  for (const auto& delivery : handful.deliveries)
    ready.push_back({&delivery, newsroom.book->by_number(delivery.number), {}});
  for (bool again = true; again;) {
    const auto now = parts_.clock.now();
    std::erase_if(ready, [&](Ready& each) {
      if (!each.owed) return true;
      each.contents = contents_for(batch, *each.delivery);
      auto held = held_back(line, batch, each, newsroom, now);
      if (held) settled.push_back(*std::move(held));
      return held.has_value();
    });
    again =
        std::ranges::any_of(ready, [&](const Ready& each) { return asks_outbox(line, *handful.held, each); });
    // A story may be stopped meanwhile, so that what was decided counts no more.
    if (again) co_await ask_outbox(line, *handful.held, ready, now);
  }
  co_return ready;
}

asio::awaitable<void> Courier::deliver(Line& line, const Handful& handful) {
  const auto newsroom = parts_.newsroom();
  std::vector<Settled> settled;
  settled.reserve(handful.deliveries.size());
  const auto ready = co_await check(line, handful, *newsroom, settled);
  co_await attempt(line, handful, newsroom, ready, settled);
  co_await recorder_.record(settled, line.channel.recognises_repeats());
  for (const auto& each : settled) account_for(line, *handful.held->batch, each, *newsroom);
}

// One attempt of each, and what follows from it.
asio::awaitable<void> Courier::attempt(Line& line, const Handful& handful,
                                       const std::shared_ptr<const Newsroom>& newsroom,
                                       const std::vector<Ready>& ready, std::vector<Settled>& settled) {
  auto& held = *handful.held;
  const auto& claim = held.batch->claim;
  std::vector<Outgoing> messages;
  std::vector<const Ready*> sent;
  for (const auto& each : ready) {
    try {
      messages.push_back(address(held, newsroom, each));
      sent.push_back(&each);
    } catch (const std::exception& e) {  // a message that cannot be made must not stop the others
      settled.push_back(
          unattempted(*held.batch, *each.delivery, Settlement::failed, "cannot-compose", parts_.clock.now()));
      settled.back().reply = e.what();
    }
  }
  if (messages.empty()) co_return;
  const auto outcomes = co_await send(line.channel, messages);
  const auto now = parts_.clock.now();
  const RetryPolicy policy{line.channel.retry_steps(), line.channel.recognises_repeats()};
  for (std::size_t i = 0; i < sent.size(); ++i) {
    const auto& [delivery, subscriber, contents, asked, owed] = *sent[i];
    if (outcomes[i].endpoint_gone) co_await give_up_endpoint(claim.channel, *subscriber);
    tell_breaker(line, outcomes[i], now);
    settled.push_back(what_follows(outcomes[i], claim, *delivery, policy, now));
    if (!held.batch->is_digest()) continue;
    for (const auto* part : contents.chosen) settled.back().carried.push_back(part->item);
  }
}

Outgoing Courier::address(Held& held, const std::shared_ptr<const Newsroom>& newsroom,
                          const Ready& ready) const {
  const auto& claim = held.batch->claim;
  const auto& delivery = *ready.delivery;
  Outgoing message{held.letters.letter_to(newsroom, delivery, *ready.subscriber, ready.contents),
                   fmt::format("{}-{}", claim.batch_uid, delivery.number),
                   delivery.attempts,
                   ready.subscriber,
                   {}};
  if (!newsroom->public_url.empty())
    message.unsubscribe_url =
        newsroom->public_url + "/u/" + unsubscribe_token(unsubscribe_key_, delivery.number, claim.channel);
  return message;
}

// A pause is said when it begins.
void Courier::tell_breaker(Line& line, const Outcome& outcome, Time now) {
  if (!line.channel.has_one_service()) return;
  const auto pause = line.breaker.record(outcome, now);
  if (!pause || line.breaker.goes_on()) return;
  log::error("channel.paused", {{"channel", to_string(line.channel.kind())},
                                {"for", to_string(*pause)},
                                {"reason", outcome.reason},
                                {"reply", outcome.reply}});
}

// What others are to know of a delivery that was recorded.
void Courier::account_for(Line& line, const ClaimedBatch& batch, const Settled& settled,
                          const Newsroom& newsroom) {
  if (settled.settlement == Settlement::delivered) {
    ++line.sent;
    if (!batch.is_digest()) parts_.metrics.observe_alert_latency(parts_.clock.now() - batch.claim.due_at);
  }
  if (settled.settlement == Settlement::retry || settled.settlement == Settlement::failed) {
    // It, or what is owed instead, may be due before whatever the line waits for, if that waits for anything.
    line.look_again = true;
    line.work_owed.ring();
  }
  const bool was_attempted = settled.attempts > settled.delivery.attempts;
  if (was_attempted || settled.settlement != Settlement::retry)
    parts_.metrics.delivery_ended(to_string(settled.channel), metric_outcome(settled));
  log_settled(batch, settled, newsroom.book->by_number(settled.delivery.number), line.sent);
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
