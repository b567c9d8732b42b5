// Workers: threads for pure CPU work (parse, match, render). Values go in, values come back to the loop.
#pragma once

#include <exception>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>

namespace crier {

class Workers {
 public:
  explicit Workers(unsigned threads);
  /// Waits for running jobs.
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  /// Runs `job` on a worker and resumes the caller on its own executor with what it returned or threw.
  /// The caller is not resumed before the job has ended, so the job may refer to the caller's variables.
  template <class Job, class T = std::invoke_result_t<Job>>
  boost::asio::awaitable<T> run(Job job) {
    if constexpr (std::is_void_v<T>) {
      co_await run([&job] {
        job();
        return true;
      });
    } else {
      std::optional<T> value;
      std::exception_ptr failure;
      co_await run_erased([&] {
        try {
          value.emplace(job());
        } catch (...) {
          failure = std::current_exception();
        }
      });
      if (failure) std::rethrow_exception(failure);
      co_return std::move(*value);
    }
  }

 private:
  boost::asio::awaitable<void> run_erased(std::function<void()> job);

  boost::asio::thread_pool pool_;
};

}  // namespace crier
