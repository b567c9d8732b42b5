#include "base/unicode.hpp"

#include <catch2/catch.hpp>

#include "base/encoding.hpp"

using namespace crier;

TEST_CASE("an emoji with joiners and a letter with accents are one grapheme each") {
  REQUIRE(grapheme_ends("a👨‍👩‍👧é") == std::vector<std::size_t>{1, 19, 21});
  REQUIRE(grapheme_ends("e\u0301x") == std::vector<std::size_t>{3, 4});
  REQUIRE(grapheme_ends("a\r\nb") == std::vector<std::size_t>{1, 3, 4});
  REQUIRE(grapheme_ends("").empty());
}

TEST_CASE("shortening never cuts a character and says that it cut") {
  REQUIRE(shorten("short", 5) == "short");
  REQUIRE(shorten("one two three", 12) == "one two…");
  REQUIRE(shorten("ab👨‍👩‍👧cd", 12) == "ab…");
  REQUIRE(shorten("abcdefghij", 8) == "abcde…");
  REQUIRE(shorten("abc", 2).empty());
  const std::string sentence =
      "Ministers met in Brüssel — 欧盟 👩🏽‍🚀 and agreed to meet again";
  for (std::size_t bytes = 0; bytes <= sentence.size(); ++bytes) {
    CAPTURE(bytes);
    REQUIRE(shorten(sentence, bytes).size() <= bytes);
    REQUIRE(is_valid_utf8(shorten(sentence, bytes)));
  }
}

TEST_CASE("a single line has no control characters and cannot reorder its neighbours") {
  REQUIRE(single_line("  Two\r\n\tlines \u2028here ") == "Two lines here");
  REQUIRE(single_line(std::string_view("nul\0\x1b[31m", 9)) == "nul[31m");
  REQUIRE(single_line("invoice\u202Egpj.exe") == "invoicegpj.exe");
  REQUIRE(is_valid_utf8(single_line("\xff\xfe")));
}

TEST_CASE("lines are wrapped at their width, URLs are left whole") {
  REQUIRE(wrap_lines("one two three", 8) == "one two\nthree");
  REQUIRE(wrap_lines("  indented words here", 12) == "  indented\n  words here");
  REQUIRE(wrap_lines("see https://example.org/a-very-long/path?x=1 now", 12) ==
          "see\nhttps://example.org/a-very-long/path?x=1\nnow");
  REQUIRE(wrap_lines("会議は明日の朝に始まります", 10) == "会議は明日\nの朝に始ま\nります");
  REQUIRE(wrap_lines("kept\n\nas it is   \n", 72) == "kept\n\nas it is\n");
  REQUIRE(wrap_lines("", 72).empty());
}

TEST_CASE("a line on a terminal is cut at its width as people see it") {
  REQUIRE(fit_columns("one two three", 13) == "one two three");
  REQUIRE(fit_columns("one two three", 9) == "one two…");
  REQUIRE(fit_columns("one two three", 10) == "one two t…");
  REQUIRE(fit_columns("会議は明日の朝", 14) == "会議は明日の朝");
  REQUIRE(fit_columns("会議は明日の朝", 10) == "会議は明…");
  REQUIRE(fit_columns("e\u0301e\u0301e\u0301", 3) == "e\u0301e\u0301e\u0301");
  REQUIRE(fit_columns("e\u0301e\u0301e\u0301", 2) == "e\u0301…");
  REQUIRE(display_width("会議 e\u0301") == 6);
}

TEST_CASE("right-to-left languages are known by their script") {
  for (const auto* language : {"ar", "he", "fa-IR", "ur", "az-Arab", "yi"})
    REQUIRE(is_right_to_left(language));
  for (const auto* language : {"en", "zh-Hant", "az", "", "\"><script>"})
    REQUIRE_FALSE(is_right_to_left(language));
}

TEST_CASE("host names become ASCII or are refused") {
  REQUIRE(*domain_to_ascii("Bücher.example") == "xn--bcher-kva.example");
  REQUIRE(*domain_to_ascii("news.example.org") == "news.example.org");
  REQUIRE(*domain_to_ascii("straße.example") == "xn--strae-oqa.example");
  for (const auto* bad : {"", "a b.example", "exa_mple.org", "-a.example", "a..b", "a.", "a\r\nb.example",
                          "\xff.org", "example.org>"}) {
    CAPTURE(bad);
    REQUIRE_FALSE(domain_to_ascii(bad));
  }
  REQUIRE_FALSE(domain_to_ascii(std::string(300, 'a')));
}

TEST_CASE("a plain host name is one that needs no conversion") {
  for (const auto* plain :
       {"localhost", "news.example.org", "a-b.example", "abc-d.example", "a--b.example", "1.2.3.4", "x"}) {
    CAPTURE(plain);
    REQUIRE(is_plain_host_name(plain));
    REQUIRE(*domain_to_ascii(plain) == plain);
  }
  for (const auto* other :
       {"", ".", "a.", ".a", "a..b", "-a.example", "a-.example", "News.example", "xn--a.example",
        "ab--c.example", "a_b.example", "bücher.example", "a b", "a:1"}) {
    CAPTURE(other);
    REQUIRE_FALSE(is_plain_host_name(other));
  }
  REQUIRE(is_plain_host_name(std::string(63, 'a')));
  REQUIRE_FALSE(is_plain_host_name(std::string(64, 'a')));
}
