// One question to a feed's server, against a server that answers as it likes.
#include "app/feed_fetch.hpp"

#include <catch2/catch.hpp>
#include <fmt/core.h>

#include "base/encoding.hpp"
#include "net/host_turns.hpp"
#include "net/http_client.hpp"
#include "net/resolver.hpp"
#include "support/fake_http_server.hpp"
#include "support/manual_clock.hpp"
#include "support/run_loop.hpp"

using namespace crier;
using namespace crier::test;
using namespace std::chrono_literals;
using Kind = FeedAnswer::Kind;

namespace {

struct Bench {
  explicit Bench(std::deque<FakeHttpAnswer> answers,
                 AddressRules rules = {.allow_http = true, .allow = {"127.0.0.1"}})
      : server(loop, std::move(answers)),
        resolver(loop.get_executor()),
        client(loop.get_executor(), resolver, {.guard = AddressGuard::create(rules).value(), .ca_file = {}}),
        turns(loop.get_executor(), clock, {.at_once = 4, .between = 0ms}) {}

  FeedAnswer ask(FeedValidators validators = {}) {
    return run_loop(loop, fetch_feed(client, turns, clock,
                                     {.url = server.url("/feed"),
                                      .validators = std::move(validators),
                                      .user_agent = user_agent("https://courier.example.org")}));
  }
  bool was_said(std::size_t request, const std::string& header) const {
    return server.requests().at(request).find(header + "\r\n") != std::string::npos;
  }

  boost::asio::io_context loop;
  ManualClock clock{parse_rfc3339("2026-11-23T12:00:00Z").value()};
  FakeHttpServer server;
  Resolver resolver;
  HttpClient client;
  HostTurns turns;
};

// 100,000 times "x", compressed by gzip.
constexpr std::string_view much =
    "H4sIAAAAAAACA+3BMQEAAADCoNqLbw0PoAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIBXA3ERB/6ghgEA";

// 64 MB of spaces, compressed by gzip twice.
constexpr std::string_view too_much =
    "H4sIAAAAAAACA+3coU5CcRTA4atcNqebQHAGg7f6BhQGGMgGzc4HMJqFMZPZ+QQEHsCN5mx2gtp4AJJjJN3Vex/jf74vnXzi"
    "2dnv9HEvq+w21m+TahgXT79nx/P9DAAAAEjc+Gva2KmGovwYXVwBAAAAqbtpHeb1UeDn+mRoHQAAAJC8h163XX8IfN/f5tYB"
    "AAAAyTvargb1LeC9fOlc2gcAAAAk71MwAAAAAEIRDAAAAIBYBAMAAAAgFsEAAAAACEYwAAAAAGIRDAAAAIBYBAMAAAAgFsEA"
    "AAAACEYwAAAAAGIRDAAAAIBYZr1uUT0GtDflXf+8mQEAABDJ4mC9fH3+H/I/cvMIyuP+AAA=";

FakeHttpAnswer compressed(std::string_view base64, const std::string& encoding) {
  return http_answer(200, from_base64(base64).value(), "Content-Encoding: " + encoding + "\r\n");
}

FakeHttpAnswer redirect(int status, const std::string& to) {
  return http_answer(status, "", "Location: " + to + "\r\n");
}

}  // namespace

