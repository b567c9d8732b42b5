#include "base/suggest.hpp"

#include <array>

#include <catch2/catch.hpp>

using namespace crier;

namespace {

constexpr std::array<std::string_view, 5> fields{"region", "section", "topic", "title", "urgency"};

}  // namespace

TEST_CASE("the nearest word is suggested when it is near enough") {
  CHECK(did_you_mean("regoin", fields) == " (did you mean \"region\"?)");  // a swap is one mistake
  CHECK(did_you_mean("regio", fields) == " (did you mean \"region\"?)");
  CHECK(did_you_mean("tpic", fields) == " (did you mean \"topic\"?)");
  CHECK(did_you_mean("titles", fields) == " (did you mean \"title\"?)");
  CHECK(did_you_mean("Topic", fields) == " (did you mean \"topic\"?)");
  CHECK(did_you_mean("region", fields) == " (did you mean \"region\"?)");
}

TEST_CASE("every kind of slip counts as one, also in the longest word that is looked at") {
  const std::string word(63, 'x');
  for (const auto& written :
       {word + "y", word + "yz", word, "y" + word.substr(1) + "y", word.substr(0, 62) + "yx"}) {
    const std::string_view known[] = {std::string_view(written)};
    CHECK_FALSE(did_you_mean(word + "y", known).empty());
  }
  constexpr std::array<std::string_view, 1> three{"abcdefghi"};
  CHECK_FALSE(did_you_mean("bacdefgxi", three).empty());  // a swap and a replacement
  CHECK(did_you_mean("bacdegxi", three).empty());         // and a letter less is too much
}

TEST_CASE("of equally near words the first one, always") {
  constexpr std::array<std::string_view, 2> words{"bat", "cat"};
  CHECK(did_you_mean("hat", words) == " (did you mean \"bat\"?)");
}

TEST_CASE("what resembles nothing gets no suggestion") {
  CHECK(did_you_mean("weather", fields).empty());
  CHECK(did_you_mean("", fields).empty());
  CHECK(did_you_mean("xyz", {}).empty());
  CHECK(did_you_mean(std::string(100'000, 'r'), fields).empty());
}
