#include "http/public_listener.hpp"

#include <atomic>
#include <future>
#include <optional>
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

// A door that /slow waits at until the test opens it.
struct Gate {
  explicit Gate(asio::io_context& loop) : timer(loop, asio::steady_timer::time_point::max()) {}
  asio::steady_timer timer;
  std::promise<void> reached;
};

asio::awaitable<Response> wait_at(Gate& gate) {
  gate.reached.set_value();
  boost::system::error_code woken;
  co_await gate.timer.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  co_return text_response(200, "slow");
}

asio::awaitable<Response> echo(Request request) {
  co_return text_response(
      200, request.method + " " + request.target + " [" + request.body + "] " + request.remote_address);
}

class Server {
 public:
  explicit Server(PublicListenerOptions options = {})
      : gate(loop.context()),
        listener_(loop.context().get_executor(), clock_, std::move(options), handler()) {
    loop.call([this] { REQUIRE(listener_.open()); });
    port = listener_.port();
  }
  ~Server() { stop(100ms); }

  void stop(std::chrono::milliseconds grace) { loop.run(listener_.stop(grace)); }
  std::size_t connections() {
    return loop.call([this] { return listener_.connections(); });
  }

  test::LoopThread loop;
  Gate gate;
  std::uint16_t port = 0;

 private:
  Handler handler() {
    return [this](Request request) {
      if (request.path == "/slow") return wait_at(gate);
      if (request.path == "/throw") throw std::runtime_error("the secret is 42");
      return echo(std::move(request));
    };
  }

  SystemClock clock_;
  PublicListener listener_;
};

const std::string host = "Host: crier.example.org\r\n";

// Clients that say nothing, half a head or half a body.
std::vector<HttpPeer> slow_clients(const Server& server, int count) {
  std::vector<HttpPeer> slow;
  for (int i = 0; i < count; ++i) {
    slow.emplace_back(server.port);
    if (i % 3 == 0) slow.back().send("GET / HTTP/1.1\r\nX-Slow: ");
    if (i % 3 == 1) slow.back().send("POST / HTTP/1.1\r\n" + host + "Content-Length: 10\r\n\r\nabc");
  }
  return slow;
}

}  // namespace

TEST_CASE("public listener: pipelined requests are answered in order on one connection") {
  Server server;
  HttpPeer peer(server.port);
  peer.send(
      "GET /1 HTTP/1.1\r\n" + host + "\r\nPOST /2 HTTP/1.1\r\n" + host +
      "Content-Length: 3\r\n\r\nabcHEAD /3 HTTP/1.1\r\n" + host + "\r\nPOST /4 HTTP/1.1\r\n" + host +
      "Transfer-Encoding: chunked\r\n\r\n2\r\nde\r\n1;x=y\r\nf\r\n0\r\n\r\nGET http://a/5 HTTP/1.1\r\n" +
      host + "Connection: close\r\n\r\n");
  REQUIRE(peer.read_answer().body == "GET /1 [] 127.0.0.1");
  REQUIRE(peer.read_answer().body == "POST /2 [abc] 127.0.0.1");
  const auto head = peer.read_answer(true);
  REQUIRE(head.status == 200);
  REQUIRE(head.header("Content-Length") == "20");
  REQUIRE(peer.read_answer().body == "POST /4 [def] 127.0.0.1");
  const auto last = peer.read_answer();
  REQUIRE(last.body == "GET http://a/5 [] 127.0.0.1");
  REQUIRE(last.header("Connection") == "close");
  REQUIRE(peer.read_to_end().empty());
}

TEST_CASE("public listener: a request that comes byte by byte is the same request") {
  Server server;
  HttpPeer peer(server.port);
  for (const char c : "POST /x?a=b HTTP/1.1\r\n" + host + "Content-Length: 4\r\n\r\nbody")
    peer.send(std::string_view(&c, 1));
  const auto answer = peer.read_answer();
  REQUIRE(answer.body == "POST /x?a=b [body] 127.0.0.1");
  REQUIRE(answer.header("X-Content-Type-Options") == "nosniff");
  REQUIRE(answer.header("Server").empty());
  REQUIRE_FALSE(answer.header("Date").empty());
}

