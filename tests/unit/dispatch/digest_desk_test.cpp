// The digest desk alone; what it publishes is in tests/flow.
#include "dispatch/digest_desk.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "base/tasks.hpp"
#include "base/workers.hpp"
#include "db/database.hpp"
#include "support/manual_clock.hpp"
#include "support/run_loop.hpp"
#include "support/sample_config.hpp"

using namespace crier;
using namespace crier::test;
using namespace std::chrono_literals;

namespace {

std::shared_ptr<const Newsroom> newsroom(std::string_view editions) {
  return std::make_shared<const Newsroom>(SampleConfig(editions).load().newsroom);
}

}  // namespace

TEST_CASE("an edition that a reload brings while the desk is at work is sent at its time") {
  const auto before = newsroom(R"(editions: {evening: {title: The Evening, at: "18:00", zone: UTC}})");
  const auto after = newsroom(R"(editions: {morning: {title: The Morning, at: "06:01", zone: UTC}})");
  const TempFolder folder;
  boost::asio::io_context loop{1};
  Database database(folder.path() / "crier.db");
  Workers workers(1);
  ManualClock clock(parse_rfc3339("2026-11-23T06:00:30Z").value());
  auto current = before;
  DigestDesk* ringing = nullptr;
  // The reload comes as soon as the desk has begun with the editions before it.
  const auto reload_behind_the_desk = [&] {
    if (ringing == nullptr) return current;
    current = after;
    std::exchange(ringing, nullptr)->reload();
    return before;
  };
  DigestDesk desk(loop.get_executor(), {database, workers, clock, reload_behind_the_desk, [] {}});
  ringing = &desk;
  TaskGroup tasks(loop.get_executor(), [](const std::string&, const std::string& what) { FAIL(what); });
  tasks.start("editions", desk.run());
  run_until(loop, [&] { return clock.sleeping() > 0; });
  clock.advance(30s);
  run_until(loop, [&] { return clock.sleeping() > 0; });
  const auto decided = run_loop(loop, database.run([](Sqlite& db) {
    auto row = db.query("SELECT nominal FROM occurrence WHERE edition = 'morning'");
    return row.step() ? std::string(row.text(0)) : std::string();
  }));
  CHECK(decided == "2026-11-23T06:01");
  tasks.stop();
  run_loop(loop, tasks.join());
}
