#include "net/smtp_reply.hpp"

#include <catch2/catch.hpp>

using namespace crier;

namespace {

using Progress = SmtpReplyParser::Progress;

SmtpReply reply(std::string_view bytes) {
  SmtpReplyParser parser;
  REQUIRE(parser.feed(bytes) == Progress::complete);
  REQUIRE(bytes.empty());
  return parser.take();
}

SmtpVerdict verdict(SmtpStage stage, std::string_view bytes) {
  return judge(stage, reply(bytes)).verdict;
}

}  // namespace

TEST_CASE("a reply of several lines is one reply, however it is cut") {
  const std::string bytes = "250-fake.example\r\n250-SIZE 1000\n250 STARTTLS\r\n";
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    CAPTURE(piece);
    SmtpReplyParser parser;
    auto progress = Progress::incomplete;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      REQUIRE(progress == Progress::incomplete);
      auto part = std::string_view(bytes).substr(at, piece);
      progress = parser.feed(part);
    }
    REQUIRE(progress == Progress::complete);
    const auto whole = parser.take();
    REQUIRE(whole.code == 250);
    REQUIRE(whole.lines == std::vector<std::string>{"fake.example", "SIZE 1000", "STARTTLS"});
  }
}

TEST_CASE("bytes after a reply are left") {
  SmtpReplyParser parser;
  std::string_view bytes = "250 ok\r\n421 bye\r\n";
  REQUIRE(parser.feed(bytes) == Progress::complete);
  REQUIRE(bytes == "421 bye\r\n");
}

TEST_CASE("the enhanced code counts only where it agrees with the code") {
  REQUIRE(reply("550 5.1.1 no such user\r\n").enhanced == "5.1.1");
  REQUIRE(reply("250 2.0.0\r\n").enhanced == "2.0.0");
  for (const auto* text : {"550 4.1.1 odd\r\n", "550 5.1 short\r\n", "550 5.1.1234 long\r\n",
                           "550 5..1 gap\r\n", "550 no\r\n", "550\r\n", "550 \r\n", "550 5.1.1. dot\r\n"}) {
    CAPTURE(text);
    REQUIRE(reply(text).enhanced.empty());
  }
}

TEST_CASE("what is not a reply is malformed, and long ones end") {
  const auto endless_line = "250 " + std::string(5000, 'x');
  std::string endless_lines;
  for (int i = 0; i < 200; ++i) endless_lines += "250-x\r\n";
  for (const std::string& text :
       {std::string("hello\r\n"), std::string("\r\n"), std::string("25\r\n"), std::string("650 x\r\n"),
        std::string("199 x\r\n"), std::string("250_x\r\n"), std::string("250-a\r\n550 b\r\n"),
        std::string("HTTP/1.1 400 Bad Request\r\n"), std::string("\x16\x03\x01\x02\n"), endless_line,
        endless_lines}) {
    SmtpReplyParser parser;
    std::string_view bytes = text;
    CAPTURE(text.substr(0, 30));
    REQUIRE(parser.feed(bytes) == Progress::malformed);
  }
}

TEST_CASE("text of a hostile server is one bounded line of valid UTF-8") {
  const auto text = reply("550-" + std::string(3000, 'y') + "\r\n550 \x1b[31m\xff\r\n").text();
  REQUIRE(text.size() <= 1024);
  REQUIRE(reply("550-a\tb\x1b\r\n550 \xff\r\n").text() == "550 a b \xEF\xBF\xBD");
}

TEST_CASE("4yz is transient everywhere") {
  for (const auto stage : {SmtpStage::greeting, SmtpStage::hello, SmtpStage::auth, SmtpStage::mail,
                           SmtpStage::recipient, SmtpStage::data, SmtpStage::body})
    REQUIRE(verdict(stage, "451 4.7.1 greylisted\r\n") == SmtpVerdict::transient);
}

