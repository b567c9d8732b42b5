#include "base/bell.hpp"

#include <exception>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/multiple_exceptions.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace crier {

namespace asio = boost::asio;

struct Bell::Timer {
  explicit Timer(const asio::any_io_executor& executor) : timer(executor) {
    timer.expires_at(asio::steady_timer::time_point::max());
  }
  asio::steady_timer timer;
};

Bell::Bell(const asio::any_io_executor& executor) : timer_(std::make_unique<Timer>(executor)) {}

Bell::~Bell() = default;

void Bell::ring() {
  timer_->timer.cancel();
}

asio::awaitable<void> Bell::wait() {
  // A ring and a cancellation of the caller both end the wait with operation_aborted.
  boost::system::error_code ended;
  co_await timer_->timer.async_wait(asio::redirect_error(asio::use_awaitable, ended));
  const auto state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() != asio::cancellation_type::none)
    throw boost::system::system_error(asio::error::operation_aborted);
}

asio::awaitable<void> Bell::wait_until(Clock& clock, Time time) {
  using namespace asio::experimental::awaitable_operators;
  try {
    co_await (wait() || clock.sleep_until(time));
  } catch (const asio::multiple_exceptions& both) {
    // A cancellation ends both sides; who waits knows it only as the operation_aborted of one.
    std::rethrow_exception(both.first_exception());
  }
}

}  // namespace crier
