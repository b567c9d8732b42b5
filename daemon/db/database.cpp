#include "db/database.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include <boost/asio/async_result.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <pthread.h>

#include "base/log.hpp"
#include "db/reserve.hpp"
#include "db/schema.hpp"
#include "db/setting.hpp"

namespace crier {

namespace asio = boost::asio;

namespace {

// A log of so many pages is brought to the file when nothing was to do for a while, and, whatever there is to
// do, one that comes near the room that it has: whoever waits then waits for two syncs.
constexpr int worth_a_rest = 200;
constexpr int most_pages = 1600;
// What a reader keeps from the file is tried again, less and less often.
constexpr auto shortest_rest = std::chrono::milliseconds(5);
constexpr auto longest_rest = std::chrono::milliseconds(640);

}  // namespace

Database::Database(const std::filesystem::path& path) : path_(path), db_(path) {
  migrate(db_);
  db_.keep_log();
  db_.let_log_grow();
  if (!reserve_log(path_))
    log::warn("db.no_reserve", {{"what", "the disk has no room for the database's log"}});
  thread_ = std::thread([this] { serve(); });
  ::pthread_setname_np(thread_.native_handle(), "crier db");
}

Database::~Database() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  woken_.notify_one();
  thread_.join();
  // Its room is kept, but nothing in it that another database in this place would take for its own.
  db_.empty_log();
  reserve_log(path_);
}

asio::awaitable<void> Database::run_erased(std::function<void(Sqlite&)> work, Durability durability) {
  // Tracked: the loop has work for as long as somebody waits for this thread.
  const auto caller =
      asio::prefer(co_await asio::this_coro::executor, asio::execution::outstanding_work.tracked);
  auto start = [this, caller, durability, &work](auto handler) {
    // std::function wants something copyable; an awaitable's handler can only be moved.
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    Job job{std::move(work),
            [caller, shared](std::exception_ptr failure) {
              asio::post(caller, [shared, failure = std::move(failure)]() mutable {
                std::move (*shared)(std::move(failure));
              });
            },
            durability};
    {
      const std::lock_guard lock(mutex_);
      queue_.push_back(std::move(job));
    }
    woken_.notify_one();
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(std::exception_ptr)>(
      std::move(start), asio::use_awaitable);
}

void Database::serve() {
  auto rest = shortest_rest;
  for (;;) {
    std::deque<Job> group;
    {
      std::unique_lock lock(mutex_);
      const auto is_woken = [this] { return stopping_ || !queue_.empty(); };
      const bool may_rest = db_.log_pages() >= worth_a_rest;
      if (may_rest && !woken_.wait_for(lock, rest, is_woken)) {
        lock.unlock();
        db_.checkpoint();
        if (db_.log_pages() == 0) begin_log();
        rest = std::min(rest * 2, longest_rest);
        continue;
      }
      rest = shortest_rest;
      woken_.wait(lock, is_woken);
      if (queue_.empty()) return;
      group.swap(queue_);
    }
    run_group(group);
    if (db_.log_pages() >= most_pages) db_.checkpoint();
  }
}

// Whoever writes first into a log that begins anew waits for two syncs, the first of the log's head: better
// nobody. What is written has to differ each time.
void Database::begin_log() noexcept {
  try {
    set_durability(Durability::written);
    Transaction transaction(db_);
    put_setting(db_, "log begun",
                std::to_string(std::chrono::system_clock::now().time_since_epoch().count()));
    transaction.commit();
  } catch (const SqliteError&) {  // then it is who writes next
  }
}

// A commit in WAL mode is synced under FULL and only written under NORMAL.
void Database::set_durability(Durability durability) {
  if (durability_ == durability) return;
  db_.execute(durability == Durability::synced ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
  durability_ = durability;
}

void Database::run_group(std::deque<Job>& group) {
  std::vector<std::exception_ptr> failures(group.size());
  const bool is_synced =
      std::ranges::any_of(group, [](const Job& job) { return job.durability == Durability::synced; });
  try {
    set_durability(is_synced ? Durability::synced : Durability::written);
    Transaction transaction(db_);
    for (std::size_t i = 0; i < group.size(); ++i) {
      if (group.size() > 1) db_.query("SAVEPOINT job").run();
      try {
        group[i].work(db_);
      } catch (...) {
        failures[i] = std::current_exception();
        // A full or broken disk ends the whole transaction, and with it what the jobs before have done.
        if (group.size() == 1 || !db_.in_transaction()) throw;
        db_.query("ROLLBACK TO job").run();
      }
      if (group.size() > 1) db_.query("RELEASE job").run();
    }
    transaction.commit();
  } catch (...) {
    // Nothing of the group is on the disk, so every caller hears of it.
    for (auto& failure : failures) failure = std::current_exception();
    // The log may have come to the end of its room: then the next group finds it empty.
    db_.checkpoint();
  }
  for (std::size_t i = 0; i < group.size(); ++i) group[i].done(failures[i]);
}

}  // namespace crier
