#include "net/envelope.hpp"

#include <catch2/catch.hpp>

using namespace crier;

TEST_CASE("ordinary addresses go on the wire as they are") {
  for (const auto* text : {"amara@example.org", "a.b+tag@sub.example.org", "o'neil@example.org",
                           "x@localhost", "!#$%&'*+-/=?^_`{|}~@example.org"}) {
    CAPTURE(text);
    const auto address = to_wire_address(text).value();
    REQUIRE(address.text == text);
    REQUIRE_FALSE(address.needs_utf8);
  }
}

TEST_CASE("a non-ASCII domain becomes an A-label, a non-ASCII local part needs SMTPUTF8") {
  const auto domain = to_wire_address(
                          "amara@b\xC3\xBC"
                          "cher.example")
                          .value();
  REQUIRE(domain.text == "amara@xn--bcher-kva.example");
  REQUIRE_FALSE(domain.needs_utf8);
  const auto local = to_wire_address("j\xC3\xB6rg@example.org").value();
  REQUIRE(local.text == "j\xC3\xB6rg@example.org");
  REQUIRE(local.needs_utf8);
}

TEST_CASE("nothing that could end a command or smuggle a second one becomes an address") {
  const std::string nul("a\0b@example.org", 15);
  for (const std::string& text : {std::string(),
                                  std::string("amara"),
                                  std::string("@example.org"),
                                  std::string("amara@"),
                                  std::string("a@example.org>\r\nRCPT TO:<b@example.org"),
                                  std::string("a\r\n@example.org"),
                                  std::string("a@example.org\n"),
                                  std::string("a@example.org\r"),
                                  std::string("a b@example.org"),
                                  std::string("a@exa mple.org"),
                                  std::string("a>@example.org"),
                                  std::string("<a@example.org>"),
                                  std::string("\"a b\"@example.org"),
                                  std::string("a@[127.0.0.1]"),
                                  std::string("a@example.org SIZE=1"),
                                  std::string(".a@example.org"),
                                  std::string("a..b@example.org"),
                                  std::string("a@.example.org"),
                                  std::string("a@example..org"),
                                  std::string("a\x7f@example.org"),
                                  std::string("a\xff@example.org"),
                                  std::string("a\xC2\x85@example.org"),
                                  std::string("a\xE2\x80\xA8z@example.org"),
                                  std::string("a\xE2\x80\xAE@example.org"),
                                  std::string("a@xn--\xC3\xBC.example"),
                                  std::string("a@\xE2\x80\xA8.example"),
                                  nul,
                                  std::string(65, 'a') + "@example.org",
                                  "a@" + std::string(255, 'b')}) {
    CAPTURE(text);
    REQUIRE_FALSE(to_wire_address(text));
  }
}
