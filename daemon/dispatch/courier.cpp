#include "dispatch/courier.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>
#include <fmt/core.h>

#include "audience/suppression.hpp"
#include "base/finally.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/tasks.hpp"
#include "db/database.hpp"
#include "dispatch/claimed_batch.hpp"
#include "dispatch/compose.hpp"
#include "dispatch/delivery_log.hpp"
#include "dispatch/line.hpp"
#include "dispatch/message.hpp"
#include "dispatch/what_follows.hpp"

namespace crier {

namespace asio = boost::asio;

namespace {

std::vector<std::unique_ptr<Line>> make_lines(const asio::any_io_executor& loop,
                                              const std::vector<Channel*>& channels) {
  std::vector<std::unique_ptr<Line>> lines;
  for (auto* channel : channels) lines.push_back(std::make_unique<Line>(loop, *channel));
  return lines;
}

}  // namespace

Courier::Courier(asio::any_io_executor loop, Parts parts)
    : loop_(std::move(loop)),
      parts_(std::move(parts)),
      unsubscribe_key_(parts_.unsubscribe_key),
      domains_(parts_.domains),
      sent_(loop_),
      recorder_(loop_, parts_.database, parts_.clock, parts_.write_distance),
      gate_(parts_.clock, parts_.suppressions, recorder_),
      lines_(make_lines(loop_, parts_.channels)),
      claimer_(loop_, {.database = parts_.database,
                       .clock = parts_.clock,
                       .lines = lines_,
                       .before_claims = [this] { forget_stopped(); },
                       .prepare = [this](Line& line, HeldClaim& held) { prepare(line, held); }}) {}

Courier::~Courier() = default;

void Courier::start(TaskGroup& tasks) {
  for (auto& line : lines_) {
    const auto name = to_string(line->channel.kind());
    tasks.start(fmt::format("courier {} claims", name), claimer_.run(*line));
    for (unsigned slot = 0; slot < line->channel.most_concurrency(); ++slot)
      tasks.start(fmt::format("courier {} {}", name, slot), run_slot(*line));
  }
}

void Courier::wake() {
  for (auto& line : lines_) line->look_again();
}

void Courier::stop_story(const std::string& story_id, std::uint32_t version, std::string_view reason) {
  gate_.stop_story(story_id, version, reason);
  for (auto& line : lines_) {
    line->drop(story_id, version);
    if (line->sends(story_id)) line->channel.recall();
  }
}

// What is read from the outbox from now on knows of the stories that were stopped before.
void Courier::forget_stopped() {
  if (std::ranges::none_of(lines_, [](const auto& line) { return line->holds_work(); }))
    gate_.forget_stopped();
}

void Courier::obey(Pauses pauses) {
  std::vector<std::string> relays;
  for (const auto& pause : pauses.list())
    if (pause.target.kind == TargetKind::relay && !pause.channel) relays.push_back(pause.target.name);
  gate_.obey(std::move(pauses));
  for (auto& line : lines_) {
    line->channel.hold_relays(relays);
    line->work_ready.ring();
  }
}

void Courier::doubt() {
  for (auto& line : lines_) line->doubt();
  recall();
}

void Courier::recall() {
  for (auto& line : lines_) line->channel.recall();
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
  const auto now = parts_.clock.now();
  for (const auto& line : lines_) {
    auto& state = states.emplace_back(LineState{line->channel.kind(), line->in_flight(), {}, {}});
    state.breaker_pause = line->breaker.pause_left(now);
    if (!line->breaker.is_well() || state.breaker_pause > Duration::zero())
      state.breaker_reason = line->breaker.reason();
    state.relays = line->channel.relays(now);
    if (state.channel == ChannelKind::email) state.domains = domains_.states(now);
  }
  return states;
}

asio::awaitable<void> Courier::drain(Duration patience) {
  draining_ = true;
  claimer_.stop();
  for (auto& line : lines_) {
    line->channel.wind_up(patience);
    line->work_ready.ring();
  }
  for (auto& line : lines_) {
    while (!line->sending.empty()) co_await line->work_ready.wait();
  }
}

std::size_t Courier::in_flight() const {
  std::size_t total = 0;
  for (const auto& line : lines_) total += line->in_flight();
  return total;
}

std::int64_t Courier::sent() const {
  std::int64_t total = 0;
  for (const auto& line : lines_) total += line->sent;
  return total;
}

asio::awaitable<void> Courier::run_slot(Line& line) {
  while (!draining_) {
    {
      const auto handful = take(line);
      if (!handful) {
        co_await wait_for_work(line);
        continue;
      }
      line.sending.push_back(&*handful);
      const Finally sent([&] { std::erase(line.sending, &*handful); });
      co_await deliver(line, *handful);
    }
    sent_.ring();
    const auto concurrency = line.channel.concurrency();
    const bool may_more = concurrency > std::exchange(line.concurrency, concurrency);
    const bool is_paced = line.channel.allowance(parts_.clock.now()) != Channel::no_limit;
    const bool was_paced = std::exchange(line.is_paced, is_paced);
    if (draining_ || may_more || is_paced || was_paced) line.work_ready.ring();
  }
}

// The most urgent deliveries of those that may be sent now.
std::optional<Handful> Courier::take(Line& line) {
  const auto now = parts_.clock.now();
  auto taken = line.take_expired(now);
  if (!taken && line.breaker.pause_left(now) == Duration::zero()) taken = line.take(now);
  return taken;
}

// Returns when there may be something to take, or the courier drains.
asio::awaitable<void> Courier::wait_for_work(Line& line) {
  const auto now = parts_.clock.now();
  const auto free = std::max(now + line.breaker.pause_left(now), line.channel.free_at(now));
  const auto next = std::min(line.next_expiry(), free > now ? free : Time::max());
  if (next == Time::max())
    co_await line.work_ready.wait();
  else
    co_await line.work_ready.wait_until(parts_.clock, next);
}

// Makes the letter of a claim's first reader, which is that of most of them, and what the channel makes of
// it.
void Courier::prepare(Line& line, HeldClaim& held) const {
  const auto newsroom = parts_.newsroom();
  const auto& delivery = held.deliveries.front();
  const auto subscriber = newsroom->book->by_number(delivery.number);
  if (!subscriber) return;
  const Ready ready{&delivery, subscriber, subscriber->address(held.batch->claim.channel),
                    gate_.contents_for(*held.batch, delivery)};
  if (ready.contents.chosen.empty()) return;
  try {
    line.channel.prepare(address(held, newsroom, ready));
  } catch (const std::exception&) {  // its attempt meets it, too, and says so
  }
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

asio::awaitable<void> Courier::deliver(Line& line, const Handful& handful) {
  const auto newsroom = parts_.newsroom();
  std::vector<Settled> settled;
  settled.reserve(handful.deliveries.size());
  auto ready = co_await gate_.check(line, handful, *newsroom, settled);
  pace(*handful.held, ready, settled);
  // What may have left is recorded, whatever ends the courier meanwhile.
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  co_await attempt(line, handful, newsroom, ready, settled);
  send_in_digest(*handful.held, newsroom, settled);
  if (!settled.empty()) co_await recorder_.record(settled, line.channel.recognises_repeats());
  co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
  for (const auto& each : settled) account_for(line, *handful.held->batch, each, *newsroom);
}

// Puts back what is more than its recipient domain may be sent now; what stays counts as under way there.
void Courier::pace(const HeldClaim& held, std::vector<Ready>& ready, std::vector<Settled>& settled) {
  const auto& claim = held.batch->claim;
  if (claim.channel != ChannelKind::email) return;
  const auto now = parts_.clock.now();
  std::erase_if(ready, [&](const Ready& each) {
    const auto& delivery = *each.delivery;
    const auto order = delivery.waited_for == domain_limit ? PaceOrder::again
                       : claim.lane < Lane::digest         ? PaceOrder::urgent
                                                           : PaceOrder::usual;
    const auto turn = domains_.wait(each.address, order, now);
    if (turn) {
      settled.push_back(
          unattempted(*held.batch, delivery, Settlement::retry, std::string(domain_limit), now));
      settled.back().due_at = std::min(*turn, claim.expires_at);
    }
    return turn.has_value();
  });
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
      if (claim.channel == ChannelKind::email) domains_.ended(each.address, {}, parts_.clock.now());
    }
  }
  if (messages.empty()) co_return;
  const auto outcomes = co_await send(line.channel, messages);
  const auto now = parts_.clock.now();
  const RetryPolicy policy{line.channel.retry_steps(), line.channel.recognises_repeats()};
  std::vector<Delivery> recalled;
  for (std::size_t i = 0; i < sent.size(); ++i) {
    const auto& [delivery, subscriber, address, contents, asked, owed] = *sent[i];
    if (outcomes[i].endpoint_gone) co_await give_up_endpoint(claim.channel, *subscriber);
    if (claim.channel == ChannelKind::email) tell_domain(address, outcomes[i], now);
    const bool is_left = draining_ && outcomes[i].untried;
    // Its claim ends with this process, but not the note of an attempt, where one was made.
    if (is_left && line.channel.recognises_repeats()) continue;
    if (outcomes[i].recalled) {
      recalled.push_back(*delivery);
      continue;
    }
    if (!is_left) tell_breaker(line, outcomes[i], now);
    settled.push_back(what_follows(outcomes[i], claim, *delivery, policy, now));
    if (!held.batch->is_digest()) continue;
    for (const auto* part : contents.chosen) settled.back().carried.push_back(part->item);
  }
  if (!recalled.empty() && !gate_.has_stopped(claim.subject)) take_back(line, held, std::move(recalled));
}

