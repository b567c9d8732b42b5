// PublicListener: HTTP/1.1 towards the open internet, where slow, broken and hostile clients are the rule.
// Runs wholly on the loop: Asio owns the connections, Beast's parser the framing; every wait has a deadline
// and every buffer a limit. A crash loses the connections and nothing else.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "http/message.hpp"
#include "net/ip_address.hpp"

namespace crier::http {

struct ListenAddress {
  std::string address = "127.0.0.1";  ///< numeric; "::" takes IPv4, too
  std::uint16_t port = 0;             ///< 0 = any free one
};

struct PublicListenerLimits {
  std::chrono::milliseconds header_time = std::chrono::seconds(10);
  std::chrono::milliseconds body_time = std::chrono::seconds(30);
  std::chrono::milliseconds idle_time = std::chrono::seconds(30);  ///< between two requests of a connection
  std::chrono::milliseconds write_time = std::chrono::seconds(30);
  std::chrono::milliseconds linger_time = std::chrono::seconds(2);  ///< for the client to read a last answer
  std::uint32_t header_bytes = 16 * 1024;
  std::uint64_t body_bytes = 1024UL * 1024;
  std::size_t connections = 1000;  ///< times body_bytes: the most memory they can hold
  /// An address is an IPv4 address or an IPv6 /64.
  std::size_t connections_per_address = 64;
  std::size_t connections_per_proxy = 900;  ///< of a trusted proxy's address, in place of the above
};

struct PublicListenerOptions {
  std::vector<ListenAddress> addresses{{}};
  PublicListenerLimits limits;
  /// Reverse proxies, whose address all of their clients share. Told by the address of the socket: no header
  /// (X-Forwarded-For, Forwarded) is read, so there is none to forge.
  std::vector<IpNetwork> trusted_proxies;
  OnAnswer on_answer;  ///< may be empty
  /// How large the body of a request with this head may be; empty = limits.body_bytes for all.
  std::function<std::uint64_t(const Request& head)> body_bytes;
};

class PublicListener {
 public:
  /// `clock` (for the Date header) and what `handler` refers to must outlive the listener's last connection.
  PublicListener(boost::asio::any_io_executor loop, const Clock& clock, PublicListenerOptions options,
                 Handler handler);
  /// Closes the listening sockets; connections end with the loop, or earlier by stop().
  ~PublicListener();
  PublicListener(const PublicListener&) = delete;
  PublicListener& operator=(const PublicListener&) = delete;

  /// Binds all addresses and starts to accept. Errors: an address that cannot be bound, named.
  Result<void> open();
  /// Of the `index`-th address, after open().
  std::uint16_t port(std::size_t index = 0) const;
  std::size_t connections() const;

  /// Stops accepting, closes idle connections and lets running requests be answered; after `grace` what is
  /// left is cut off. Returns when no connection is left.
  boost::asio::awaitable<void> stop(std::chrono::milliseconds grace);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace crier::http
