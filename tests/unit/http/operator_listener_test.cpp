#include "http/operator_listener.hpp"

#include <atomic>
#include <future>
#include <vector>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <catch2/catch.hpp>

#include "support/http_peer.hpp"

using namespace crier;
using namespace crier::http;
using namespace std::chrono_literals;
using crier::test::ask;
using crier::test::eventually;
using crier::test::get;
using crier::test::HttpPeer;
namespace asio = boost::asio;

namespace {

asio::awaitable<Response> echo(Request request) {
  co_return text_response(200, request.method + " " + request.path + " [" + request.body + "] " +
                                   request.remote_address + " " + std::string(request.headers.get("X-Real")));
}

asio::awaitable<Response> wait_for_ever(std::shared_ptr<asio::steady_timer> timer) {
  timer->expires_at(asio::steady_timer::time_point::max());
  co_await timer->async_wait(asio::use_awaitable);
  co_return text_response(200, "late");
}

class Server {
 public:
  explicit Server(OperatorListenerOptions options = {})
      : listener_(loop.context().get_executor(), std::move(options), handler()) {
    loop.call([this] { REQUIRE(listener_.open()); });
    port = listener_.port();
  }
  ~Server() { stop(100ms); }

  void stop(std::chrono::milliseconds grace) { loop.run(listener_.stop(grace)); }

  test::LoopThread loop;
  std::uint16_t port = 0;
  int handled = 0;  // on the loop
  std::promise<void> never_reached;

 private:
  Handler handler() {
    return [this](Request request) {
      ++handled;
      if (request.path == "/never") {
        never_reached.set_value();
        return wait_for_ever(std::make_shared<asio::steady_timer>(loop.context()));
      }
      if (request.path == "/throw") throw std::runtime_error("the secret is 42");
      return echo(std::move(request));
    };
  }

  OperatorListener listener_;
};

const std::string host = "Host: localhost\r\n";

}  // namespace

TEST_CASE("operator listener: requests reach the handler as they were sent") {
  Server server;
  HttpPeer peer(server.port);
  peer.send("GET /a%20b?c=d HTTP/1.1\r\n" + host + "X-Real: yes\r\nREMOTE_ADDR: 10.0.0.1\r\n\r\n");
  auto answer = peer.read_answer();
  REQUIRE(answer.body == "GET /a b [] 127.0.0.1 yes");
  REQUIRE(answer.header("X-Content-Type-Options") == "nosniff");
  peer.send("POST /p HTTP/1.1\r\n" + host + "Content-Length: 4\r\n\r\nbody");
  REQUIRE(peer.read_answer().body == "POST /p [body] 127.0.0.1 ");
  peer.send("DELETE /d HTTP/1.1\r\n" + host + "\r\n");
  REQUIRE(peer.read_answer().body == "DELETE /d [] 127.0.0.1 ");
  peer.send("HEAD /h HTTP/1.1\r\n" + host + "\r\n");
  REQUIRE(peer.read_answer(true).header("Content-Length") == "21");
  peer.send("GET /r HTTP/1.1\r\n" + host + "Range: bytes=0-1,0-1\r\nAccept-Encoding: gzip\r\n\r\n");
  answer = peer.read_answer();
  REQUIRE(answer.status == 200);
  REQUIRE(answer.body == "GET /r [] 127.0.0.1 ");
  peer.send("PUT /chunked HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
  REQUIRE(peer.read_answer().body == "PUT /chunked [abc] 127.0.0.1 ");
}

TEST_CASE("operator listener: bodies are limited however they come") {
  OperatorListenerOptions options;
  options.body_bytes = 1000;
  Server server(std::move(options));
  const auto post = "POST / HTTP/1.1\r\n" + host;
  REQUIRE(ask(server.port, post + "Content-Length: 1000\r\n\r\n" + std::string(1000, 'x')).status == 200);
  REQUIRE(ask(server.port, post + "Content-Length: 1001\r\n\r\n" + std::string(1001, 'x')).status == 413);
  REQUIRE(ask(server.port, post + "Expect: 100-continue\r\nContent-Length: 1001\r\n\r\n").status == 413);
  std::string chunks;
  for (int i = 0; i < 11; ++i) chunks += "64\r\n" + std::string(100, 'x') + "\r\n";
  REQUIRE(ask(server.port, post + "Transfer-Encoding: chunked\r\n\r\n" + chunks + "0\r\n\r\n").status == 413);
}

TEST_CASE("operator listener: a refusal says which rule was broken") {
  Server server;
  const auto post = "POST / HTTP/1.1\r\n" + host;
  const std::vector<std::pair<std::string, std::string>> cases{
      {post + "Content-Length: 16777217\r\n\r\n", "body is more than the limit of 16777216 bytes"},
      {post + "Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\n", "no Content-Encoding"},
      {post + "Content-Length: 3\r\nContent-Length: 3\r\n\r\n", "where its body ends"},
      {post + "X: " + std::string(9000, 'x') + "\r\n\r\n", "more than 8192 bytes"},
      {"GET /" + std::string(9000, 'x') + " HTTP/1.1\r\n" + host + "\r\n",
       "target is more than the limit of 8192"},
  };
  for (const auto& [request, sentence] : cases) {
    CAPTURE(sentence);
    CHECK(ask(server.port, request).body.find(sentence) != std::string::npos);
  }
}

TEST_CASE("operator listener: ambiguous framing is refused and nothing after it is read") {
  Server server;
  const auto post = "POST / HTTP/1.1\r\n" + host;
  const std::vector<std::pair<std::string, int>> cases{
      {post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {post + "Content-Length: 3\r\nContent-Length: 3\r\n\r\n", 400},
      {post + "Content-Length: 3x\r\n\r\n", 400},
      {post + "Content-Length: 99999999999999999999999\r\n\r\n", 413},
      {post + "Transfer-Encoding: gzip, chunked\r\n\r\n", 501},
      {post + "Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\n", 415},
      {"GET / HTTP/1.1\r\n" + host + "Content-Length: 3\r\n\r\n", 400},
      {"nonsense\r\n\r\n", 400},
      {"GET /%00 HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n" + host + "Connection: close\r\nX: a%0d%0aY: b\r\n\r\n", 400},
  };
  for (const auto& [request, status] : cases) {
    CAPTURE(request);
    HttpPeer peer(server.port);
    peer.send(request + "GET /smuggled HTTP/1.1\r\n" + host + "\r\n");
    CHECK(peer.read_answer().status == status);
    CHECK(peer.read_to_end().empty());
  }
  REQUIRE(server.loop.call([&] { return server.handled; }) == 0);
}

TEST_CASE("operator listener: slow clients are cut off by a total deadline") {
  OperatorListenerOptions options;
  options.threads = 2;
  options.header_time = 300ms;
  options.idle_time = 300ms;
  Server server(std::move(options));
  std::vector<HttpPeer> slow;
  for (int i = 0; i < 4; ++i) {
    slow.emplace_back(server.port);
    slow.back().send("GET / HTTP/1.1\r\nX-Slow: ");
  }
  // A busy machine may take a client for a slow one.
  REQUIRE(eventually([&] { return get(server.port, "/fresh").status == 200; }));
}

TEST_CASE(
    "operator listener: a loop that does not answer in time is 503, and its late answer harms nothing") {
  OperatorListenerOptions options;
  options.answer_time = 100ms;
  std::atomic<int> answered = 0;
  options.on_answer = [&](int status) { answered = status; };
  Server server(std::move(options));
  std::promise<void> busy;
  asio::post(server.loop.context(), [&] { busy.get_future().wait(); });
  const auto answer = get(server.port, "/busy");
  REQUIRE(answer.status == 503);
  REQUIRE(answered == 503);
  busy.set_value();
  int asked = 1;
  REQUIRE(eventually([&] {
    ++asked;
    return get(server.port, "/next").status == 200;
  }));
  REQUIRE(server.loop.call([&] { return server.handled; }) == asked);
}

TEST_CASE("operator listener: an exception's text stays inside") {
  Server server;
  const auto answer = get(server.port, "/throw");
  REQUIRE(answer.status == 500);
  REQUIRE((answer.head + answer.body).find("secret") == std::string::npos);
}

TEST_CASE("operator listener: many clients at once") {
  Server server;
  std::atomic<int> good = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&] {
      for (int n = 0; n < 50; ++n) {
        if (get(server.port, "/n").body == "GET /n [] 127.0.0.1 ") ++good;
      }
    });
  }
  for (auto& client : clients) client.join();
  REQUIRE(good == 400);
}

