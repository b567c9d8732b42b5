#include "support/http_call.hpp"

#include <stdexcept>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

namespace crier::test {

http::Request make_request(const std::string& method, const std::string& target, const http::Headers& headers,
                           std::string body) {
  http::Request request;
  request.method = method;
  request.headers = headers;
  request.body = std::move(body);
  request.remote_address = "127.0.0.1";
  if (const auto understood = http::set_target(request, target); !understood)
    throw std::logic_error(understood.error().message);
  return request;
}

http::Response call(const http::Handler& handler, http::Request request) {
  boost::asio::io_context loop;
  auto answer =
      boost::asio::co_spawn(loop, http::answer_safely(handler, std::move(request)), boost::asio::use_future);
  loop.run();
  return answer.get();
}

http::Response call(const http::Handler& handler, const std::string& method, const std::string& target,
                    const http::Headers& headers, std::string body) {
  return call(handler, make_request(method, target, headers, std::move(body)));
}

}  // namespace crier::test