TEST_CASE("public listener: what is not plainly HTTP is refused and the connection closed") {
  Server server;
  const auto with = [&](const std::string& headers) {
    return "POST / HTTP/1.1\r\n" + host + headers + "\r\n";
  };
  const std::vector<std::pair<std::string, int>> cases{
      {"nonsense\r\n\r\n", 400},
      {"GET / HTTP/2.0\r\n" + host + "\r\n", 505},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"GET /%00 HTTP/1.1\r\n" + host + "\r\n", 400},
      {"CONNECT example.org:25 HTTP/1.1\r\n" + host + "\r\n", 400},
      {with("Bad Name: x\r\n"), 400},
      {with("Name : x\r\n"), 400},
      {with("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"), 400},
      {with("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"), 400},
      {with("Transfer-Encoding: gzip, chunked\r\n"), 400},
      {with("Transfer-Encoding: xchunked\r\n"), 400},
      {with("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"), 400},
      {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {with("Content-Length: 3\r\nContent-Length: 4\r\n"), 400},
      {with("Content-Length: -1\r\n"), 400},
      {with("Content-Length: 99999999999999999999999\r\n"), 400},
      {with("Content-Length: 1048577\r\n"), 413},
      {with("Expect: 100-continue\r\nContent-Length: 1048577\r\n"), 413},
      {with("Expect: a miracle\r\nContent-Length: 1\r\n"), 417},
      {with("Transfer-Encoding: chunked\r\n") + "zz\r\n", 400},
      {with("Transfer-Encoding: chunked\r\n") + "ffffffffffffffff\r\n", 413},
      {with("X: " + std::string(17 * 1024, 'x') + "\r\n"), 431},
      {"GET /" + std::string(17 * 1024, 'x') + " HTTP/1.1\r\n" + host + "\r\n", 431},
  };
  for (const auto& [request, status] : cases) {
    CAPTURE(request.substr(0, 120));
    HttpPeer peer(server.port);
    peer.send(request + "GET /smuggled HTTP/1.1\r\n" + host + "\r\n");
    const auto answer = peer.read_answer();
    CHECK(answer.status == status);
    CHECK(answer.header("Connection") == "close");
    CHECK(peer.read_to_end().empty());
  }
  REQUIRE(get(server.port, "/fine").status == 200);
}

TEST_CASE("public listener: what is too large is named, and how large it may be") {
  Server server;
  const auto detail = [&](const std::string& request) { return ask(server.port, request).body; };
  CHECK(detail("POST / HTTP/1.1\r\n" + host + "Content-Length: 1048577\r\n\r\n")
            .find("The request's body is more than the limit of 1048576 bytes.") != std::string::npos);
  CHECK(detail("GET / HTTP/1.1\r\n" + host + "X: " + std::string(17 * 1024, 'x') + "\r\n\r\n")
            .find("first line and headers are more than the limit of 16384 bytes.") != std::string::npos);
  CHECK(detail("POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\nzz\r\n")
            .find("body is not valid") != std::string::npos);
}

TEST_CASE("public listener: a chunked body has the same limit as any other") {
  PublicListenerOptions options;
  options.limits.body_bytes = 1000;
  Server server(std::move(options));
  const std::string chunk = "64\r\n" + std::string(100, 'x') + "\r\n";
  std::string body;
  for (int i = 0; i < 10; ++i) body += chunk;
  const auto head = "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n";
  REQUIRE(ask(server.port, head + body + "0\r\n\r\n").status == 200);
  REQUIRE(ask(server.port, head + body + chunk + "0\r\n\r\n").status == 413);
}

TEST_CASE("public listener: some requests may have larger bodies than others") {
  PublicListenerOptions options;
  options.limits.body_bytes = 100;
  options.body_bytes = [](const Request& head) { return head.path == "/large" ? 3000U : 100U; };
  Server server(std::move(options));
  const auto post = [&](const std::string& path, std::size_t bytes) {
    return ask(server.port, "POST " + path + " HTTP/1.1\r\n" + host + "Content-Length: " +
                                std::to_string(bytes) + "\r\n\r\n" + std::string(bytes, 'x'))
        .status;
  };
  CHECK(post("/large", 3000) == 200);
  CHECK(post("/large", 3001) == 413);
  CHECK(post("/", 100) == 200);
  CHECK(post("/", 101) == 413);
  const auto chunk = "96\r\n" + std::string(150, 'x') + "\r\n";
  const auto chunked = [&](const std::string& path) {
    return ask(server.port, "POST " + path + " HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n" +
                                chunk + "0\r\n\r\n")
        .status;
  };
  CHECK(chunked("/large") == 200);
  CHECK(chunked("/") == 413);
}

