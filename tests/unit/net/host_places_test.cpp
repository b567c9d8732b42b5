// How many requests are with a host at once.
#include "net/host_places.hpp"

#include <list>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <catch2/catch.hpp>

#include "base/tasks.hpp"

using namespace crier;
using namespace std::chrono_literals;

namespace asio = boost::asio;

namespace {

struct Crowd {
  ~Crowd() {
    tasks.stop();
    loop.restart();
    loop.poll();
  }

  void ask(std::string host, Duration patience = 1h) { tasks.start(host, request(host, patience)); }
  void settle() {
    loop.restart();
    loop.poll();
  }
  // Ends the first of the requests that are under way.
  void answer() {
    gates.front()->cancel();
    gates.pop_front();
    settle();
  }

  asio::awaitable<void> request(std::string host, Duration patience) {
    const auto place = co_await places.take(host, patience);
    if (!place) {
      turned_away += host;
      co_return;
    }
    running += host;
    asio::steady_timer gate(loop, asio::steady_timer::time_point::max());
    gates.push_back(&gate);
    boost::system::error_code ended;
    co_await gate.async_wait(asio::redirect_error(asio::use_awaitable, ended));
    done += host;
  }

  asio::io_context loop;
  HostPlaces places{loop.get_executor(), {.in_all = 3, .with_one = 2}};
  std::string running;
  std::string done;
  std::string turned_away;
  std::list<asio::steady_timer*> gates;
  TaskGroup tasks{loop.get_executor(), [](const std::string&, const std::string& what) { FAIL(what); }};
};

}  // namespace

TEST_CASE("a host has so many requests at once, the others wait their turn, and other hosts do not") {
  Crowd crowd;
  for (int i = 0; i < 4; ++i) crowd.ask("a");
  crowd.ask("b");
  crowd.settle();
  CHECK(crowd.running == "aab");
  crowd.answer();
  CHECK(crowd.running == "aaba");
  crowd.answer();
  CHECK(crowd.running == "aabaa");
  CHECK(crowd.done == "aa");
  crowd.ask("a");
  crowd.settle();
  CHECK(crowd.running == "aabaa");  // its places were handed on, not doubled
}

TEST_CASE("who finds no place in time is told so, and takes none") {
  Crowd crowd;
  crowd.ask("a");
  crowd.ask("a");
  crowd.ask("a", Duration::zero());
  crowd.ask("a");
  crowd.settle();
  CHECK(crowd.turned_away == "a");
  crowd.answer();
  CHECK(crowd.running == "aaa");
  crowd.answer();
  crowd.answer();
  CHECK(crowd.done == "aaa");
}

TEST_CASE("there are no more in all than may be; a place goes to the first whose host has room") {
  Crowd crowd;
  for (const auto* host : {"a", "a", "b", "a", "c", "d"}) crowd.ask(host);
  crowd.settle();
  CHECK(crowd.running == "aab");
  crowd.answer();
  CHECK(crowd.running == "aaba");
  crowd.answer();  // the other a: there are two of them again with the next
  CHECK(crowd.running == "aabac");
  crowd.answer();  // b
  CHECK(crowd.running == "aabacd");
}
