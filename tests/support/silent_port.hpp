// SilentPort: a port on loopback that takes no connection and refuses none: its line of those that wait to be
// accepted is full.
#pragma once

#include <array>
#include <cstdint>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <sys/socket.h>

namespace crier::test {

class SilentPort {
 public:
  explicit SilentPort(boost::asio::io_context& loop)
      : acceptor_(loop), waiting_{boost::asio::ip::tcp::socket(loop), boost::asio::ip::tcp::socket(loop)} {
    using boost::asio::ip::tcp;
    acceptor_.open(tcp::v4());
    acceptor_.bind({boost::asio::ip::address_v4::loopback(), 0});
    acceptor_.listen(0);
    const auto endpoint = acceptor_.local_endpoint();
    for (auto& socket : waiting_) {
      socket.open(tcp::v4());
      socket.non_blocking(true);
      // Asio's would wait for it all the same, for two minutes.
      ::connect(socket.native_handle(), endpoint.data(), static_cast<socklen_t>(endpoint.size()));
    }
  }

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
  boost::asio::ip::tcp::acceptor acceptor_;
  std::array<boost::asio::ip::tcp::socket, 2> waiting_;
};

}  // namespace crier::test
