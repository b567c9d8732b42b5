// Database: the one thread that owns the database handle, reached only by co_await run(job).
// One job is one transaction for its caller: when run() returns, its changes are kept; when it throws, there
// are none. Jobs that are waiting at the same time share one commit (group commit), so a
// hundred deliveries cost one sync. Started by App, used from the loop.
#pragma once

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>

#include <boost/asio/awaitable.hpp>

#include "db/sqlite.hpp"

namespace crier {

/// What a job's changes survive once run() has returned. Changes are never kept without those of earlier
/// jobs.
enum class Durability {
  synced,   ///< a power cut
  written,  ///< a crash or kill of crier; a power cut from the next synced job on. Costs no sync.
};

class Database {
 public:
  /// Opens and migrates; throws when that fails.
  explicit Database(const std::filesystem::path& path);
  /// Runs what is queued, then ends the thread.
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Runs `job(Sqlite&)` on the database thread and resumes the caller on its own executor.
  /// Not cancellable: the caller is resumed only after the job has ended, so the job may refer to the
  /// caller's variables.
  template <class Job, class T = std::invoke_result_t<Job, Sqlite&>>
  boost::asio::awaitable<T> run(Job job, Durability durability = Durability::synced) {
    if constexpr (std::is_void_v<T>) {
      co_await run_erased([&](Sqlite& db) { job(db); }, durability);
    } else {
      std::optional<T> value;
      co_await run_erased([&](Sqlite& db) { value.emplace(job(db)); }, durability);
      co_return std::move(*value);
    }
  }

 private:
  struct Job {
    std::function<void(Sqlite&)> work;
    std::function<void(std::exception_ptr)> done;
    Durability durability = Durability::synced;
  };

  boost::asio::awaitable<void> run_erased(std::function<void(Sqlite&)> work, Durability durability);
  void serve();
  void run_group(std::deque<Job>& group);
  void begin_log() noexcept;
  void set_durability(Durability durability);

  std::filesystem::path path_;
  Sqlite db_;
  std::mutex mutex_;
  std::condition_variable woken_;
  std::deque<Job> queue_;
  bool stopping_ = false;
  Durability durability_ = Durability::synced;  // of the handle
  std::thread thread_;                          // last: starts when all else is there
};

}  // namespace crier
