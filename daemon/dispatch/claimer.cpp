#include "dispatch/claimer.hpp"

#include <exception>
#include <string>
#include <utility>

#include <boost/asio/post.hpp>

#include "base/log.hpp"
#include "db/database.hpp"
#include "outbox/claims.hpp"

namespace crier {

namespace asio = boost::asio;

Claimer::Claimer(asio::any_io_executor loop, Parts parts)
    : loop_(std::move(loop)), parts_(std::move(parts)) {}

// When the outbox has none, it waits until it does.
asio::awaitable<void> Claimer::run(Line& line) {
  while (!stopping_) {
    if (line.asking) {  // along with something that becomes owed
      co_await line.work_owed.wait();
      continue;
    }
    line.is_to_ask = false;
    const auto due = co_await claim_for(line);
    if (due <= parts_.clock.now() || line.is_to_ask) continue;
    if (due == Time::max())
      co_await line.work_owed.wait();
    else
      co_await line.work_owed.wait_until(parts_.clock, due);
  }
}

void Claimer::stop() {
  stopping_ = true;
  for (const auto& line : parts_.lines) line->work_owed.ring();
}

// Claims what its lanes have room for. Returns when there may be more of it, unless something happens before.
asio::awaitable<Time> Claimer::claim_for(Line& line) {
  const auto lanes = line.low_lanes();
  if (lanes.none()) co_return Time::max();
  const auto channel = line.channel.kind();
  const auto now = parts_.clock.now();
  parts_.before_claims();
  line.asking = true;
  std::optional<LoadedClaim> loaded;
  std::optional<Time> due;
  std::string failure;
  try {
    // A claim is void after a crash anyway, and what else it changes is found out again.
    co_await parts_.database.run(
        [&](Sqlite& db) {
          loaded = load_claim(db, channel, lanes, now);
          if (!loaded) due = next_due(db, channel, lanes);
        },
        Durability::written);
  } catch (const std::exception& e) {
    failure = e.what();
  }
  const bool doubts_answer = line.answered();
  if (!failure.empty()) {
    log::error("outbox.unreadable", {{"channel", to_string(channel)}, {"what", failure}});
    co_return now + std::chrono::seconds(5);
  }
  if (!loaded) co_return due.value_or(Time::max());
  if (!loaded->deliveries.empty()) line.add(std::make_shared<HeldClaim>(*std::move(loaded)), doubts_answer);
  co_return now;
}

std::shared_ptr<Claimer::Along> Claimer::along() {
  parts_.before_claims();
  std::shared_ptr<Along> along(new Along(*this, parts_.clock.now()));
  for (const auto& line : parts_.lines) {
    const auto lanes = line->low_lanes();
    if (stopping_ || line->asking || lanes.none()) continue;
    line->asking = true;
    along->claims_.push_back({line.get(), lanes});
  }
  return along;
}

void Claimer::Along::take(Sqlite& db, const Story& story) {
  db.query("SAVEPOINT claims").run();
  try {
    for (auto& claim : claims_) {
      auto loaded = load_claim(db, claim.line->channel.kind(), claim.lanes, now_, &story);
      if (loaded && !loaded->deliveries.empty()) claim.held = std::make_shared<HeldClaim>(*std::move(loaded));
    }
  } catch (const std::exception&) {
    // What cannot be claimed is still owed; run() meets it, too, and says so.
    if (!db.in_transaction()) throw;
    db.query("ROLLBACK TO claims").run();
    for (auto& claim : claims_) claim.held.reset();
  }
  db.query("RELEASE claims").run();
  asio::post(claimer_.loop_, [self = shared_from_this()] { self->prepare(); });
}

// Once, and not when all has ended.
void Claimer::Along::prepare() {
  if (std::exchange(is_prepared_, true)) return;
  for (auto& claim : claims_)
    if (claim.held) claimer_.parts_.prepare(*claim.line, *claim.held);
}

void Claimer::Along::end(bool kept) {
  if (kept) prepare();
  is_prepared_ = true;
  for (auto& [line, lanes, held] : claims_) {
    const bool doubts_answer = line->answered();
    if (kept && held) line->add(std::move(held), doubts_answer);
    line->look_again();
  }
}

}  // namespace crier