TEST_CASE("a feed comes with what it is recognised by, and is asked for with it") {
  Bench bench({http_answer(200, "<rss/>",
                           "ETag: W/\"a, b\"\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                           "Content-Type: text/xml\r\nCache-Control: max-age=60\r\n"),
               http_answer(304, "", "Cache-Control: max-age=90\r\n")});
  const auto first = bench.ask();
  REQUIRE(first.kind == Kind::content);
  CHECK(first.body == "<rss/>");
  CHECK(first.fresh_for == 1min);
  CHECK(header_value(first.headers, "content-type") == "text/xml");
  CHECK(first.moved_to.empty());
  CHECK(bench.was_said(0, fmt::format("User-Agent: crier/{} (+https://courier.example.org)", CRIER_VERSION)));
  CHECK_FALSE(bench.was_said(0, "If-None-Match: W/\"a, b\""));

  const auto second = bench.ask(FeedValidators{first.url, std::string(header_value(first.headers, "etag")),
                                               std::string(header_value(first.headers, "last-modified"))});
  CHECK(second.kind == Kind::unchanged);
  CHECK(second.fresh_for == 90s);
  CHECK(bench.was_said(1, "If-None-Match: W/\"a, b\""));
  CHECK(bench.was_said(1, "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT"));
}

TEST_CASE("304 to a question without validators is no answer") {
  Bench bench({http_answer(304)});
  CHECK(bench.ask().kind == Kind::failed);
  CHECK(bench.ask({"https://elsewhere.example/", "\"x\"", ""}).kind == Kind::failed);
}

TEST_CASE("a compressed feed is inflated") {
  Bench bench({compressed(much, "gzip")});
  const auto answer = bench.ask();
  REQUIRE(answer.kind == Kind::content);
  CHECK(answer.body == std::string(100'000, 'x'));
  CHECK(bench.server.requests().at(0).find("Accept-Encoding: ") != std::string::npos);
  CHECK(bench.server.requests().at(0).find("gzip") != std::string::npos);
}

TEST_CASE("what inflates to more than the limit is refused, and so is what is no compressed data") {
  Bench bench(
      {compressed(too_much, "gzip, gzip"), http_answer(200, "plain", "Content-Encoding: gzip\r\n"),
       http_answer(200, "x", "Content-Encoding: gzip, gzip, gzip, gzip, gzip, gzip, gzip, gzip\r\n")});
  const auto bomb = bench.ask();
  CHECK(bomb.kind == Kind::failed);
  CHECK(bomb.failure == "more than 16 MB");
  CHECK(bomb.body.empty());
  CHECK(bench.ask().kind == Kind::failed);
  CHECK(bench.ask().kind == Kind::failed);
}

TEST_CASE("permanent redirects tell where the feed lives, up to the first that is not") {
  Bench bench({redirect(301, "/new"), redirect(308, "newer"), redirect(302, "/today#top"),
               redirect(301, "/other"), http_answer(200, "<rss/>")});
  const auto answer = bench.ask();
  REQUIRE(answer.kind == Kind::content);
  CHECK(answer.url == bench.server.url("/other"));
  CHECK(answer.moved_to == bench.server.url("/newer"));
  CHECK(bench.server.requests().at(3).starts_with("GET /today HTTP"));
}

TEST_CASE("each redirect is checked as if it had been asked for") {
  for (const auto* target : {"http://169.254.169.254/latest/meta-data", "http://[::1]/",
                             "http://10.0.0.1/feed", "http://127.0.0.2/", "ftp://127.0.0.1/",
                             "file:///etc/passwd", "http://a:b@127.0.0.1/", "http://0x7f.1/", ""}) {
    CAPTURE(target);
    Bench bench({redirect(301, target)});
    const auto answer = bench.ask();
    CHECK(answer.kind == Kind::failed);
    CHECK_FALSE(answer.failure.empty());
    CHECK(bench.server.requests().size() == 1);
  }
}

TEST_CASE("redirects that never end are left") {
  Bench bench({redirect(302, "/feed")});
  const auto answer = bench.ask();
  CHECK(answer.kind == Kind::failed);
  CHECK(answer.failure == "more than 5 redirects");
  CHECK(bench.server.requests().size() == 6);
}

TEST_CASE("a feed that is gone says so where it lives; behind a detour it has failed") {
  CHECK(Bench({http_answer(410)}).ask().kind == Kind::gone);
  CHECK(Bench({redirect(301, "/new"), http_answer(410)}).ask().kind == Kind::gone);
  CHECK(Bench({redirect(302, "/new"), http_answer(410)}).ask().kind == Kind::failed);
}

TEST_CASE("other answers are failures, which may say how long to wait") {
  Bench bench({http_answer(503, "", "Retry-After: 120\r\n"), http_answer(404), http_answer(204)});
  const auto busy = bench.ask();
  CHECK(busy.kind == Kind::failed);
  CHECK(busy.failure == "http-503");
  CHECK(busy.retry_after == 2min);
  CHECK(bench.ask().failure == "http-404");
  CHECK(bench.ask().kind == Kind::failed);
}

TEST_CASE("a server that hangs up has failed") {
  Bench bench({{"", FakeHttpAnswer::Then::close}});
  CHECK(bench.ask().kind == Kind::failed);
}
