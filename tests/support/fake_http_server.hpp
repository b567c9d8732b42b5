// FakeHttpServer: an HTTP/1.1 server on loopback, on the test's own loop, that answers exactly the bytes it
// is told.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

namespace crier::test {

struct FakeHttpAnswer {
  enum class Then {
    keep,     ///< wait for the next request
    close,    ///< hang up
    reset,    ///< hang up with a RST
    hang,     ///< keep the connection, say no more
    endless,  ///< go on sending body bytes
    drip,     ///< one byte each few milliseconds
  };
  std::string bytes;  ///< may be empty
  Then then = Then::keep;
};

/// A whole answer with Content-Length; `headers` are complete lines with their CRLF.
FakeHttpAnswer http_answer(int status, const std::string& body = {}, const std::string& headers = {});

class FakeHttpServer {
 public:
  /// Answers the requests in the order they come; the last answer is repeated.
  FakeHttpServer(boost::asio::io_context& loop, std::deque<FakeHttpAnswer> answers);
  ~FakeHttpServer();

  std::uint16_t port() const;
  /// "http://127.0.0.1:PORT" + path.
  std::string url(const std::string& path = "/") const;
  /// Head and body of each request, as received.
  const std::vector<std::string>& requests() const;
  int connections() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace crier::test