// They pass the gate again.
void Courier::take_back(Line& line, const HeldClaim& held, std::vector<Delivery> recalled) {
  auto claim = std::make_shared<HeldClaim>(LoadedClaim{held.batch, std::move(recalled)});
  claim->doubted = held.doubted;
  line.put_back(std::move(claim));
}

Outgoing Courier::address(HeldClaim& held, const std::shared_ptr<const Newsroom>& newsroom,
                          const Ready& ready) const {
  const auto& claim = held.batch->claim;
  const auto& delivery = *ready.delivery;
  Outgoing message{held.letters.letter_to(newsroom, delivery, *ready.subscriber, ready.contents),
                   fmt::format("{}-{}", claim.batch_uid, delivery.number),
                   delivery.attempts,
                   *ready.subscriber,
                   ready.subscriber->name(),
                   ready.address,
                   {}};
  // Only a mail carries it.
  if (claim.channel != ChannelKind::email || newsroom->public_url.empty()) return message;
  constexpr std::size_t most_of_token = 48;
  auto& url = message.unsubscribe_url;
  url.reserve(newsroom->public_url.size() + std::string_view("/u/").size() + most_of_token);
  url.append(newsroom->public_url).append("/u/");
  append_unsubscribe_token(unsubscribe_key_, delivery.number, claim.channel, url);
  return message;
}

