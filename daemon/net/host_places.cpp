#include "net/host_places.hpp"

#include <algorithm>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include "base/finally.hpp"

namespace crier {

namespace asio = boost::asio;

struct HostPlaces::Waiter {
  Waiter(const asio::any_io_executor& executor, const std::string& its_host, Duration patience)
      : host(its_host), timer(executor, patience) {}

  const std::string& host;
  asio::steady_timer timer;  // cancelled when a place is given
  bool has_place = false;
};

std::optional<HostPlaces::Place> HostPlaces::take_free(const std::string& host) {
  return enter(host) ? std::optional<Place>(std::in_place, *this, host) : std::nullopt;
}

asio::awaitable<std::optional<HostPlaces::Place>> HostPlaces::take(std::string host, Duration patience) {
  if (auto place = take_free(host)) co_return place;
  Waiter waiter(executor_, host, patience);
  const auto position = waiting_.insert(waiting_.end(), &waiter);
  boost::system::error_code ended;
  {
    // Also when this frame is destroyed while it waits.
    const Finally leave_line([&] {
      if (!waiter.has_place) waiting_.erase(position);
    });
    co_await waiter.timer.async_wait(asio::redirect_error(asio::use_awaitable, ended));
  }
  if (waiter.has_place) co_return Place(*this, std::move(host));
  if (ended) throw boost::system::system_error(asio::error::operation_aborted);
  co_return std::nullopt;
}

bool HostPlaces::enter(const std::string& host) {
  if (taken_ >= limits_.in_all) return false;
  auto& with = taken_with_[host];
  if (with >= limits_.with_one) return false;
  ++with;
  ++taken_;
  return true;
}

// The place goes to whoever waits longest, of those whose host has room.
void HostPlaces::leave(const std::string& host) {
  --taken_;
  const auto with = taken_with_.find(host);
  if (--with->second == 0) taken_with_.erase(with);
  const auto next = std::ranges::find_if(waiting_, [&](const Waiter* waiter) { return enter(waiter->host); });
  if (next == waiting_.end()) return;
  (*next)->has_place = true;
  (*next)->timer.cancel();
  waiting_.erase(next);
}

}  // namespace crier
