#include "net/resolver.hpp"

#include <algorithm>
#include <list>
#include <unordered_map>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <fmt/core.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/finally.hpp"

namespace crier {
namespace {

namespace asio = boost::asio;
using SteadyTime = std::chrono::steady_clock::time_point;
using Answer = Result<std::vector<IpAddress>>;

// Blocking.
Answer look_up(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  if (const int failure = ::getaddrinfo(host.c_str(), nullptr, &hints, &found); failure != 0)
    return Error{fmt::format("{}: no address: {}", host, ::gai_strerror(failure))};
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  std::vector<IpAddress> addresses;
  for (const auto* entry = found; entry != nullptr; entry = entry->ai_next) {
    IpAddress address;
    if (entry->ai_family == AF_INET) {
      const auto* v4 = reinterpret_cast<const sockaddr_in*>(entry->ai_addr);
      address = ip_address_from_v4(reinterpret_cast<const std::uint8_t*>(&v4->sin_addr));
    } else if (entry->ai_family == AF_INET6) {
      const auto* v6 = reinterpret_cast<const sockaddr_in6*>(entry->ai_addr);
      std::copy_n(v6->sin6_addr.s6_addr, address.bytes.size(), address.bytes.begin());
    } else {
      continue;
    }
    if (std::ranges::find(addresses, address) == addresses.end()) addresses.push_back(address);
  }
  if (addresses.empty()) return Error{host + ": no address"};
  return addresses;
}

}  // namespace

struct Resolver::State : std::enable_shared_from_this<State> {
  struct Name {
    std::optional<Answer> answer;  // nullopt while the lookup runs
    SteadyTime good_until;
    std::list<asio::steady_timer*> waiting;  // each belongs to a coroutine that waits
  };

  State(asio::any_io_executor ex, ResolverLimits given)
      : executor(std::move(ex)), limits(given), threads(given.threads) {}

  // The entry for `host` with its lookup started, or null when too many names are known.
  std::shared_ptr<Name> find_or_start(const std::string& host) {
    const auto now = std::chrono::steady_clock::now();
    auto entry = names.find(host);
    if (entry != names.end() && entry->second->answer && entry->second->good_until <= now) {
      names.erase(entry);
      entry = names.end();
    }
    if (entry != names.end()) return entry->second;
    if (names.size() >= limits.max_names) {
      std::erase_if(names,
                    [&](const auto& item) { return item.second->answer && item.second->good_until <= now; });
      if (names.size() >= limits.max_names) return nullptr;
    }
    auto name = std::make_shared<Name>();
    names.emplace(host, name);
    asio::post(threads, [self = weak_from_this(), back = executor, host, name] {
      auto answer = look_up(host);
      asio::post(back, [self, name, answer = std::move(answer)]() mutable {
        if (const auto state = self.lock()) state->answered(*name, std::move(answer));
      });
    });
    return name;
  }

  void answered(Name& name, Answer answer) {
    name.good_until = std::chrono::steady_clock::now() + (answer ? limits.keep_found : limits.keep_failed);
    name.answer = std::move(answer);
    for (auto* timer : name.waiting) timer->cancel();
  }

  asio::any_io_executor executor;
  ResolverLimits limits;
  std::unordered_map<std::string, std::shared_ptr<Name>> names;
  asio::thread_pool threads;  // last: joined before the rest is gone
};

Resolver::Resolver(asio::any_io_executor executor, ResolverLimits limits)
    : state_(std::make_shared<State>(std::move(executor), limits)) {}

Resolver::~Resolver() {
  state_->threads.stop();
  state_->threads.join();
}

std::optional<Answer> Resolver::known(const std::string& host) const {
  if (const auto address = parse_ip_address(host)) return std::vector<IpAddress>{*address};
  const auto entry = state_->names.find(host);
  if (entry == state_->names.end() || entry->second->good_until <= std::chrono::steady_clock::now())
    return std::nullopt;
  return entry->second->answer;
}

asio::awaitable<Answer> Resolver::resolve(std::string host, Duration timeout) {
  if (auto answer = known(host)) co_return *std::move(answer);
  const auto name = state_->find_or_start(host);
  if (!name) co_return Error{host + ": not looked up, too many names at once"};
  if (!name->answer) {
    asio::steady_timer timer(state_->executor);
    timer.expires_after(timeout);
    const auto place = name->waiting.insert(name->waiting.end(), &timer);
    // Also when this frame is destroyed while it waits.
    const Finally leave([&] { name->waiting.erase(place); });
    boost::system::error_code ended;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ended));
    if (!name->answer && ended) throw boost::system::system_error(asio::error::operation_aborted);
    if (!name->answer) co_return Error{fmt::format("{}: no address within {}", host, to_string(timeout))};
  }
  co_return *name->answer;
}

}  // namespace crier
