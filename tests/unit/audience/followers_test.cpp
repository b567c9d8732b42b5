// The followers of a rule in few bytes: each comes out as it went in, in the order of the book.
#include "audience/followers.hpp"

#include <algorithm>
#include <random>
#include <stdexcept>

#include <catch2/catch.hpp>

using namespace crier;

namespace {

std::vector<Subscription> list(const Followers& followers) {
  std::vector<Subscription> out;
  for (const auto& each : followers) out.push_back(each);
  return out;
}

constexpr auto email = ChannelKind::email;
constexpr auto webhook = ChannelKind::webhook;

}  // namespace

TEST_CASE("followers come out as they went in, whatever lies between them") {
  const std::vector<Subscription> subscriptions{{0, 0, {}},
                                                {0, 0, {email}},
                                                {0, 7, {email}},
                                                {1, 7, {email}},
                                                {64, 7, {email}},
                                                {65, 0, {webhook}},
                                                {129, 0, {webhook}},
                                                {129, 65'535, {email, webhook}},
                                                {1'000'000, 0, {email}},
                                                {1'000'001, 0, {email}},
                                                {4'000'000'000, 1, {email}},
                                                {4'294'967'295, 1, {email}}};
  Followers followers;
  CHECK(followers.empty());
  CHECK(list(followers).empty());
  for (std::size_t i = 0; i < subscriptions.size(); ++i) {
    followers.push_back(subscriptions[i]);
    CHECK(list(followers) == std::vector(subscriptions.begin(), subscriptions.begin() + i + 1));
  }
  followers.fit();
  CHECK(list(followers) == subscriptions);
  const auto moved = std::move(followers);
  CHECK(list(moved) == subscriptions);
}

TEST_CASE("followers that come in any order are sorted, those of one subscriber as they came") {
  const Followers followers{{9, 1, {email}}, {2, 3, {email}}, {2, 1, {webhook}}, {9, 0, {email}}};
  CHECK(list(followers) ==
        std::vector<Subscription>{{2, 3, {email}}, {2, 1, {webhook}}, {9, 1, {email}}, {9, 0, {email}}});
  std::vector<Subscription> many;
  std::mt19937 random(3);
  for (int i = 0; i < 5000; ++i)
    many.push_back(
        {static_cast<std::uint32_t>(random()), static_cast<EditionPosition>(random() % 3), {email}});
  const auto packed = list(many);
  std::ranges::stable_sort(many, {}, &Subscription::subscriber);
  CHECK(packed == many);
}

TEST_CASE("a follower before the last one is refused, and those that are there stay") {
  Followers followers{{5, 0, {email}}};
  CHECK_THROWS_AS(followers.push_back({4, 0, {email}}), std::invalid_argument);
  followers.push_back({5, 2, {email}});
  CHECK(list(followers) == std::vector<Subscription>{{5, 0, {email}}, {5, 2, {email}}});
}

TEST_CASE("a place among the followers can be kept and returned to") {
  const Followers followers{{1, 0, {email}}, {2, 0, {email}}, {3, 2, {webhook}}};
  auto place = followers.begin();
  const auto kept = ++place;
  ++place;
  CHECK((*place).subscriber == 3);
  CHECK((*kept).subscriber == 2);
  CHECK(kept != place);
  CHECK(++place == followers.end());
}
