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

TEST_CASE("a full chunk of neighbours takes a few bytes, of one in ten about a byte a member") {
  Audience audience{{"because"}, {}};
  for (std::uint32_t i = 0; i < chunk_capacity; ++i) audience.members.push_back({1'000'000 + i, 0});
  CHECK(encode_audience(audience).size() < 32);
  for (std::uint32_t i = 0; i < chunk_capacity; ++i) audience.members[i].number = 10 * i;
  CHECK(encode_audience(audience).size() < chunk_capacity + 32);
}

TEST_CASE("runs, singles and reasons are read as they were written, whole or in part") {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    Audience audience{{"a", "b"}, {}};
    if (round % 3 == 0) audience.reasons.pop_back();
    std::uint32_t number = random() % 3;
    for (std::uint32_t i = 0; i < 200; ++i) {
      audience.members.push_back(
          {number, static_cast<std::uint32_t>(random() % 4 == 0 ? audience.reasons.size() - 1 : 0)});
      number += random() % 3 == 0 ? 1 + random() % 400 : 1;
    }
    const auto bytes = encode_audience(audience);
    CHECK(same(decode_audience(bytes), audience));
    const NumberRange range{static_cast<std::uint32_t>(random() % number),
                            static_cast<std::uint32_t>(random() % number)};
    auto part = audience;
    std::erase_if(part.members, [&](const Member& member) {
      return member.number < range.first || member.number > range.last;
    });
    if (range.first <= range.last) CHECK(same(decode_audience(bytes, range), part));
  }
}

TEST_CASE("of a large audience a part is read as of the whole, wherever it begins and ends") {
  std::mt19937 random(13);
  for (const std::uint32_t gap : {1U, 3U, 400U}) {
    Audience audience{{"a", "b"}, {}};
    if (gap == 3) audience.reasons.pop_back();
    std::uint32_t number = 5;
    for (int i = 0; i < 20'000; ++i) {
      audience.members.push_back({number, static_cast<std::uint32_t>(random() % audience.reasons.size())});
      number += 1 + random() % gap;
    }
    const auto bytes = encode_audience(audience);
    CHECK(same(decode_audience(bytes), audience));
    // Parts without a gap or an overlap give each member once, and each number is found alone.
    std::vector<Member> parts;
    for (std::uint32_t first = 0, size = 1; first <= number; first += size, size = 1 + random() % 700)
      std::ranges::copy(decode_audience(bytes, {first, first + size - 1}).members, std::back_inserter(parts));
    CHECK(same({audience.reasons, parts}, audience));
    bool is_found = true;
    for (const auto& member : audience.members) {
      const auto alone = decode_audience(bytes, {member.number, member.number}).members;
      is_found = is_found && alone.size() == 1 && alone.front().reason == member.reason;
    }
    CHECK(is_found);
    CHECK(decode_audience(bytes, {number + 1, UINT32_MAX}).members.empty());
    CHECK(decode_audience(bytes, {0, 4}).members.empty());
    for (int round = 0; round < 200; ++round)
      CHECK_THROWS_AS(decode_audience(bytes.substr(0, random() % bytes.size())), std::runtime_error);
  }
}

TEST_CASE("an audience that an older crier wrote is read") {
  // Reasons, each with its size; members, each as the distance from the one before and its reason.
  const std::string bytes(
      "\x02\x01"
      "a"
      "\x01"
      "b"
      "\x03"
      "\x05\x00"
      "\x01\x01"
      "\x80\x01\x00",
      13);
  CHECK(same(decode_audience(bytes), {{"a", "b"}, {{5, 0}, {6, 1}, {134, 0}}}));
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

TEST_CASE("a late delivery is found by its position, with its time to the second") {
  const auto at = parse_rfc3339("2026-11-23T12:00:04.750Z").value();
  LateMarks marks;
  CHECK_FALSE(marks.find(0).has_value());
  marks.add({4095, 12, at});
  marks.add({0, 2, at + std::chrono::hours(1)});
  const LateMarks read(marks.bytes());
  REQUIRE(read.find(4095).has_value());
  CHECK(read.find(4095)->attempts == 12);
  CHECK(to_rfc3339(read.find(4095)->at) == "2026-11-23T12:00:04Z");
  CHECK(read.find(0)->attempts == 2);
  CHECK_FALSE(read.find(1).has_value());
  CHECK(marks.bytes().size() <= 16);
}
