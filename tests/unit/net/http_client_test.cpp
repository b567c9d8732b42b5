#include "net/http_client.hpp"

#include <fstream>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/system/system_error.hpp>
#include <catch2/catch.hpp>

#include "net/resolver.hpp"
#include "support/closed_port.hpp"
#include "support/fake_http_server.hpp"
#include "support/fake_smtp_server.hpp"
#include "support/run_loop.hpp"
#include "support/silent_port.hpp"
#include "support/temp_folder.hpp"

using namespace crier;
using namespace crier::test;
using namespace std::chrono_literals;
using Then = FakeHttpAnswer::Then;
using Kind = HttpFailure::Kind;

namespace {

using Answer = Result<HttpResponse, HttpFailure>;

struct Bench {
  explicit Bench(std::deque<FakeHttpAnswer> answers,
                 AddressRules rules = {.allow_http = true, .allow = {"127.0.0.1"}})
      : server(loop, std::move(answers)),
        resolver(loop.get_executor()),
        client(loop.get_executor(), resolver, {.guard = AddressGuard::create(rules).value(), .ca_file = {}}) {
  }

  Answer send(HttpRequest request) {
    if (request.url.empty()) request.url = server.url("/hook?key=a%20b&c");
    return run_loop(loop, client.send(std::move(request)));
  }

  HttpFailure fail(HttpRequest request) {
    auto answer = send(std::move(request));
    REQUIRE_FALSE(answer);
    return answer.error();
  }

  boost::asio::io_context loop;
  FakeHttpServer server;
  Resolver resolver;
  HttpClient client;
};

HttpRequest post(std::string body = "{}") {
  HttpRequest request;
  request.method = "POST";
  request.headers = {{"Content-Type", "application/json"}, {"X-One", "1"}};
  request.body = std::move(body);
  return request;
}

}  // namespace

TEST_CASE("a request goes out byte for byte and its answer comes back") {
  Bench bench({http_answer(202, "taken", "X-Two: 2 \r\nRetry-After: 7\r\n")});
  const auto answer = bench.send(post("{\"a\":1}")).value();
  REQUIRE(answer.status == 202);
  REQUIRE(answer.body == "taken");
  REQUIRE(answer.header("x-two") == "2");
  REQUIRE(answer.header("retry-after") == "7");
  REQUIRE_FALSE(answer.header("x-three"));
  const auto& request = bench.server.requests().at(0);
  REQUIRE(request.starts_with("POST /hook?key=a%20b&c HTTP/1.1\r\n"));
  REQUIRE(request.find("Host: 127.0.0.1:" + std::to_string(bench.server.port()) + "\r\n") !=
          std::string::npos);
  REQUIRE(request.find("Content-Type: application/json\r\n") != std::string::npos);
  REQUIRE(request.find("X-One: 1\r\n") != std::string::npos);
  REQUIRE(request.find("Expect:") == std::string::npos);
  REQUIRE(request.ends_with("\r\n\r\n{\"a\":1}"));
}

TEST_CASE("a path is sent as it is written, dots and all") {
  Bench bench({http_answer(200)});
  auto request = post();
  request.url = bench.server.url("/a/../b//./c?d");
  REQUIRE(bench.send(std::move(request)));
  REQUIRE(bench.server.requests().at(0).starts_with("POST /a/../b//./c?d HTTP/1.1\r\n"));
}

