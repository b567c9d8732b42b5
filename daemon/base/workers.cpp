#include "base/workers.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace crier {

namespace asio = boost::asio;

namespace {

constexpr std::uint64_t usual_every = 16;

}  // namespace

// The jobs of one caller.
struct Workers::Call {
  std::size_t count = 0;
  std::function<void(std::size_t)> job;
  std::function<void()> done;
  std::size_t begun = 0;
  std::size_t ended = 0;
};

Workers::Workers(unsigned threads) {
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { serve(); });
}

Workers::~Workers() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  woken_.notify_all();
  for (auto& thread : threads_) thread.join();
}

asio::awaitable<void> Workers::run_erased(std::size_t count, std::function<void(std::size_t)> job,
                                          Urgency urgency) {
  if (count == 0) co_return;
  // Tracked: the caller's loop has work for as long as it waits for a worker.
  const auto caller =
      asio::prefer(co_await asio::this_coro::executor, asio::execution::outstanding_work.tracked);
  auto start = [this, count, &job, urgency, caller](auto handler) {
    // std::function wants something copyable; an awaitable's handler can only be moved.
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    auto call = std::make_shared<Call>(
        Call{count, std::move(job), [caller, shared] { asio::post(caller, std::move(*shared)); }});
    {
      const std::lock_guard lock(mutex_);
      (urgency == Urgency::urgent ? urgent_ : usual_).push_back(std::move(call));
    }
    if (count == 1)
      woken_.notify_one();
    else
      woken_.notify_all();
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>&, void()>(std::move(start),
                                                                        asio::use_awaitable);
}

// One of those that is not empty.
Workers::Queue& Workers::next_queue() {
  if (urgent_.empty()) return usual_;
  if (usual_.empty()) return urgent_;
  return ++turns_ % usual_every == 0 ? usual_ : urgent_;
}

void Workers::serve() {
  std::unique_lock lock(mutex_);
  for (;;) {
    woken_.wait(lock, [this] { return stopping_ || !urgent_.empty() || !usual_.empty(); });
    auto& queue = next_queue();
    if (queue.empty()) return;
    const auto call = queue.front();
    const auto i = call->begun++;
    if (call->begun == call->count) queue.pop_front();
    lock.unlock();
    call->job(i);
    lock.lock();
    if (++call->ended < call->count) continue;
    lock.unlock();
    call->done();
    lock.lock();
  }
}

}  // namespace crier
