// Short texts in fewer bytes: what goes in comes out, whatever it looks like.
#include "base/text_code.hpp"

#include <numeric>
#include <random>

#include <catch2/catch.hpp>
#include <fmt/core.h>

using namespace crier;

namespace {

std::string through(const TextCode& code, std::string_view text) {
  std::string encoded;
  code.encode(text, encoded);
  return code.decode(encoded);
}

std::size_t size_of(const TextCode& code, std::string_view text) {
  std::string encoded;
  code.encode(text, encoded);
  return encoded.size();
}

// Texts like those of the sample, and such as no sample has.
std::vector<std::string> odd_texts() {
  std::vector<std::string> texts{"",
                                 "a",
                                 "amara@example.org",
                                 "AMARA@EXAMPLE.ORG",
                                 "Ámárà Ọ́kà́fọ̀",
                                 "名前@例え.example.org",
                                 std::string("zero\0byte", 9),
                                 std::string(700, '\0'),
                                 std::string(700, '\xff'),
                                 std::string(70'000, 'x') + "@example.org"};
  std::string all(256, '\0');
  std::iota(all.begin(), all.end(), '\0');
  texts.push_back(all);
  std::mt19937 random(7);
  for (int i = 0; i < 2000; ++i) {
    std::string text(random() % 40, '\0');
    for (auto& c : text) c = static_cast<char>(random());
    texts.push_back(std::move(text));
  }
  return texts;
}

std::vector<std::string> addresses() {
  std::vector<std::string> texts;
  for (int i = 0; i < 3000; ++i)
    texts.push_back(fmt::format("reader-{}@{}", i * 7919, i % 3 == 0 ? "example.org" : "mail.example.net"));
  return texts;
}

}  // namespace

TEST_CASE("texts come out of a code as they went in, whatever it was learnt from") {
  const auto odd = odd_texts();
  const auto sample =
      GENERATE_COPY(std::vector<std::string>{}, std::vector<std::string>{""}, std::vector<std::string>{"a"},
                    addresses(), odd, std::vector<std::string>(100, std::string(1000, 'x')));
  const auto code = TextCode::learn(sample);
  bool all_same = true;
  for (const auto* texts : {&odd, &sample})
    for (const auto& text : *texts) all_same = all_same && through(code, text) == text;
  CHECK(all_same);
}

TEST_CASE("one code writes several texts behind one another") {
  const auto code = TextCode::learn(addresses());
  std::string both;
  code.encode("reader-12@example.org", both);
  const auto first = both.size();
  code.encode("reader-34@mail.example.net", both);
  CHECK(code.decode(std::string_view(both).substr(0, first)) == "reader-12@example.org");
  CHECK(code.decode(std::string_view(both).substr(first)) == "reader-34@mail.example.net");
}

TEST_CASE("what resembles the sample takes a third, what does not at most twice as much") {
  const auto code = TextCode::learn(addresses());
  CHECK(size_of(code, "reader-123456@mail.example.net") <= 10);
  for (const auto& text : odd_texts()) CHECK(size_of(code, text) <= 2 * text.size());
  CHECK(size_of(TextCode(), "reader-123456@mail.example.net") == 30);
}
