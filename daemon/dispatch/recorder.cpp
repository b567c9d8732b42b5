#include "dispatch/recorder.hpp"

#include <chrono>
#include <utility>

#include <boost/asio/use_awaitable.hpp>

#include "base/finally.hpp"
#include "base/log.hpp"

namespace crier {

namespace asio = boost::asio;

// The next write is made by one of those that wait for it.
asio::awaitable<void> Recorder::record(std::span<const Settled> settled, bool recognised) {
  must_sync_ = must_sync_ || !recognised;
  unrecorded_.insert(unrecorded_.end(), settled.begin(), settled.end());
  const auto mine = next_;
  while (recorded_ < mine) {
    if (recording_) {
      co_await done_.wait();
      continue;
    }
    recording_ = true;
    const Finally done([this] {
      recording_ = false;
      done_.ring();
    });
    if (pause_.expiry() > asio::steady_timer::clock_type::now())
      co_await pause_.async_wait(asio::use_awaitable);
    pause_.expires_after(distance_);
    const auto batch = std::exchange(unrecorded_, {});
    const auto number = next_++;
    const auto now = clock_.now();
    unsynced_ += batch.size();
    const bool sync = std::exchange(must_sync_, false) || unsynced_ > chunk_capacity;
    if (sync) unsynced_ = 0;
    co_await write([&](Sqlite& db) { settle(db, batch, now); },
                   sync ? Durability::synced : Durability::written);
    recorded_ = number;
  }
}

asio::awaitable<void> Recorder::write(std::function<void(Sqlite&)> job, Durability durability) {
  for (;;) {
    std::string failure;
    try {
      co_await database_.run([&](Sqlite& db) { job(db); }, durability);
      co_return;
    } catch (const SqliteError& e) {
      failure = e.what();
    }
    log::error("outbox.unwritable", {{"what", failure}, {"next", "trying again every second"}});
    co_await clock_.sleep_for(std::chrono::seconds(1));
  }
}

}  // namespace crier
