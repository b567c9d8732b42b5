#include "net/host_turns.hpp"

#include <boost/url/url_view.hpp>

#include "base/encoding.hpp"
#include "base/url.hpp"

namespace crier {

namespace asio = boost::asio;

std::string host_of(const std::string& url) {
  const auto parsed = parse_url(url);
  return parsed ? to_lower_ascii(std::string(parsed->host_address())) : std::string();
}

HostTurns::HostTurns(const asio::any_io_executor& executor, Clock& clock, TurnLimits limits)
    : clock_(clock), limits_(limits), changed_(executor) {}

// A pause longer than there are any is that of a clock that was set back.
bool HostTurns::must_pause(const Host& host, Time now) const {
  return now < host.free_at && host.free_at <= now + limits_.between;
}

asio::awaitable<HostTurns::Turn> HostTurns::take(std::string host) {
  for (;;) {
    auto& state = hosts_[host];
    const bool is_taken = state.is_busy || busy_ >= limits_.at_once;
    if (!is_taken && !must_pause(state, clock_.now())) {
      state.is_busy = true;
      ++busy_;
      co_return Turn(*this, std::move(host));
    }
    if (is_taken)
      co_await changed_.wait();
    else
      co_await changed_.wait_until(clock_, state.free_at);
  }
}

void HostTurns::end(const std::string& host) {
  const auto now = clock_.now();
  hosts_[host] = {false, now + limits_.between};
  --busy_;
  std::erase_if(hosts_,
                [&](const auto& entry) { return !entry.second.is_busy && !must_pause(entry.second, now); });
  changed_.ring();
}

}  // namespace crier
