// What counts as the same article.
#include "text/text_print.hpp"

#include <catch2/catch.hpp>
#include <fmt/core.h>

#include "story/story.hpp"

using namespace crier;

namespace {

Story story(std::string title, std::string body) {
  Story out;
  out.title = std::move(title);
  out.body_text = std::move(body);
  return out;
}

// An article of its own for each number: no three words in a row are those of another.
std::string article(int number, int sentences = 40) {
  std::string text;
  for (int i = 0; i < sentences; ++i)
    text += fmt::format("On day {} the harbour of town{} counted {} ships and {} crates of fish{}. ", i,
                        number, i * 7 + number, i * 31 + number, number);
  return text;
}

bool is_same(const Story& a, const Story& b) {
  return is_same_text(print_text(a), print_text(b));
}

}  // namespace

TEST_CASE("an article with small changes is the same, another one on the same matter is not") {
  const auto first = story("The harbour reopens", article(1));
  auto edited = first;
  edited.body_text.insert(0, "(Sample Wire) — ");
  edited.body_text += "Reporting by our correspondents.";
  CHECK(is_same(first, edited));
  CHECK_FALSE(is_same(first, story("The harbour reopens", article(2))));
  for (int other = 2; other < 200; ++other)
    CHECK_FALSE(is_same(first, story("Another harbour", article(other))));
}

TEST_CASE("one text under titles that have no telling word in common is two articles") {
  const auto first = story("The harbour reopens after the storm", article(1));
  CHECK(is_same(first, story("Storm over, harbour at work again", article(1))));
  CHECK_FALSE(is_same(first, story("Read this with a free account", article(1))));
  CHECK_FALSE(is_same(first, story("", article(1))));
  CHECK_FALSE(is_same(story("港口重新开放", article(1)), story("开会", article(1))));
  CHECK(is_same(story("港口重新开放", article(1)), story("城市港口开放", article(1))));
}

TEST_CASE("case, punctuation and line breaks make no difference") {
  const auto first = story("The Harbour Reopens", article(1));
  auto typed = first;
  for (auto& c : typed.body_text)
    if (c == '.') c = '\n';
  typed.title = "THE HARBOUR — REOPENS!";
  CHECK(print_text(first).whole == print_text(typed).whole);
  CHECK(print_text(first).title == print_text(typed).title);
}

TEST_CASE("short texts are the same only when they are equal, title and all") {
  const auto flash = story("Dam breaks", "The dam above the town has broken.");
  CHECK(is_same(flash, story("DAM BREAKS", "The dam above the town has broken")));
  CHECK_FALSE(is_same(flash, story("Dam breaks", "The dam above the city has broken.")));
  CHECK_FALSE(is_same(flash, story("Dam holds", "The dam above the town has broken.")));
}

TEST_CASE("scripts without spaces are compared, too") {
  const std::string sentence =
      "港口在周二重新开放，九个月前一艘货轮撞上了大桥的桥墩，城市的码头工人排成一行迎接第一批卡车。";
  const auto first = story("港口重新开放", sentence + sentence);
  auto edited = first;
  edited.body_text += "完。";
  CHECK(is_same(first, edited));
}

TEST_CASE("a print is the same in every run") {
  const auto print = print_text(story("Dam breaks", "The dam above the town has broken."));
  CHECK(print.title == 0xC381'ADDC'5441'2215);
  CHECK(print.whole == 0x2CE3'5827'864A'7F4B);
  CHECK(print.words == 7);
  CHECK(print.title_words == std::vector<std::uint32_t>{0xA483'8971});
}
