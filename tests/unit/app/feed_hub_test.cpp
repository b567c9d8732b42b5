// A hub is asked for a lease, against a server that answers as it likes.
#include "app/feed_hub.hpp"

#include <catch2/catch.hpp>

#include "base/log.hpp"
#include "net/host_turns.hpp"
#include "net/http_client.hpp"
#include "net/resolver.hpp"
#include "story/parse.hpp"
#include "support/fake_http_server.hpp"
#include "support/manual_clock.hpp"
#include "support/run_loop.hpp"

using namespace crier;
using namespace crier::test;
using namespace std::chrono_literals;

namespace {

struct Bench {
  explicit Bench(std::deque<FakeHttpAnswer> answers)
      : server(loop, std::move(answers)),
        resolver(loop.get_executor()),
        client(loop.get_executor(), resolver,
               {.guard = AddressGuard::create({.allow_http = true, .allow = {"127.0.0.1"}}).value(),
                .ca_file = {}}),
        turns(loop.get_executor(), clock, {.at_once = 4, .between = 0ms}),
        hub(loop.get_executor(), clock, client, turns,
            {.source = "wire", .callback = "http://127.0.0.1/websub/", .insecure = true}) {
    log::set_level(log::Level::error);
    hub.note({server.url("/hub"), "http://127.0.0.1/feed"});
  }
  ~Bench() { log::set_level(log::Level::info); }

  void ask() { run_loop(loop, hub.ask("crier")); }

  boost::asio::io_context loop;
  ManualClock clock{parse_rfc3339("2026-11-23T12:00:00Z").value()};
  FakeHttpServer server;
  Resolver resolver;
  HttpClient client;
  HostTurns turns;
  FeedHub hub;
};

FakeHttpAnswer redirect(int status, const std::string& to) {
  return http_answer(status, "", "Location: " + to + "\r\n");
}

}  // namespace

TEST_CASE("a hub that has moved is asked where it is now, with the same question") {
  Bench bench({redirect(307, "/other"), redirect(308, "third?x=1"), http_answer(202, "")});
  bench.ask();
  const auto& asked = bench.server.requests();
  REQUIRE(asked.size() == 3);
  CHECK(asked[0].starts_with("POST /hub "));
  CHECK(asked[1].starts_with("POST /other "));
  CHECK(asked[2].starts_with("POST /third?x=1 "));
  const auto form = asked[0].substr(asked[0].find("\r\n\r\n"));
  CHECK(form.find("hub.mode=subscribe") != std::string::npos);
  CHECK(asked[2].ends_with(form));
}

TEST_CASE("redirects of a hub have an end, and other answers are none") {
  Bench around({redirect(307, "/hub")});
  around.ask();
  CHECK(around.server.requests().size() == 6);
  for (const auto& answer :
       {redirect(303, "/other"), http_answer(307, ""), redirect(307, "ftp://127.0.0.1/")}) {
    Bench bench({answer});
    bench.ask();
    CHECK(bench.server.requests().size() == 1);
  }
}
