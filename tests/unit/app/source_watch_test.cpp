// When a source counts as silent.
#include "app/source_watch.hpp"

#include <catch2/catch.hpp>

using namespace crier;
using namespace std::chrono_literals;

TEST_CASE("a source is silent when it has said nothing for longer than expected, once it is watched") {
  const Time start(20000h);
  const ExpectedSource source{"wire", 6h, start};
  CHECK_FALSE(is_silent(source, std::nullopt, start + 6h));
  CHECK(is_silent(source, std::nullopt, start + 6h + 1ms));
  CHECK_FALSE(is_silent(source, start + 1h, start + 7h));
  CHECK(is_silent(source, start + 1h, start + 7h + 1ms));
  CHECK_FALSE(is_silent(source, start - 24h, start + 1h));  // it was not listened to in between
  CHECK_FALSE(is_silent({"folder", std::nullopt, start}, std::nullopt, start + 24000h));
}
