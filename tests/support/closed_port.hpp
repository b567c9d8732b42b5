// ClosedPort: a port on loopback at which nobody listens, and nobody can while the test lasts.
#pragma once

#include <cstdint>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace crier::test {

class ClosedPort {
 public:
  explicit ClosedPort(boost::asio::io_context& loop) : socket_(loop, boost::asio::ip::tcp::v4()) {
    socket_.bind({boost::asio::ip::address_v4::loopback(), 0});
  }

  std::uint16_t port() const { return socket_.local_endpoint().port(); }

 private:
  boost::asio::ip::tcp::socket socket_;
};

}  // namespace crier::test
