#include "support/fake_http_server.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <fmt/core.h>

#include "base/tasks.hpp"

namespace crier::test {
namespace {

namespace asio = boost::asio;
using asio::use_awaitable;
using asio::ip::tcp;

constexpr std::size_t max_request = 4U << 20;

std::size_t content_length(const std::string& head) {
  const auto at = head.find("Content-Length: ");
  return at == std::string::npos ? 0 : std::stoul(head.substr(at + 16));
}

asio::awaitable<std::string> read_request(tcp::socket& socket, std::string& unread) {
  const auto head = co_await asio::async_read_until(socket, asio::dynamic_buffer(unread, max_request),
                                                    "\r\n\r\n", use_awaitable);
  const auto whole = head + content_length(unread.substr(0, head));
  if (unread.size() < whole) {
    co_await asio::async_read(socket, asio::dynamic_buffer(unread, max_request),
                              asio::transfer_exactly(whole - unread.size()), use_awaitable);
  }
  auto request = unread.substr(0, whole);
  unread.erase(0, whole);
  co_return request;
}

asio::awaitable<void> send_for_ever(tcp::socket& socket, std::string piece, std::chrono::milliseconds pause) {
  asio::steady_timer timer(socket.get_executor());
  for (;;) {
    co_await asio::async_write(socket, asio::buffer(piece), use_awaitable);
    timer.expires_after(pause);
    co_await timer.async_wait(use_awaitable);
  }
}

template <class Owner>
asio::awaitable<void> converse(std::shared_ptr<Owner> owner, tcp::socket socket) {
  std::string unread;
  for (;;) {
    owner->requests.push_back(co_await read_request(socket, unread));
    const auto answer = owner->answers.front();
    if (owner->answers.size() > 1) owner->answers.pop_front();
    co_await asio::async_write(socket, asio::buffer(answer.bytes), use_awaitable);
    switch (answer.then) {
      case FakeHttpAnswer::Then::keep:
        break;
      case FakeHttpAnswer::Then::close:
        co_return;
      case FakeHttpAnswer::Then::reset:
        socket.set_option(asio::socket_base::linger(true, 0));
        co_return;
      case FakeHttpAnswer::Then::hang: {
        asio::steady_timer forever(socket.get_executor(), asio::steady_timer::time_point::max());
        co_await forever.async_wait(use_awaitable);
        break;
      }
      case FakeHttpAnswer::Then::endless:
        co_await send_for_ever(socket, std::string(16384, 'x'), std::chrono::milliseconds(0));
        break;
      case FakeHttpAnswer::Then::drip:
        co_await send_for_ever(socket, "x", std::chrono::milliseconds(5));
        break;
    }
  }
}

template <class Owner>
asio::awaitable<void> accept_all(std::shared_ptr<Owner> owner) {
  for (;;) {
    auto socket = co_await owner->acceptor.async_accept(use_awaitable);
    ++owner->connections;
    owner->tasks.start("conversation", converse(owner, std::move(socket)));
  }
}

}  // namespace

struct FakeHttpServer::State {
  State(asio::io_context& loop, std::deque<FakeHttpAnswer> given)
      : answers(std::move(given)),
        acceptor(loop, {asio::ip::address_v4::loopback(), 0}),
        tasks(loop.get_executor(), [](const std::string&, const std::string&) {}) {}

  std::deque<FakeHttpAnswer> answers;
  tcp::acceptor acceptor;
  std::vector<std::string> requests;
  int connections = 0;
  TaskGroup tasks;
};

FakeHttpAnswer http_answer(int status, const std::string& body, const std::string& headers) {
  return {fmt::format("HTTP/1.1 {} Status\r\nContent-Length: {}\r\n{}\r\n{}", status, body.size(), headers,
                      body)};
}

FakeHttpServer::FakeHttpServer(asio::io_context& loop, std::deque<FakeHttpAnswer> answers)
    : state_(std::make_shared<State>(loop, std::move(answers))) {
  state_->tasks.start("accept", accept_all(state_));
}

FakeHttpServer::~FakeHttpServer() {
  state_->tasks.stop();
}

std::uint16_t FakeHttpServer::port() const {
  return state_->acceptor.local_endpoint().port();
}

std::string FakeHttpServer::url(const std::string& path) const {
  return fmt::format("http://127.0.0.1:{}{}", port(), path);
}

const std::vector<std::string>& FakeHttpServer::requests() const {
  return state_->requests;
}

int FakeHttpServer::connections() const {
  return state_->connections;
}

}  // namespace crier::test
