// Workers: threads for pure CPU work (parse, match, render, sign). Values go in, values come back to the
// loop. First come, first served, but what is urgent goes before all that waits.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>

namespace crier {

enum class Urgency { usual, urgent };

class Workers {
 public:
  explicit Workers(unsigned threads);
  /// Waits for the jobs that it was given.
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  unsigned threads() const { return static_cast<unsigned>(threads_.size()); }

  /// Runs `job` on a worker and resumes the caller on its own executor with what it returned or threw.
  /// The caller is not resumed before the job has ended, so the job may refer to the caller's variables.
  template <class Job, class T = std::invoke_result_t<Job>>
  boost::asio::awaitable<T> run(Job job) {
    if constexpr (std::is_void_v<T>) {
      co_await run_each(1, [&](std::size_t) { job(); });
    } else {
      std::optional<T> value;
      co_await run_each(1, [&](std::size_t) { value.emplace(job()); });
      co_return std::move(*value);
    }
  }

  /// The same for job(0) to job(count - 1), which all workers that are free share. When some of them throw,
  /// the caller gets what one of these did, after all have ended. Of urgent and usual jobs that wait, each
  /// 16th is a usual one.
  template <class Job>
  boost::asio::awaitable<void> run_each(std::size_t count, Job job, Urgency urgency = Urgency::usual) {
    std::exception_ptr failure;
    std::atomic_flag has_failed;
    co_await run_erased(
        count,
        [&](std::size_t i) {
          try {
            job(i);
          } catch (...) {
            if (!has_failed.test_and_set()) failure = std::current_exception();
          }
        },
        urgency);
    if (failure) std::rethrow_exception(failure);
  }

 private:
  struct Call;
  using Queue = std::deque<std::shared_ptr<Call>>;

  boost::asio::awaitable<void> run_erased(std::size_t count, std::function<void(std::size_t)> job,
                                          Urgency urgency);
  void serve();
  Queue& next_queue();

  std::mutex mutex_;
  std::condition_variable woken_;
  Queue urgent_;
  Queue usual_;
  std::uint64_t turns_ = 0;  // in which there was a choice
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace crier
