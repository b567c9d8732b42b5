#include "net/host_places.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include "base/finally.hpp"

namespace crier {

namespace asio = boost::asio;

struct HostPlaces::Waiter {
  Waiter(const asio::any_io_executor& executor, Duration patience) : timer(executor, patience) {}

  asio::steady_timer timer;  // cancelled when a place is given
  bool has_place = false;
};

asio::awaitable<std::optional<HostPlaces::Place>> HostPlaces::take(std::string host, Duration patience) {
  auto& its = hosts_[host];
  if (its.taken < most_) {
    ++its.taken;
    co_return Place(*this, std::move(host));
  }
  Waiter waiter(executor_, patience);
  const auto position = its.waiting.insert(its.waiting.end(), &waiter);
  boost::system::error_code ended;
  {
    // Also when this frame is destroyed while it waits. Whoever waits keeps the host's entry.
    const Finally leave_line([&] {
      if (!waiter.has_place) its.waiting.erase(position);
    });
    co_await waiter.timer.async_wait(asio::redirect_error(asio::use_awaitable, ended));
  }
  if (waiter.has_place) co_return Place(*this, std::move(host));
  if (ended) throw boost::system::system_error(asio::error::operation_aborted);
  co_return std::nullopt;
}

// The place goes to whoever waits longest.
void HostPlaces::leave(const std::string& host) {
  const auto entry = hosts_.find(host);
  auto& its = entry->second;
  if (its.waiting.empty()) {
    if (--its.taken == 0) hosts_.erase(entry);
    return;
  }
  auto* const next = its.waiting.front();
  its.waiting.pop_front();
  next->has_place = true;
  next->timer.cancel();
}

}  // namespace crier