// What is too late for an alert its reader's next edition brings, if she gets one.
void Courier::send_in_digest(const HeldClaim& held, const std::shared_ptr<const Newsroom>& newsroom,
                             std::vector<Settled>& settled) {
  if (held.batch->is_digest()) return;
  const auto& claim = held.batch->claim;
  const auto now = parts_.clock.now();
  std::map<std::string, std::size_t> late;
  for (auto& each : settled) {
    if (!each.expired) continue;
    if (!next_editions_ || !next_editions_->holds(newsroom, now)) next_editions_.emplace(newsroom, now);
    const auto* edition = next_editions_->of(*newsroom, each.delivery.number, claim.channel);
    if (edition == nullptr) continue;
    each.settlement = Settlement::suppressed;
    each.reason += ", instead in " + edition->name;
    each.edition = edition->name;
    ++late[edition->name];
  }
  for (const auto& [edition, readers] : late)
    log::warn("alerts.late", {{"story", claim.subject.story_id},
                              {"channel", to_string(claim.channel)},
                              {"readers", readers},
                              {"next", fmt::format("they get it in {}", edition)}});
}

void Courier::tell_domain(std::string_view address, const Outcome& outcome, Time now) {
  if (const auto pause = domains_.ended(address, outcome, now))
    log::warn("domain.paused", {{"domain", address.substr(address.rfind('@') + 1)},
                                {"for", to_string(*pause)},
                                {"reason", outcome.reason},
                                {"reply", outcome.reply}});
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
    line.look_again();
  }
  const bool was_attempted = settled.attempts > settled.delivery.attempts;
  if (was_attempted || settled.settlement != Settlement::retry)
    parts_.metrics.delivery_ended(to_string(settled.channel), metric_outcome(settled));
  log_settled(batch, settled, *newsroom.book, line.sent);
}

// Said once, however many deliveries to it were under way. On the disk before its delivery is settled, so
// that after a crash the endpoint is asked once more rather than for ever.
asio::awaitable<void> Courier::give_up_endpoint(ChannelKind channel, const Subscriber& subscriber) {
  const auto address = subscriber.address(channel);
  if (parts_.suppressions.find(channel, address)) co_return;
  parts_.suppressions.add(channel, address, std::string(endpoint_gone));
  log::warn("endpoint.gone",
            {{"subscriber", subscriber.id()},
             {"channel", to_string(channel)},
             {"next", "nothing is sent to it until its address in the configuration changes"}});
  const auto now = parts_.clock.now();
  co_await recorder_.write(
      [&](Sqlite& db) { SuppressionList::store(db, channel, address, endpoint_gone, now); });
}

}  // namespace crier