TEST_CASE("operator listener: stop ends waiting requests and idle connections within its grace") {
  OperatorListenerOptions options;
  options.answer_time = 1h;
  options.idle_time = 1h;
  Server server(std::move(options));
  HttpPeer idle(server.port);
  idle.send("GET / HTTP/1.1\r\n" + host + "\r\n");
  REQUIRE(idle.read_answer().status == 200);
  HttpPeer waiting(server.port);
  waiting.send("GET /never HTTP/1.1\r\n" + host + "\r\n");
  REQUIRE(server.never_reached.get_future().wait_for(test::patience) == std::future_status::ready);
  server.stop(200ms);  // returns before the hour is over
  REQUIRE(idle.read_to_end().empty());
  waiting.read_to_end();
  REQUIRE_THROWS(HttpPeer(server.port));
  server.stop(1s);
}

TEST_CASE("operator listener: a port that is taken is an error, also for a second daemon") {
  Server server;
  test::LoopThread loop;
  OperatorListenerOptions options;
  options.port = server.port;
  OperatorListener second(loop.context().get_executor(), std::move(options),
                          immediate([](const Request&) { return text_response(200, ""); }));
  const auto opened = loop.call([&] { return second.open(); });
  REQUIRE_FALSE(opened);
  REQUIRE(opened.error().message.find(std::to_string(server.port)) != std::string::npos);
  loop.run(second.stop(1s));
}

TEST_CASE("operator listener: destruction without stop waits for its threads") {
  test::LoopThread loop;
  auto listener =
      std::make_unique<OperatorListener>(loop.context().get_executor(), OperatorListenerOptions{},
                                         immediate([](const Request&) { return text_response(200, "x"); }));
  loop.call([&] { REQUIRE(listener->open()); });
  HttpPeer peer(listener->port());
  peer.send("GET / HTTP/1.1\r\n" + host + "\r\n");
  REQUIRE(peer.read_answer().body == "x");
  loop.call([&] { listener.reset(); });
  REQUIRE(peer.read_to_end().empty());
}