TEST_CASE("GET, HEAD and other methods are sent as they are named") {
  Bench bench({http_answer(200), {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"}, http_answer(204)});
  REQUIRE(bench.send({}).value().status == 200);
  REQUIRE(bench.send({.method = "HEAD", .url = {}, .headers = {}, .body = {}}).value().status == 200);
  REQUIRE(bench.send({.method = "DELETE", .url = {}, .headers = {}, .body = {}}).value().status == 204);
  REQUIRE(bench.server.requests().at(0).starts_with("GET "));
  REQUIRE(bench.server.requests().at(1).starts_with("HEAD "));
  REQUIRE(bench.server.requests().at(2).starts_with("DELETE "));
}

TEST_CASE("connections are kept alive and used again") {
  Bench bench({http_answer(200, "ok")});
  for (int i = 0; i < 5; ++i) REQUIRE(bench.send(post()).value().body == "ok");
  REQUIRE(bench.server.requests().size() == 5);
  REQUIRE(bench.server.connections() == 1);
}

TEST_CASE("a redirect is an answer, not an order") {
  Bench bench({http_answer(302, "", "Location: http://169.254.169.254/latest/meta-data\r\n")});
  const auto answer = bench.send(post()).value();
  REQUIRE(answer.status == 302);
  REQUIRE(bench.server.requests().size() == 1);
}

TEST_CASE("an endless body is cut at the limit") {
  Bench bench({{"HTTP/1.1 200 OK\r\n\r\n", Then::endless}});
  auto request = post();
  request.max_response_bytes = 1000;
  const auto answer = bench.send(std::move(request)).value();
  REQUIRE(answer.status == 200);
  REQUIRE(answer.truncated);
  REQUIRE(answer.body.size() == 1000);
}

TEST_CASE("an endless head is refused") {
  Bench bench({{"HTTP/1.1 200 OK\r\nX: ", Then::endless}});
  REQUIRE(bench.fail(post()).kind == Kind::lost);
}

TEST_CASE("slow answers end at the time limit, however they drip") {
  for (const auto then : {Then::hang, Then::drip}) {
    bool answered = false;
    // A busy machine may need more than the first limit to say anything at all.
    for (auto limit = 100ms; limit < loop_bound; limit *= 2) {
      Bench bench({{"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", then}});
      auto request = post();
      request.total_timeout = limit;
      const auto failure = bench.fail(std::move(request));
      REQUIRE(failure.kind == Kind::timed_out);
      answered = !bench.server.requests().empty();
      if (!answered) continue;
      REQUIRE(failure.request_sent);
      break;
    }
    REQUIRE(answered);
  }
}

TEST_CASE("a connection that breaks after the request may have done its work") {
  for (const auto then : {Then::close, Then::reset}) {
    Bench bench({{"", then}});
    const auto failure = bench.fail(post());
    REQUIRE(failure.kind == Kind::lost);
    REQUIRE(failure.request_sent);
    REQUIRE(bench.server.requests().size() == 1);
  }
}

TEST_CASE("a request is not silently repeated when a kept-alive connection dies under it") {
  Bench bench({http_answer(200), {"", Then::close}, http_answer(200)});
  REQUIRE(bench.send(post()));
  const auto failure = bench.fail(post("second"));
  REQUIRE(failure.request_sent);
  REQUIRE(bench.server.requests().size() == 2);
}

TEST_CASE("garbage instead of HTTP is a failure") {
  Bench bench({{"220 mail.example ESMTP\r\n", Then::close}});
  REQUIRE(bench.fail(post()).kind == Kind::lost);
}

TEST_CASE("a refused connection was not sent") {
  Bench bench({http_answer(200)});
  const ClosedPort closed(bench.loop);
  auto request = post();
  request.url = "http://127.0.0.1:" + std::to_string(closed.port()) + "/secret-path";
  const auto failure = bench.fail(std::move(request));
  REQUIRE(failure.kind == Kind::unreachable);
  REQUIRE_FALSE(failure.request_sent);
  REQUIRE(failure.message.find("secret-path") == std::string::npos);
}

TEST_CASE("a connection that was never made leaves nothing behind") {
  Bench bench({http_answer(200)});
  const SilentPort silent(bench.loop);
  for (int i = 0; i < 3; ++i) {
    auto request = post();
    request.url = "http://127.0.0.1:" + std::to_string(silent.port()) + "/";
    request.connect_timeout = 50ms;
    REQUIRE(bench.fail(std::move(request)).kind == Kind::timed_out);
    // By a socket with the number of the one that was given up.
    REQUIRE(bench.send(post()).value().status == 200);
  }
}

TEST_CASE("a private address is refused before anything is connected") {
  Bench bench({http_answer(200)}, {.allow_http = true});
  REQUIRE(bench.fail(post()).kind == Kind::forbidden);
  auto by_name = post();
  by_name.url = "http://localhost:" + std::to_string(bench.server.port()) + "/";
  REQUIRE(bench.fail(std::move(by_name)).kind == Kind::forbidden);
  REQUIRE(bench.server.connections() == 0);
}

TEST_CASE("a name is resolved by us and reached at the address that was checked") {
  Bench bench({http_answer(200)}, {.allow_http = true, .allow = {"localhost"}});
  auto request = post();
  request.url = "http://LocalHost:" + std::to_string(bench.server.port()) + "/";
  REQUIRE(bench.send(std::move(request)).value().status == 200);
}

TEST_CASE("a certificate must be for the name in the URL") {
  // The peer speaks TLS and then no HTTP: that one gets as far as being misunderstood is the point.
  for (const auto& [name, kind] : {std::pair{"localhost", Kind::lost}, {"elsewhere.example", Kind::tls}}) {
    CAPTURE(name);
    const TempFolder folder;
    const auto certificate = make_certificate(name);
    std::ofstream(folder.path() / "ca.pem") << certificate.certificate_pem;
    boost::asio::io_context loop;
    FakeSmtpScript script;
    script.certificate = certificate;
    script.implicit_tls = true;
    const FakeSmtpServer server(loop, script);
    Resolver resolver(loop.get_executor());
    HttpClient client(loop.get_executor(), resolver,
                      {.guard = AddressGuard::create({.allow = {"localhost"}}).value(),
                       .ca_file = folder.path() / "ca.pem"});
    auto request = post();
    request.url = "https://localhost:" + std::to_string(server.port()) + "/";
    const auto answer = run_loop(loop, client.send(std::move(request)));
    REQUIRE_FALSE(answer);
    CAPTURE(answer.error().message);
    REQUIRE(answer.error().kind == kind);
    REQUIRE(answer.error().request_sent == (kind == Kind::lost));
  }
}

TEST_CASE("malformed requests are refused before anything is resolved") {
  Bench bench({http_answer(200)});
  auto injected = post();
  injected.headers = {{"X-Title", "a\r\nX-Evil: 1"}};
  REQUIRE(bench.fail(injected).kind == Kind::bad_request);
  injected.headers = {{"X Title", "a"}};
  REQUIRE(bench.fail(injected).kind == Kind::bad_request);
  auto method = post();
  method.method = "GET / HTTP/1.1\r\n";
  REQUIRE(bench.fail(method).kind == Kind::bad_request);
  auto url = post();
  url.url = "gopher://127.0.0.1/";
  REQUIRE(bench.fail(url).kind == Kind::bad_request);
  REQUIRE(bench.server.connections() == 0);
}

TEST_CASE("an unknown name is a value, and an answer that comes too late is none") {
  Bench bench({http_answer(200)}, {.allow_http = true});
  auto request = post();
  request.url = "http://no-such-name.invalid/";
  REQUIRE(bench.fail(request).kind == Kind::unresolved);
}

TEST_CASE("a cancelled request lets go of its connection") {
  Bench bench({{"", Then::hang}});
  boost::asio::cancellation_signal cancel;
  auto request = post();
  request.url = bench.server.url();
  std::optional<Answer> answer;
  std::exception_ptr ended;
  boost::asio::co_spawn(bench.loop, keep(bench.client.send(std::move(request)), answer),
                        boost::asio::bind_cancellation_slot(
                            cancel.slot(), [&](std::exception_ptr failure) { ended = failure; }));
  run_until(bench.loop, [&] { return !bench.server.requests().empty(); });
  cancel.emit(boost::asio::cancellation_type::terminal);
  run_until(bench.loop, [&] { return ended != nullptr; });
  REQUIRE_THROWS_AS(std::rethrow_exception(ended), boost::system::system_error);
  REQUIRE_FALSE(answer);
}

TEST_CASE("many requests at once share a bounded number of connections") {
  Bench bench({http_answer(200, "ok")});
  std::vector<std::optional<Answer>> answers(100);
  std::size_t ended = 0;
  for (auto& answer : answers) {
    auto request = post(std::string(1000, 'b'));
    request.url = bench.server.url();
    boost::asio::co_spawn(bench.loop, keep(bench.client.send(std::move(request)), answer),
                          [&](std::exception_ptr) { ++ended; });
  }
  run_until(bench.loop, [&] { return ended == answers.size(); });
  for (const auto& answer : answers) REQUIRE(answer.value().value().status == 200);
  REQUIRE(bench.server.connections() <= 8);
}

TEST_CASE("a request takes nothing over from the one before it") {
  Bench bench({http_answer(200), {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"}, http_answer(200)});
  auto patched = post("patched");
  patched.method = "PATCH";
  patched.may_repeat = true;
  patched.accept_compressed = true;
  patched.headers.emplace_back("User-Agent", "another");
  REQUIRE(bench.send(std::move(patched)).value().status == 200);
  REQUIRE(bench.send({.method = "HEAD", .url = {}, .headers = {}, .body = {}}).value().status == 200);
  REQUIRE(bench.send({}).value().status == 200);
  REQUIRE(bench.send(post("")).value().status == 200);
  const auto& requests = bench.server.requests();
  REQUIRE(requests.at(0).starts_with("PATCH "));
  REQUIRE(requests.at(0).find("User-Agent: another\r\n") != std::string::npos);
  REQUIRE(requests.at(1).starts_with("HEAD "));
  REQUIRE(requests.at(2).starts_with("GET "));
  REQUIRE(requests.at(3).starts_with("POST "));
  REQUIRE(requests.at(3).find("Content-Length: 0\r\n") != std::string::npos);
  for (std::size_t i = 1; i < requests.size(); ++i) {
    REQUIRE(requests[i].find("patched") == std::string::npos);
    REQUIRE(requests[i].find("Accept-Encoding") == std::string::npos);
    REQUIRE(requests[i].find("User-Agent: crier/") != std::string::npos);
  }
}

TEST_CASE("a stop gives up at once what the other side cannot have, and whatever comes after it") {
  Bench bench({{"", Then::hang}});
  const SilentPort silent(bench.loop);
  Resolver unanswered(bench.loop.get_executor(), {.threads = 0});
  HttpClient by_name(bench.loop.get_executor(), unanswered,
                     {.guard = AddressGuard::create({}).value(), .ca_file = {}});
  std::vector<std::optional<Answer>> answers(3);
  std::size_t ended = 0;
  const auto begin = [&](HttpClient& client, const std::string& url) {
    auto request = post();
    request.url = url;
    request.connect_timeout = request.total_timeout = loop_bound;
    auto& answer = answers.at(ended++);
    boost::asio::co_spawn(bench.loop, keep(client.send(std::move(request)), answer),
                          [&](std::exception_ptr) { --ended; });
  };
  begin(bench.client, "http://127.0.0.1:" + std::to_string(silent.port()) + "/");
  begin(bench.client, "https://127.0.0.1:" + std::to_string(bench.server.port()) + "/");  // it says no hello
  begin(by_name, "https://reader.example.org/");
  run_until(bench.loop, [&] { return bench.server.connections() == 1; });
  bench.client.wind_up(loop_bound);
  by_name.wind_up(loop_bound);
  run_until(bench.loop, [&] { return ended == 0; });
  for (const auto& answer : answers) {
    REQUIRE(answer.value().error().kind == Kind::stopping);
    REQUIRE_FALSE(answer.value().error().request_sent);
  }
  REQUIRE(bench.fail(post()).kind == Kind::stopping);
  REQUIRE(bench.server.requests().empty());
}

TEST_CASE("a stop gives up what was only begun, though it may be repeated and the one before it was sent") {
  Bench bench({http_answer(200)});
  auto request = post();
  request.may_repeat = true;
  request.url = bench.server.url();
  auto next = request;
  REQUIRE(bench.send(std::move(request)));
  std::optional<Answer> answer;
  boost::asio::co_spawn(bench.loop, keep(bench.client.send(std::move(next)), answer),
                        [](std::exception_ptr) {});
  bench.loop.restart();
  bench.loop.run_one();
  bench.client.wind_up(loop_bound);
  run_until(bench.loop, [&] { return answer.has_value(); });
  REQUIRE(answer->error().kind == Kind::stopping);
  REQUIRE_FALSE(answer->error().request_sent);
  REQUIRE(bench.server.requests().size() == 1);
}

TEST_CASE("a stop waits for the answer to what is sent, but not for ever") {
  Bench slow({{"HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n", Then::drip}});
  std::optional<Answer> answer;
  auto request = post();
  request.url = slow.server.url();
  boost::asio::co_spawn(slow.loop, keep(slow.client.send(std::move(request)), answer),
                        [](std::exception_ptr) {});
  run_until(slow.loop, [&] { return slow.server.requests().size() == 1; });
  slow.client.wind_up(loop_bound);
  run_until(slow.loop, [&] { return answer.has_value(); });
  REQUIRE(answer->value().status == 200);

  Bench silent({{"", Then::hang}});
  std::optional<Answer> none;
  request = post();
  request.may_repeat = true;
  request.url = silent.server.url();
  request.total_timeout = loop_bound;
  boost::asio::co_spawn(silent.loop, keep(silent.client.send(std::move(request)), none),
                        [](std::exception_ptr) {});
  run_until(silent.loop, [&] { return silent.server.requests().size() == 1; });
  silent.client.wind_up(100ms);
  run_until(silent.loop, [&] { return none.has_value(); });
  REQUIRE(none->error().kind == Kind::stopping);
  REQUIRE(none->error().request_sent);
}
