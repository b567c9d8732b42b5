#include "dispatch/gate.hpp"

#include <algorithm>
#include <utility>

#include "audience/suppression.hpp"
#include "dispatch/line.hpp"
#include "dispatch/planner.hpp"
#include "dispatch/recorder.hpp"
#include "dispatch/what_follows.hpp"
#include "outbox/digest_items.hpp"

namespace crier {

namespace asio = boost::asio;

Settled unattempted(const ClaimedBatch& batch, const Delivery& delivery, Settlement settlement,
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

void Gate::stop_story(const std::string& story_id, std::uint32_t version, std::string_view reason) {
  auto& stopped = stopped_[story_id];
  if (version >= stopped.version) stopped = {version, std::string(reason)};
}

bool Gate::has_stopped(const Subject& subject) const {
  const auto stopped = stopped_.find(subject.story_id);
  return stopped != stopped_.end() && subject.story_version <= stopped->second.version;
}

// Why a delivery is not to be attempted; empty when it is.
std::string Gate::reason_to_suppress(ChannelKind channel, const Ready& ready) const {
  if (!ready.subscriber) return "no longer subscribed";
  if (ready.address.empty()) return "no address";
  if (const auto reason = suppressions_.find(channel, ready.address)) return std::string(*reason);
  return {};
}

// Why a story is not to leave although it is owed; nullptr when it may.
const std::string* Gate::reason_to_stop(const Part& part) const {
  if (!part.left_out.empty()) return &part.left_out;
  const auto stopped = stopped_.find(part.story.id);
  return stopped != stopped_.end() && part.story.version <= stopped->second.version ? &stopped->second.reason
                                                                                    : nullptr;
}

MessageParts Gate::contents_for(const ClaimedBatch& batch, const Delivery& delivery) const {
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

// What is recorded of a delivery that is not to be attempted now; nullopt when it is.
std::optional<Settled> Gate::held_back(const Line& line, const ClaimedBatch& batch, const Ready& ready,
                                       const Newsroom& newsroom, Time now) const {
  const auto& claim = batch.claim;
  const auto& [delivery, subscriber, address, contents, asked, owed] = ready;
  const auto settled = [&](Settlement settlement, std::string reason) {
    return unattempted(batch, *delivery, settlement, std::move(reason), now);
  };
  if (contents.chosen.empty())
    return settled(counts_as_failed(contents.missing) ? Settlement::failed : Settlement::suppressed,
                   contents.missing);
  if (auto reason = reason_to_suppress(claim.channel, ready); !reason.empty())
    return settled(Settlement::suppressed, std::move(reason));
  const auto* pause = pauses_.holding({claim.channel, claim.lane, claim.batch_id, address}, now);
  if (now >= claim.expires_at)
    return wait_until(settled(Settlement::failed, {}), now,
                      pause == nullptr ? delivery->waited_for : pause->reason(), claim.expires_at);
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
bool Gate::asks_outbox(const Line& line, const HeldClaim& held, const Ready& ready) const {
  if (ready.asked) return false;
  return !line.channel.recognises_repeats() || held.doubted ||
         (!held.batch->is_digest() && stopped_.contains(ready.contents.chosen.front()->story.id));
}

// Whether deliveries are still owed. Where a repeat cannot be told, their attempts are noted.
asio::awaitable<void> Gate::ask_outbox(const Line& line, const HeldClaim& held, std::vector<Ready>& ready,
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

asio::awaitable<std::vector<Ready>> Gate::check(const Line& line, const Handful& handful,
                                                const Newsroom& newsroom, std::vector<Settled>& settled) {
  const auto& batch = *handful.held->batch;
  std::vector<Ready> ready;
  ready.reserve(handful.deliveries.size());
  for (const auto& delivery : handful.deliveries) {
    const auto subscriber = newsroom.book->by_number(delivery.number);
    ready.push_back(
        {&delivery, subscriber, subscriber ? subscriber->address(batch.claim.channel) : std::string(), {}});
  }
  for (bool again = true; again;) {
    const auto now = clock_.now();
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

}  // namespace crier
