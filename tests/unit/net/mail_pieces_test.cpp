#include "net/mail_pieces.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

using namespace crier;

namespace {

MailFacts facts(const std::vector<std::string>& texts) {
  const std::vector<WireText> pieces(texts.begin(), texts.end());
  return facts_of(pieces);
}

// By the words of the definition, byte by byte over the whole message.
bool is_clean(const std::string& message) {
  if (!message.ends_with("\r\n")) return false;
  std::size_t column = 0;
  for (std::size_t i = 0; i < message.size(); ++i) {
    const char c = message[i];
    if (c == '\0' || (c == '\n' && (i == 0 || message[i - 1] != '\r'))) return false;
    if (c == '\r' && message[i + 1] != '\n') return false;
    if (column == 0 && c == '.') return false;
    if (c == '\n') {
      column = 0;
    } else if (c != '\r' && ++column > 998) {
      return false;
    }
  }
  return true;
}

}  // namespace

TEST_CASE("what could be taken for another message's beginning is not clean, wherever it is cut") {
  const std::string long_line(998, 'x');
  const std::vector<std::string> messages{"a\r\n",
                                          "a\r\nb\r\n",
                                          "\r\n",
                                          "a\r\n\r\nb.\r\n",
                                          "a",
                                          "a\n",
                                          "a\r",
                                          "a\r\nb",
                                          ".\r\n",
                                          ".a\r\n",
                                          "a\r\n.\r\n",
                                          "a\r\n.b\r\nc\r\n",
                                          "a\n.\r\n",
                                          "a\r.\r\n",
                                          "a\r\r\n",
                                          "\n\r\n",
                                          "a\r\n.\rb\r\n",
                                          std::string("a\0b\r\n", 5),
                                          long_line + "\r\n",
                                          long_line + "x\r\n",
                                          "a\r\n" + long_line + "x\r\nb\r\n"};
  for (const auto& message : messages) {
    CAPTURE(message.substr(0, 20), message.size());
    REQUIRE(facts({message}).is_clean == is_clean(message));
    REQUIRE(facts({message}).size == message.size());
    for (std::size_t cut = 0; cut <= message.size(); ++cut) {
      const bool between =
          cut > 0 && cut < message.size() && message[cut - 1] == '\r' && message[cut] == '\n';
      const auto both = facts({message.substr(0, cut), message.substr(cut)});
      REQUIRE(both.is_clean == (is_clean(message) && !between));
      REQUIRE(both.size == message.size());
    }
  }
}

TEST_CASE("pieces in the middle of a line make one line, and empty ones nothing") {
  REQUIRE(facts({"Dear ", "", "Amara", ",\r\n"}).is_clean);
  REQUIRE(facts({"Visit ", ".example\r\n"}).is_clean);
  REQUIRE_FALSE(facts({"Visit\r\n", "", ".example\r\n"}).is_clean);
  REQUIRE_FALSE(facts({std::string(500, 'x'), std::string(499, 'x'), "\r\n"}).is_clean);
  REQUIRE_FALSE(facts({}).is_clean);
  REQUIRE_FALSE(facts({""}).is_clean);
}

TEST_CASE("a byte beyond ASCII is noticed in any piece") {
  REQUIRE(facts({"plain ", "gr\xC3\xBC\xC3\x9F\r\n"}).eight_bit);
  REQUIRE_FALSE(facts({"plain\r\n"}).eight_bit);
}
