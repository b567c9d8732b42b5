#include "text/tokenizer.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

#include "text/fold.hpp"

using namespace crier;

namespace {

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> out;
  Tokenizer tokenizer(text);
  for (Token token; tokenizer.next(token);) out.push_back(std::string(token.surface));
  return out;
}

// What the words look like in the text.
std::vector<std::string> originals_of(std::string_view text) {
  std::vector<std::string> out;
  Tokenizer tokenizer(text);
  for (Token token; tokenizer.next(token);)
    out.emplace_back(text.substr(token.begin, token.end - token.begin));
  return out;
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("words are cut as newsrooms write them") {
  const std::vector<std::pair<std::string, Words>> table{
      {"The minister’s plan, again.", {"the", "minister", "plan", "again"}},
      {"Ada's and Ada’s", {"ada", "and", "ada"}},
      {"O'Brien O’Brien OBRIEN", {"obrien", "obrien", "obrien"}},
      {"the workers' strike, 'quoted'", {"the", "workers", "strike", "quoted"}},
      {"l'Élysée, qu’il, dell'arte", {"l", "élysée", "qu", "il", "dell", "arte"}},
      {"aujourd'hui", {"aujourdhui"}},
      {"state-of-the-art", {"state", "of", "the", "art"}},
      {"1,000 and 1,234,567.89", {"1000", "and", "1234567.89"}},
      {"1,00 in 2023,2024", {"1", "00", "in", "2023", "2024"}},
      {"3.5% of 2.", {"3.5", "of", "2"}},
      {"the U.S. and the U.S.A. tell us", {"the", "u.s", "and", "the", "u.s.a", "tell", "us"}},
      {"plan A. Then", {"plan", "a", "then"}},
      {"C++, C# and C", {"c++", "c#", "and", "c"}},
      {"$5bn, US$5bn, 5€, £3.50, A$AP", {"$", "5bn", "us", "$", "5bn", "5", "€", "£", "3.50", "a", "ap"}},
      {"@newsdesk #COP28 jane@example.org", {"@", "newsdesk", "#", "cop28", "jane", "example", "org"}},
      {"G20 COVID-19 20th", {"g20", "covid", "19", "20th"}},
      {"Don't, he’ll, WE'RE, I've, she'd, I’m", {"don't", "he'll", "we're", "i've", "she'd", "i'm"}},
      {"Sana'a, O'Dell, d'mello, gov't", {"sanaa", "odell", "d", "mello", "govt"}},
      {"O’Re\u00ADgan, O'S\u00ADhea, he'll\u00AD", {"oregan", "oshea", "he'll"}},
      {"AT&T", {"at", "t"}},
      {"… — ! ?", {}},
      {"", {}},
  };
  for (const auto& [text, words] : table) {
    CAPTURE(text);
    CHECK(words_of(text) == words);
  }
}

TEST_CASE("words of the world's scripts") {
  const std::vector<std::pair<std::string, Words>> table{
      {"記者在北京", {"記", "者", "在", "北", "京"}},
      {"ホテル会議とG7", {"ホ", "テ", "ル", "会", "議", "と", "g7"}},
      {"ｶﾞｽ", {"ガ", "ス"}},
      {"コンピューター", {"コ", "ン", "ピ", "ュ", "ー", "タ", "ー"}},
      {"대통령이", {"대", "통", "령", "이"}},
      {"ＡＢＣ １２３", {"abc", "123"}},
      {"الرئيس ٢٠٢٣", {"الرئيس", "2023"}},
      {"צה\"ל הודיע", {"צהל", "הודיע"}},
      {"Йошкар-Ола, п'ять", {"йошкар", "ола", "пять"}},
      {"प्रधानमंत्री ने", {"प्रधानमंत्री", "ने"}},
      {"Straße ﬁnanz", {"strasse", "finanz"}},
      {"İstanbul", {"i̇stanbul"}},
      {"soft\u00ADhyphen zero\u200Bwidth", {"softhyphen", "zero", "width"}},
      {"cafe\u0301", {"café"}},
      {"รัฐบาลไทยประกาศ", {"รัฐบาล", "ไทย", "ประกาศ"}},
  };
  for (const auto& [text, words] : table) {
    CAPTURE(text);
    CHECK(words_of(text) == words);
  }
}

TEST_CASE("each word knows its bytes in the text") {
  REQUIRE(originals_of("The U.S. and Ada’s “Café”, $5bn C++") ==
          Words{"The", "U.S", "and", "Ada", "Café", "$", "5bn", "C++"});
  REQUIRE(originals_of("北京 cafe\u0301s ไทย") == Words{"北", "京", "cafe\u0301s", "ไทย"});
}

TEST_CASE("accents fold away, letters do not") {
  const std::vector<std::pair<std::string, std::string>> table{
      {"müller", "muller"}, {"łódź", "lodz"},  {"ångström", "angstrom"}, {"tiếng", "tieng"},
      {"søren", "soren"},   {"ışık", "isik"},  {"i̇stanbul", "istanbul"}, {"ελλάδα", "ελλαδα"},
      {"ёлка", "елка"},     {"йод", "йод"},    {"київ", "київ"},         {"مُحَمَّد", "محمد"},
      {"أحمد", "احمد"},     {"مصـــر", "مصر"}, {"שָלוֹם", "שלום"},         {"ガス", "ガス"},
      {"한국", "한국"},     {"मंत्री", "मंत्री"},  {"plain", "plain"},
  };
  for (const auto& [text, folded] : table) {
    CAPTURE(text);
    CHECK(fold_accents(fold_case(text)) == folded);
  }
}

TEST_CASE("broken UTF-8 separates words and stays within the text") {
  REQUIRE(words_of("one\xff\xfetwo\xc3") == Words{"one", "two"});
  REQUIRE(words_of("\xe0\xb8") == Words{});
}

TEST_CASE("a hostile text takes linear time and bounded words") {
  const std::size_t size = 1 << 20;
  const auto repeated = [](std::string_view part) {
    std::string out;
    while (out.size() < size) out += part;
    return out;
  };
  for (const std::string_view part :
       {"a", "a\u0301\u0323", "\u0301\u0323", "'", "a.", "1,", "@", "ไ", "習", "\u00AD", "x'"}) {
    CAPTURE(part);
    const auto text = repeated(part);
    Tokenizer tokenizer(text);
    std::size_t longest = 0;
    std::uint32_t end = 0;
    bool in_order = true;
    for (Token token; tokenizer.next(token); end = token.end) {
      longest = std::max(longest, token.surface.size());
      in_order = in_order && end <= token.begin && token.begin < token.end;
    }
    REQUIRE(in_order);
    REQUIRE(end <= text.size());
    REQUIRE(longest <= 130);
  }
}
