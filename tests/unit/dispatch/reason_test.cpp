// The reason line of a message, as a reader sees it.
#include "dispatch/reason.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

using namespace crier;

namespace {

constexpr auto topic = FollowedBecause::Kind::topic;
constexpr auto own = FollowedBecause::Kind::own_rule;

std::size_t characters(const std::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace

TEST_CASE("a reason names the topics and rules, and quotes the words they found") {
  CHECK(reason_sentence({{topic, "China and Russia", {"Xi Jinping", "Putin"}}}) ==
        "You follow China and Russia (“Xi Jinping”, “Putin”)");
  CHECK(reason_sentence({{own, "chips AND Taiwan", {"chips", "Taiwan"}}}) ==
        "Your rule “chips AND Taiwan” matches (“chips”, “Taiwan”)");
  CHECK(reason_sentence(
            {{topic, "Harbours", {"harbour"}}, {topic, "Bridges", {"bridge"}}, {own, "port", {"ports"}}}) ==
        "You follow Harbours, Bridges; your rule “port” matches (“harbour”, “bridge”, “ports”)");
  CHECK(reason_sentence({{own, "a", {}}, {own, "b", {}}}) == "Your rules “a”, “b” match");
}

TEST_CASE("a topic that asks for no words is named alone") {
  CHECK(reason_sentence({{topic, "Asia", {}}}) == "You follow Asia");
}

TEST_CASE("a word is quoted once, three at most, a word of each rule first") {
  CHECK(reason_sentence({{topic, "A", {"one", "two", "three"}}, {topic, "B", {"one", "four"}}}) ==
        "You follow A, B (“one”, “two”, “four”)");
}

TEST_CASE("a reason stays below 140 characters") {
  const std::string title(300, 'x');
  const std::string wide = [] {
    std::string out;
    for (int i = 0; i < 200; ++i) out += "数";
    return out;
  }();
  for (const auto& name : {title, wide}) {
    for (const auto kind : {topic, own}) {
      const std::vector<FollowedBecause> one{{kind, name, {name, "b", "c"}}};
      CHECK(characters(reason_sentence(one)) < 140);
      const std::vector<FollowedBecause> many(50, one.front());
      CHECK(characters(reason_sentence(many)) < 140);
    }
    const std::vector<FollowedBecause> both{
        {topic, name, {name}}, {topic, name, {}}, {own, name, {}}, {own, name, {}}};
    CHECK(characters(reason_sentence(both)) < 140);
  }
  const std::vector<FollowedBecause> topics(9, {topic, "Harbours and shipping", {}});
  CHECK(reason_sentence(topics) ==
        "You follow Harbours and shipping, Harbours and shipping, Harbours and shipping and 6 more");
}

TEST_CASE("a rule written over several lines is one line of a reason") {
  CHECK(reason_sentence({{own, "chips\n  AND Taiwan", {}}}) == "Your rule “chips AND Taiwan” matches");
}
