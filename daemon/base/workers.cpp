#include "base/workers.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace crier {

namespace asio = boost::asio;

Workers::Workers(unsigned threads) : pool_(threads) {}

Workers::~Workers() {
  pool_.join();
}

asio::awaitable<void> Workers::run_erased(std::function<void()> job) {
  // Tracked: the caller's loop has work for as long as it waits for a worker.
  const auto caller =
      asio::prefer(co_await asio::this_coro::executor, asio::execution::outstanding_work.tracked);
  auto start = [this, caller, &job](auto handler) {
    asio::post(pool_, [&job, caller, handler = std::move(handler)]() mutable {
      job();
      asio::post(caller, std::move(handler));
    });
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>&, void()>(std::move(start),
                                                                        asio::use_awaitable);
}

}  // namespace crier