TEST_CASE("5yz is final only where it speaks of the recipient or the message") {
  REQUIRE(verdict(SmtpStage::recipient, "550 5.1.1 no such user\r\n") == SmtpVerdict::permanent);
  REQUIRE(verdict(SmtpStage::recipient, "550 no such user\r\n") == SmtpVerdict::permanent);
  REQUIRE(verdict(SmtpStage::recipient, "553 sorry, Unknown User\r\n") == SmtpVerdict::permanent);
  for (const auto* text : {"550 Requested action not taken: mailbox unavailable\r\n", "551 no\r\n",
                           "553 that domain is not in my list of allowed hosts\r\n", "554 refused\r\n"}) {
    CAPTURE(text);
    REQUIRE(verdict(SmtpStage::recipient, text) == SmtpVerdict::transient);
    REQUIRE(verdict(SmtpStage::data, text) == SmtpVerdict::transient);
    REQUIRE(verdict(SmtpStage::body, text) == SmtpVerdict::transient);
  }
  REQUIRE(verdict(SmtpStage::recipient, "554 5.3.0 system trouble\r\n") == SmtpVerdict::transient);
  REQUIRE(verdict(SmtpStage::body, "554 5.0.0 no\r\n") == SmtpVerdict::transient);
  REQUIRE(verdict(SmtpStage::recipient, "550 5.7.17 mailbox has a new owner\r\n") == SmtpVerdict::permanent);
  REQUIRE(verdict(SmtpStage::body, "554 5.6.0 odd message\r\n") == SmtpVerdict::permanent);
  REQUIRE(verdict(SmtpStage::mail, "552 5.3.4 too large\r\n") == SmtpVerdict::permanent);
  REQUIRE(verdict(SmtpStage::recipient, "552 5.2.2 mailbox full\r\n") == SmtpVerdict::transient);
  REQUIRE(verdict(SmtpStage::recipient, "552 mailbox full\r\n") == SmtpVerdict::transient);
  REQUIRE(verdict(SmtpStage::recipient, "503 bad sequence\r\n") == SmtpVerdict::desync);
  for (const auto* text :
       {"550 5.7.1 blocked\r\n", "550 5.7.515 not authenticated\r\n", "530 login first\r\n",
        "535 5.7.8 wrong password\r\n", "550 5.1.8 bad sender\r\n"}) {
    CAPTURE(text);
    REQUIRE(verdict(SmtpStage::recipient, text) == SmtpVerdict::sender);
    REQUIRE(verdict(SmtpStage::mail, text) == SmtpVerdict::sender);
  }
  REQUIRE(verdict(SmtpStage::mail, "550 5.1.1 sender unknown\r\n") == SmtpVerdict::sender);
  REQUIRE(verdict(SmtpStage::greeting, "554 go away\r\n") == SmtpVerdict::sender);
}

TEST_CASE("a short reply is taken whole, and all else is left to feed()") {
  const SmtpReplyParser parser;
  std::string_view bytes = "250 2.0.0 taken\r\n354 go\n250-more\r\n";
  auto reply = parser.take_short(bytes);
  REQUIRE(reply);
  REQUIRE(reply->code == 250);
  REQUIRE(reply->line == "250 2.0.0 taken");
  reply = parser.take_short(bytes);
  REQUIRE(reply->code == 354);
  REQUIRE(reply->line == "354 go");
  REQUIRE_FALSE(parser.take_short(bytes));
  REQUIRE(bytes == "250-more\r\n");
  for (std::string_view other :
       {"250 no end", "250\r\n", "550 no\r\n", "25x ok\r\n", "150 ok\r\n", "250_ok\r\n", ""}) {
    CAPTURE(other);
    const auto before = other;
    REQUIRE_FALSE(parser.take_short(other));
    REQUIRE(other == before);
  }
  SmtpReplyParser begun;
  std::string_view first = "250-a\r\n250 ";
  begun.feed(first);
  std::string_view rest = "250 b\r\n";
  REQUIRE_FALSE(begun.take_short(rest));
}

TEST_CASE("what took a message is kept as one line") {
  const auto result = accepted_by(250, "250 2.0.0 taken\tas \x1b 42");
  REQUIRE(result.verdict == SmtpVerdict::accepted);
  REQUIRE(result.stage == SmtpStage::body);
  REQUIRE(result.enhanced == "2.0.0");
  REQUIRE(result.text == "250 2.0.0 taken as 42");
  REQUIRE(result.reason.empty());
  REQUIRE(accepted_by(250, "250").text == "250");
}
