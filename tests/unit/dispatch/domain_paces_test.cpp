// What is known of recipient domains that are sent to with restraint.
#include "dispatch/domain_paces.hpp"

#include <catch2/catch.hpp>

using namespace crier;
using namespace std::chrono_literals;

namespace {

const auto noon = parse_rfc3339("2026-12-02T12:00:00Z").value();

Outcome less() {
  Outcome outcome;
  outcome.reason = "smtp-4.7.28";
  outcome.about_delivery = true;
  return outcome;
}

}  // namespace

TEST_CASE("a limited domain is listed from the start, one without limits only while it is slowed") {
  DomainPaces paces({{{"mail.example", "post.example"}, {.rate = 80, .at_once = 0}},
                     {{"few.example"}, {.rate = {}, .at_once = 2}}});
  for (const auto* address : {"a@few.example", "a@Post.example", "a@other.example"})
    REQUIRE_FALSE(paces.wait(address, PaceOrder::usual, noon));
  auto states = paces.states(noon);
  REQUIRE(states.size() == 2);
  CHECK(states[0].names == std::vector<std::string>{"few.example"});
  CHECK(states[0].limits == PaceLimits{.rate = {}, .at_once = 2});
  CHECK(states[0].under_way == 1);
  CHECK_FALSE(states[0].rate);
  CHECK(states[1].names == std::vector<std::string>{"mail.example", "post.example"});
  CHECK(states[1].limits.rate == 80.0);
  CHECK(states[1].rate == 10.0);  // an eighth to begin with
  CHECK(states[1].under_way == 1);

  paces.ended("a@other.example", less(), noon);
  states = paces.states(noon);
  REQUIRE(states.size() == 3);
  CHECK(states[2].names == std::vector<std::string>{"other.example"});
  CHECK(states[2].is_slowed);
  CHECK(states[2].rate);
  CHECK(states[2].limits == PaceLimits{});
  CHECK(paces.states(noon + 1h).size() == 2);
}
