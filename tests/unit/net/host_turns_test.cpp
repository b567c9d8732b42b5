// Who may fetch from which host when.
#include "net/host_turns.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "base/tasks.hpp"
#include "support/manual_clock.hpp"

using namespace crier;
using namespace crier::test;
using namespace std::chrono_literals;

namespace asio = boost::asio;

namespace {

struct Crowd {
  explicit Crowd(TurnLimits limits = {}) : turns(loop.get_executor(), clock, limits) {}
  ~Crowd() {
    tasks.stop();
    settle();
  }

  void settle() {
    loop.restart();
    loop.poll();
  }
  void advance(Duration by) {
    clock.advance(by);
    settle();
  }
  void ask(std::string host) { tasks.start(host, fetch(host)); }

  // A fetch that takes a second.
  asio::awaitable<void> fetch(std::string host) {
    const auto turn = co_await turns.take(host);
    running += host;
    co_await clock.sleep_until(clock.now() + 1s);
    running.erase(running.find(host), host.size());
    ++done;
  }

  asio::io_context loop;
  ManualClock clock{Time(1h)};
  HostTurns turns;
  std::string running;
  int done = 0;
  TaskGroup tasks{loop.get_executor(), [](const std::string&, const std::string& what) { FAIL(what); }};
};

}  // namespace

TEST_CASE("one fetch at a time from a host, a pause between two, others at once") {
  Crowd crowd({.at_once = 32, .between = 500ms});
  for (int i = 0; i < 3; ++i) crowd.ask("a");
  crowd.ask("b");
  crowd.settle();
  CHECK(crowd.running == "ab");
  crowd.advance(1s);
  CHECK(crowd.running.empty());  // both have ended, and "a" pauses
  CHECK(crowd.done == 2);
  crowd.advance(499ms);
  CHECK(crowd.running.empty());
  crowd.advance(1ms);
  CHECK(crowd.running == "a");
  crowd.advance(1s);
  crowd.advance(500ms);
  CHECK(crowd.running == "a");
  crowd.advance(1s);
  CHECK(crowd.done == 4);
}

TEST_CASE("there is a bound over all hosts, and all get their turn") {
  Crowd crowd({.at_once = 2, .between = 0ms});
  for (int i = 0; i < 100; ++i) crowd.ask("host " + std::to_string(i) + "; ");
  for (int i = 1; i <= 50; ++i) {
    crowd.settle();
    crowd.advance(1s);
    REQUIRE(crowd.done == 2 * i);
  }
}

TEST_CASE("who is cancelled leaves its turn to the next") {
  Crowd crowd;
  {
    TaskGroup given_up(crowd.loop.get_executor(), [](const std::string&, const std::string&) {});
    given_up.start("a", crowd.fetch("a"));
    given_up.start("a", crowd.fetch("a"));
    crowd.settle();
    crowd.ask("a");
    crowd.settle();
    given_up.stop();
    crowd.settle();
    REQUIRE(given_up.running() == 0);
  }
  crowd.running.clear();
  crowd.advance(500ms);
  CHECK(crowd.running == "a");
}

TEST_CASE("a clock that is set back does not stop the fetching") {
  Crowd crowd;
  crowd.ask("a");
  crowd.settle();
  crowd.advance(1s);
  crowd.clock.advance(-24h);
  crowd.ask("a");
  crowd.settle();
  CHECK(crowd.running == "a");
}