TEST_CASE("public listener: 100-continue is said before the body and only when it is waited for") {
  Server server;
  HttpPeer peer(server.port);
  peer.send("POST /c HTTP/1.1\r\n" + host + "Expect: 100-Continue\r\nContent-Length: 2\r\n\r\n");
  REQUIRE(peer.read_answer().status == 100);
  peer.send("ok");
  REQUIRE(peer.read_answer().body == "POST /c [ok] 127.0.0.1");
  peer.send("POST /d HTTP/1.1\r\n" + host + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\nok");
  REQUIRE(peer.read_answer().status == 200);
}

TEST_CASE("public listener: HTTP/1.0 closes unless asked, and needs no Host") {
  Server server;
  HttpPeer peer(server.port);
  peer.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  REQUIRE(peer.read_answer().header("Connection") == "keep-alive");
  peer.send("GET /b HTTP/1.0\r\n\r\n");
  REQUIRE(peer.read_answer().header("Connection") == "close");
  REQUIRE(peer.read_to_end().empty());
}

TEST_CASE("public listener: slow and idle clients cost others nothing") {
  PublicListenerOptions options;
  options.limits.header_time = 1h;
  options.limits.body_time = 1h;
  options.limits.idle_time = 1h;
  options.limits.connections_per_address = 500;
  Server server(std::move(options));
  const auto slow = slow_clients(server, 300);
  REQUIRE(get(server.port, "/fresh").status == 200);
  REQUIRE(server.connections() >= slow.size());
}

TEST_CASE("public listener: slow and idle clients are cut off") {
  PublicListenerOptions options;
  options.limits.header_time = 200ms;
  options.limits.body_time = 200ms;
  options.limits.idle_time = 200ms;
  options.limits.connections_per_address = 500;
  Server server(std::move(options));
  for (auto& peer : slow_clients(server, 300)) REQUIRE(peer.read_to_end().empty());
  REQUIRE(eventually([&] { return server.connections() == 0; }));
  // A busy machine may take a client for a slow one.
  REQUIRE(eventually([&] { return get(server.port, "/fresh").status == 200; }));
}

TEST_CASE("public listener: connections are capped per address and in all, and the cap frees again") {
  PublicListenerOptions options;
  options.limits.connections_per_address = 2;
  options.limits.connections = 3;
  std::vector<int> answered;
  options.on_answer = [&](int status) { answered.push_back(status); };
  Server server(std::move(options));
  const auto request = "GET / HTTP/1.1\r\n" + host + "\r\n";
  {
    HttpPeer one(server.port);
    HttpPeer two(server.port);
    one.send(request);
    two.send(request);
    REQUIRE(one.read_answer().status == 200);
    REQUIRE(two.read_answer().status == 200);
    HttpPeer three(server.port);
    const auto refused = three.read_answer();
    REQUIRE(refused.status == 503);
    REQUIRE(refused.header("Retry-After") == "30");
    REQUIRE(three.read_to_end().empty());

    one.send("GET /x HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n");
    REQUIRE(one.read_answer().status == 200);
  }
  REQUIRE(eventually([&] { return server.connections() == 0; }));
  REQUIRE(get(server.port, "/again").status == 200);
  server.stop(test::patience);
  REQUIRE(answered == std::vector<int>{200, 200, 503, 200, 200});
}

TEST_CASE("public listener: a trusted proxy has a cap of its own, and nobody can claim to be one") {
  const auto answers = [](std::string_view proxies, const std::string& headers) {
    PublicListenerOptions options;
    options.limits.connections_per_address = 1;
    options.limits.connections_per_proxy = 3;
    options.trusted_proxies = {parse_ip_network(proxies).value()};
    Server server(std::move(options));
    std::vector<std::unique_ptr<HttpPeer>> peers;
    std::vector<int> statuses;
    for (int i = 0; i < 4; ++i) {
      auto& peer = *peers.emplace_back(std::make_unique<HttpPeer>(server.port));
      peer.send("GET / HTTP/1.1\r\n" + host + headers + "\r\n");
      statuses.push_back(peer.read_answer().status);
    }
    return statuses;
  };
  CHECK(answers("127.0.0.0/8", "") == std::vector{200, 200, 200, 503});
  CHECK(answers("10.0.0.0/8", "X-Forwarded-For: 10.0.0.1\r\nForwarded: for=10.0.0.1\r\n") ==
        std::vector{200, 503, 503, 503});
}

TEST_CASE("public listener: an exception's text stays inside") {
  Server server;
  HttpPeer peer(server.port);
  peer.send("GET /throw HTTP/1.1\r\n" + host + "\r\nGET /next HTTP/1.1\r\n" + host + "\r\n");
  const auto answer = peer.read_answer();
  REQUIRE(answer.status == 500);
  REQUIRE((answer.head + answer.body).find("secret") == std::string::npos);
  REQUIRE(peer.read_answer().status == 200);
}

TEST_CASE("public listener: stop lets a running request be answered and closes idle connections") {
  Server server;
  HttpPeer idle(server.port);
  HttpPeer used(server.port);
  used.send("GET /used HTTP/1.1\r\n" + host + "\r\n");
  REQUIRE(used.read_answer().status == 200);
  auto running = std::make_optional<HttpPeer>(server.port);
  running->send("GET /slow HTTP/1.1\r\n" + host + "\r\nGET /later HTTP/1.1\r\n" + host + "\r\n");
  server.gate.reached.get_future().wait();
  std::thread stopper([&] { server.stop(test::patience); });
  REQUIRE(idle.read_to_end().empty());
  REQUIRE(used.read_to_end().empty());
  REQUIRE_THROWS(HttpPeer(server.port));
  asio::post(server.loop.context(), [&] { server.gate.timer.cancel(); });
  const auto answer = running->read_answer();
  REQUIRE(answer.body == "slow");
  REQUIRE(answer.header("Connection") == "close");
  REQUIRE(running->read_to_end().empty());
  running.reset();
  stopper.join();
  REQUIRE(server.connections() == 0);
}

TEST_CASE("public listener: stop cuts off what is not done in time") {
  Server server;
  HttpPeer running(server.port);
  running.send("GET /slow HTTP/1.1\r\n" + host + "\r\n");
  server.gate.reached.get_future().wait();
  server.stop(50ms);
  REQUIRE(running.read_to_end().empty());
  REQUIRE(server.connections() == 0);
}

TEST_CASE("public listener: stop under load answers whole or not at all") {
  PublicListenerOptions options;
  options.limits.connections_per_address = 100;
  Server server(std::move(options));
  std::vector<std::thread> clients;
  std::atomic<int> whole = 0;
  std::atomic<int> broken = 0;
  std::promise<void> loaded;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&] {
      for (int n = 0; n < 20'000; ++n) {
        try {
          HttpPeer peer(server.port);
          peer.send("GET /load HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n");
          const auto bytes = peer.read_to_end();
          if (bytes.empty()) return;
          if (!bytes.ends_with("GET /load [] 127.0.0.1"))
            ++broken;
          else if (++whole == 50)
            loaded.set_value();
        } catch (const std::exception&) {
          return;
        }
      }
    });
  }
  REQUIRE(loaded.get_future().wait_for(test::patience) == std::future_status::ready);
  server.stop(test::patience);
  for (auto& client : clients) client.join();
  REQUIRE(broken == 0);
}

TEST_CASE("public listener: an address that cannot be bound is named") {
  test::LoopThread loop;
  SystemClock clock;
  Server taken;
  for (const auto& [where, said] :
       std::vector<std::pair<ListenAddress, std::string>>{{{"127.0.0.1", taken.port}, "in use"},
                                                          {{"localhost", 0}, "numeric"},
                                                          {{"192.0.2.1", 0}, "192.0.2.1"}}) {
    PublicListener listener(loop.context().get_executor(), clock,
                            {.addresses = {where}, .limits = {}, .on_answer = {}},
                            immediate([](const Request&) { return text_response(200, ""); }));
    const auto opened = loop.call([&] { return listener.open(); });
    REQUIRE_FALSE(opened);
    REQUIRE(opened.error().message.find(said) != std::string::npos);
  }
}
