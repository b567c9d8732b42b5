// Resolver: host name → addresses, for every outgoing connection. Lives on the loop; the blocking lookups run
// on a few threads of its own, so that one dead name server does not stop the others.
// Equal lookups share one query; answers are kept briefly (libc does not tell their TTL) and in bounded
// number.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/result.hpp"
#include "base/time.hpp"
#include "net/ip_address.hpp"

namespace crier {

struct ResolverLimits {
  unsigned threads = 4;
  std::size_t max_names = 4096;  ///< remembered or in flight; beyond it new names are refused for now
  Duration keep_found = std::chrono::seconds(60);
  Duration keep_failed = std::chrono::seconds(5);
};

class Resolver {
 public:
  explicit Resolver(boost::asio::any_io_executor executor, ResolverLimits limits = {});
  /// Waits for lookups that are running in libc.
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// What resolve() would answer at once; nullopt when it would have to wait.
  std::optional<Result<std::vector<IpAddress>>> known(const std::string& host) const;
  /// At least one address, in the order of preference of the system (RFC 6724). An address in text is
  /// answered at once. Fails after `timeout` although the lookup may go on. Cancellation throws
  /// operation_aborted.
  boost::asio::awaitable<Result<std::vector<IpAddress>>> resolve(std::string host, Duration timeout);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace crier
