// Bell, TaskGroup and Workers: who waits is woken, who is stopped ends, who works gives back what it made.
#include "base/tasks.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <future>
#include <string>
#include <thread>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <catch2/catch.hpp>

#include "base/bell.hpp"
#include "base/finally.hpp"
#include "base/workers.hpp"
#include "support/manual_clock.hpp"
#include "support/run_loop.hpp"
#include "support/worker_gate.hpp"

using namespace crier;
using namespace crier::test;
using namespace std::chrono_literals;

namespace {

namespace asio = boost::asio;

asio::awaitable<void> wait_forever() {
  asio::steady_timer timer(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
  co_await timer.async_wait(asio::use_awaitable);
}

asio::awaitable<void> wait_and_count(int& ended) {
  const Finally count([&ended] { ++ended; });
  co_await wait_forever();
}

asio::awaitable<void> throw_at_once() {
  throw std::runtime_error("the disk is gone");
  co_return;
}

asio::awaitable<void> wait_for_bell(Bell& bell, int& woken) {
  co_await bell.wait();
  ++woken;
}

asio::awaitable<void> wait_until(Bell& bell, Clock& clock, Time time, int& woken) {
  co_await bell.wait_until(clock, time);
  ++woken;
}

struct Group {
  asio::io_context loop{1};
  std::vector<std::string> failures;
  TaskGroup tasks{loop.get_executor(), [this](const std::string& task, const std::string& what) {
                    failures.push_back(task + ": " + what);
                  }};

  void stop_and_join() {
    tasks.stop();
    run_loop(loop, tasks.join());
  }
};

}  // namespace

TEST_CASE("stop ends every task, and join returns when they have ended") {
  Group group;
  int ended = 0;
  for (int i = 0; i < 20; ++i) group.tasks.start("waiting", wait_and_count(ended));
  group.loop.poll();
  CHECK(group.tasks.running() == 20);
  CHECK(ended == 0);
  group.stop_and_join();
  CHECK(ended == 20);
  CHECK(group.tasks.running() == 0);
  CHECK(group.failures.empty());  // being cancelled is no failure
}

TEST_CASE("a task that throws is reported by name and leaves the others alone") {
  Group group;
  int ended = 0;
  group.tasks.start("waiting", wait_and_count(ended));
  group.tasks.start("writer", throw_at_once());
  group.loop.poll();
  CHECK(group.failures == std::vector<std::string>{"writer: the disk is gone"});
  CHECK(group.tasks.running() == 1);
  CHECK(ended == 0);
  group.stop_and_join();
}

TEST_CASE("a task that is started after stop never runs") {
  Group group;
  group.tasks.stop();
  group.tasks.start("late", throw_at_once());
  group.loop.poll();
  CHECK(group.tasks.running() == 0);
  CHECK(group.failures.empty());
  run_loop(group.loop, group.tasks.join());
}

TEST_CASE("a loop that is destroyed under its tasks leaks nothing") {
  int ended = 0;
  {
    asio::io_context loop{1};
    TaskGroup tasks(loop.get_executor(), [](const std::string&, const std::string&) {});
    tasks.start("waiting", wait_and_count(ended));
    loop.poll();
  }
  CHECK(ended == 1);
}

TEST_CASE("a ring wakes everybody who waits, and nobody who comes later") {
  Group group;
  Bell bell(group.loop.get_executor());
  int woken = 0;
  bell.ring();
  group.tasks.start("a", wait_for_bell(bell, woken));
  group.tasks.start("b", wait_for_bell(bell, woken));
  group.loop.poll();
  CHECK(woken == 0);
  bell.ring();
  group.loop.poll();
  CHECK(woken == 2);
  group.tasks.start("c", wait_for_bell(bell, woken));
  group.loop.poll();
  CHECK(woken == 2);
  group.stop_and_join();
  CHECK(woken == 2);
  CHECK(group.failures.empty());
}

TEST_CASE("waiting with a time ends by whichever comes first, or by a stop") {
  Group group;
  Bell bell(group.loop.get_executor());
  ManualClock clock(Time{1h});
  int woken = 0;
  group.tasks.start("a", wait_until(bell, clock, Time{2h}, woken));
  group.loop.poll();
  SECTION("the bell") {
    bell.ring();
    group.loop.poll();
    CHECK(woken == 1);
    clock.advance(2h);
    group.loop.poll();
    CHECK(woken == 1);
  }
  SECTION("the clock") {
    clock.advance(59min);
    group.loop.poll();
    CHECK(woken == 0);
    clock.advance(1min);
    group.loop.poll();
    CHECK(woken == 1);
  }
  SECTION("a time that has passed") {
    group.tasks.start("b", wait_until(bell, clock, Time{}, woken));
    group.loop.poll();
    CHECK(woken == 1);
  }
  group.stop_and_join();
  CHECK(group.failures.empty());
  CHECK(woken <= 1);
}

TEST_CASE("a worker's value comes back to the loop's thread") {
  asio::io_context loop{1};
  Workers workers(2);
  const auto here = std::this_thread::get_id();
  const auto work = [](Workers& pool, std::thread::id caller) -> asio::awaitable<bool> {
    const auto there = co_await pool.run([] { return std::this_thread::get_id(); });
    co_return there != caller&& std::this_thread::get_id() == caller;
  };
  CHECK(run_loop(loop, work(workers, here)));
}

TEST_CASE("what a job throws reaches the caller, and the worker goes on") {
  asio::io_context loop{1};
  Workers workers(1);
  const auto fail = [](Workers& pool) -> asio::awaitable<int> {
    co_return co_await pool.run([]() -> int { throw std::runtime_error("bad template"); });
  };
  const auto succeed = [](Workers& pool) -> asio::awaitable<int> {
    co_return co_await pool.run([] { return 7; });
  };
  CHECK_THROWS_WITH(run_loop(loop, fail(workers)), "bad template");
  CHECK(run_loop(loop, succeed(workers)) == 7);
}

TEST_CASE("many jobs at once, each with the caller's own variables") {
  Group group;
  Workers workers(3);
  std::vector<int> results(200, -1);
  const auto square = [](Workers& pool, int number, int& result) -> asio::awaitable<void> {
    result = co_await pool.run([&number] { return number * number; });
  };
  for (int i = 0; i < 200; ++i)
    group.tasks.start("square", square(workers, i, results[static_cast<std::size_t>(i)]));
  run_loop(group.loop, group.tasks.join());
  for (int i = 0; i < 200; ++i) CHECK(results[static_cast<std::size_t>(i)] == i * i);
}

namespace {

// Runs `count` jobs that write down a name.
asio::awaitable<void> note_each(Workers& pool, std::string& notes, char name, std::size_t count,
                                Urgency urgency) {
  co_await pool.run_each(
      count, [&](std::size_t) { notes += name; }, urgency);
}

}  // namespace

TEST_CASE("what is urgent is next, whatever waits, and what waits goes on meanwhile") {
  Group group;
  Workers workers(1);
  WorkerGate gate;
  std::string notes;  // of the only worker
  group.tasks.start("held", gate.hold(workers));
  group.loop.poll();
  gate.wait_until_closed();
  SECTION("a few") {
    group.tasks.start("a", note_each(workers, notes, 'a', 3, Urgency::usual));
    group.tasks.start("b", note_each(workers, notes, 'b', 2, Urgency::usual));
    group.tasks.start("u", note_each(workers, notes, 'u', 2, Urgency::urgent));
    group.tasks.start("v", note_each(workers, notes, 'v', 1, Urgency::urgent));
    group.loop.poll();
    gate.open();
    run_loop(group.loop, group.tasks.join());
    CHECK(notes == "uuvaaabb");
  }
  SECTION("many") {
    group.tasks.start("a", note_each(workers, notes, 'a', 3, Urgency::usual));
    group.tasks.start("u", note_each(workers, notes, 'u', 40, Urgency::urgent));
    group.loop.poll();
    gate.open();
    run_loop(group.loop, group.tasks.join());
    CHECK(notes == std::string(15, 'u') + 'a' + std::string(15, 'u') + 'a' + std::string(10, 'u') + 'a');
  }
  CHECK(group.failures.empty());
}

TEST_CASE("workers share the jobs of one caller, who goes on when all have ended") {
  asio::io_context loop{1};
  Workers workers(2);
  std::array<std::atomic<int>, 50> runs{};
  // Each of the first two waits for the other: one worker alone would never end.
  std::barrier together(2);
  const auto share = [&](Workers& pool) -> asio::awaitable<void> {
    co_await pool.run_each(runs.size(), [&](std::size_t i) {
      ++runs[i];
      if (i < 2) together.arrive_and_wait();
    });
  };
  run_loop(loop, share(workers));
  CHECK(std::ranges::all_of(runs, [](const auto& count) { return count == 1; }));
  run_loop(loop, workers.run_each(0, [](std::size_t) {}));
  std::atomic<int> ended{0};
  const auto fail = [&](Workers& pool) -> asio::awaitable<void> {
    co_await pool.run_each(9, [&](std::size_t i) {
      ++ended;
      if (i == 3) throw std::runtime_error("no such key");
    });
  };
  CHECK_THROWS_WITH(run_loop(loop, fail(workers)), "no such key");
  CHECK(ended == 9);
}
