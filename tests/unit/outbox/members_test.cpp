// How audiences are stored: small, exact, and never read wrongly.
#include "outbox/members.hpp"

#include <random>

#include <catch2/catch.hpp>

using namespace crier;

namespace {

bool same(const Audience& a, const Audience& b) {
  return a.reasons == b.reasons &&
         std::ranges::equal(a.members, b.members, [](const Member& x, const Member& y) {
           return x.number == y.number && x.reason == y.reason;
         });
}

}  // namespace

TEST_CASE("an audience is read as it was written") {
  CHECK(same(decode_audience(encode_audience({})), {}));
  const Audience one{{"because"}, {{0, 0}, {1, 0}, {UINT32_MAX, 0}}};
  CHECK(same(decode_audience(encode_audience(one)), one));
  const Audience two{{"a", std::string("with \0 in it", 12), ""}, {{7, 2}, {8, 0}, {300'000, 1}}};
  CHECK(same(decode_audience(encode_audience(two)), two));
}

TEST_CASE("a full chunk of neighbours takes about a byte a member") {
  Audience audience{{"because"}, {}};
  for (std::uint32_t i = 0; i < chunk_capacity; ++i) audience.members.push_back({1'000'000 + i, 0});
  CHECK(encode_audience(audience).size() < chunk_capacity + 32);
}

TEST_CASE("bytes that are cut, longer or invented are refused or read, never misread past their end") {
  const auto good = encode_audience({{"because", "or so"}, {{1, 0}, {500, 1}, {70'000, 0}}});
  for (std::size_t size = 0; size < good.size(); ++size)
    CHECK_THROWS_AS(decode_audience(good.substr(0, size)), std::runtime_error);
  CHECK_THROWS_AS(decode_audience(good + '\0'), std::runtime_error);
  CHECK_THROWS_AS(decode_audience("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"), std::runtime_error);
  CHECK_THROWS_AS(decode_audience(std::string("\0\xFF\xFF\xFF\xFF\x7F", 6)), std::runtime_error);
  std::mt19937 random(11);
  for (int round = 0; round < 20'000; ++round) {
    auto bytes = good;
    bytes[random() % bytes.size()] = static_cast<char>(random());
    try {
      for (const auto& member : decode_audience(bytes).members)
        if (member.reason >= 2) FAIL("a reason that is not there");
    } catch (const std::runtime_error&) {
    }
  }
}

TEST_CASE("a bit per member") {
  SettledBits bits(std::size_t{10});
  CHECK(bits.bytes().size() == 2);
  CHECK(bits.count() == 0);
  bits.set(0);
  bits.set(7);
  bits.set(8);
  bits.set(8);
  CHECK(bits.count() == 3);
  CHECK(bits.test(8));
  CHECK_FALSE(bits.test(9));
  const SettledBits copy(std::string_view(bits.bytes()));
  CHECK(copy.test(7));
  CHECK_THROWS(bits.test(16));
}
