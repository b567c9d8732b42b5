#include "support/manual_clock.hpp"

#include <algorithm>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace crier::test {

namespace asio = boost::asio;

struct ManualClock::Sleeper {
  Sleeper(const asio::any_io_executor& executor, Time wake_at) : due(wake_at), timer(executor) {
    timer.expires_at(asio::steady_timer::time_point::max());
  }
  Time due;
  bool woken = false;
  asio::steady_timer timer;
};

asio::awaitable<void> ManualClock::sleep_until(Time time) {
  if (time <= now_) co_return;
  const auto sleeper = std::make_shared<Sleeper>(co_await asio::this_coro::executor, time);
  sleepers_.push_back(sleeper);
  boost::system::error_code ended;
  co_await sleeper->timer.async_wait(asio::redirect_error(asio::use_awaitable, ended));
  sleepers_.remove(sleeper);
  if (!sleeper->woken) throw boost::system::system_error(asio::error::operation_aborted);
}

std::size_t ManualClock::sleeping() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(sleepers_, [](const auto& sleeper) { return !sleeper->woken; }));
}

void ManualClock::advance(Duration by) {
  now_ += by;
  for (const auto& sleeper : sleepers_) {
    if (sleeper->due > now_) continue;
    sleeper->woken = true;
    sleeper->timer.cancel();
  }
}

}  // namespace crier::test
