// Lanes: what is urgent goes first, and what is not goes all the same.
#include "schedule/lane_turns.hpp"

#include <map>

#include <catch2/catch.hpp>

using namespace crier;

namespace {

LaneSet lanes(std::initializer_list<Lane> some) {
  LaneSet set;
  for (const auto lane : some) set.set(static_cast<std::size_t>(lane));
  return set;
}

}  // namespace

TEST_CASE("the most urgent lane has the turn, and the only one always") {
  LaneTurns turns;
  CHECK_FALSE(turns.next({}));
  CHECK(turns.next(all_lanes) == Lane::kill);
  CHECK(turns.next(lanes({Lane::alert, Lane::digest})) == Lane::alert);
  for (int i = 0; i < 100; ++i) REQUIRE(turns.next(lanes({Lane::replay})) == Lane::replay);
}

TEST_CASE("of sixteen turns one is for the lanes behind, each of them in its turn") {
  LaneTurns turns;
  std::map<Lane, int> served;
  for (int i = 0; i < 16 * 30; ++i)
    ++served[*turns.next(lanes({Lane::breaking, Lane::alert, Lane::digest, Lane::replay}))];
  CHECK(served[Lane::breaking] == 15 * 30);
  CHECK(served[Lane::alert] == 10);
  CHECK(served[Lane::digest] == 10);
  CHECK(served[Lane::replay] == 10);
}
