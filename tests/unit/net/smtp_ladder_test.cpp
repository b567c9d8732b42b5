// Every rung of the ladder against a server that refuses at random wherever it can: whatever it does, each
// message has one outcome, that outcome is true, and no message reaches another's reader.
#include <map>
#include <random>

#include <catch2/catch.hpp>

#include "net/smtp_session.hpp"
#include "support/smtp_peer.hpp"

using namespace crier;
using namespace crier::test;
using Reaction = SmtpPeer::Reaction;

namespace {

struct Given {
  std::string to;
  std::string text;
  WireText piece;
};

std::vector<Given> some_messages(std::mt19937& random, std::size_t count) {
  std::vector<Given> given(count);
  for (std::size_t i = 0; i < count; ++i) {
    given[i].to = "reader" + std::to_string(i) + "@example.net";
    given[i].text = "To: " + given[i].to + "\r\n\r\n";
    for (auto lines = random() % 20; lines > 0; --lines) given[i].text += "MAIL FROM:<x@example.org>\r\n";
    given[i].piece = WireText(given[i].text);
  }
  return given;
}

struct Books {
  std::map<std::uint64_t, SmtpResult> results;
  std::vector<SmtpPeer::Delivery> deliveries;
  int out_of_order = 0;
};

// One connection: bytes go to and fro in random pieces until nothing moves or the connection is cut.
Books converse(std::mt19937& random, const std::vector<Given>& given, SmtpMode mode, int refusals,
               bool is_cut) {
  const auto choose = [&](std::string_view command) {
    if (static_cast<int>(random() % 100) >= refusals) return Reaction::agree;
    switch (random() % 8) {
      case 0:
        return Reaction::close;
      case 1:
      case 2:
        return Reaction::refuse_later;
      case 3:
        return command == "BDAT" ? Reaction::unknown : Reaction::refuse;
      case 4:
        return Reaction::let_in;
      default:
        return Reaction::refuse;
    }
  };
  SmtpPeer peer("250-PIPELINING\r\n250 CHUNKING\r\n", choose);
  SmtpSession session("crier.example", SmtpSecurity::off, {}, mode, {1000, 5});
  Books books;
  std::vector<SmtpDecision> decided;
  std::string replies = peer.greet();
  std::size_t submitted = 0;
  session.connected();
  auto turns = is_cut ? random() % 200 : 100'000;
  while (!session.is_closed() && turns-- > 0 && books.results.size() < given.size()) {
    if (submitted < given.size() && random() % 3 == 0) {
      const auto& next = given[submitted];
      REQUIRE(session.submit({"news@example.org", next.to, "<1@example.org>", {&next.piece, 1}}) ==
              submitted);
      ++submitted;
    }
    if (!session.output().empty() && random() % 2 == 0) {
      const auto view = session.output().front();
      const auto part = random() % 4 == 0 ? 1 + random() % view.size() : view.size();
      replies += peer.hear(view.substr(0, part));
      session.written(part);
    }
    if (!replies.empty() && session.awaits_reply() && random() % 2 == 0) {
      const auto part = random() % 4 == 0 ? 1 + random() % replies.size() : replies.size();
      session.received(replies.substr(0, part));
      replies.erase(0, part);
    } else if (peer.is_closed() && replies.empty()) {
      session.lost("connection-lost", "gone");
    }
    session.take_decided(decided);
    for (auto& [number, result] : decided) REQUIRE(books.results.emplace(number, result).second);
  }
  session.lost("connection-lost", "cut");
  session.take_decided(decided);
  for (auto& [number, result] : decided) REQUIRE(books.results.emplace(number, result).second);
  REQUIRE(books.results.size() == submitted);
  books.deliveries = peer.deliveries();
  books.out_of_order = peer.out_of_order();
  return books;
}

void check(const Books& books, const std::vector<Given>& given) {
  std::map<std::string, int> copies;
  for (const auto& delivery : books.deliveries) {
    REQUIRE(delivery.recipients.size() == 1);
    REQUIRE(delivery.message.starts_with("To: " + delivery.recipients.front() + "\r\n"));
    ++copies[delivery.recipients.front()];
  }
  for (const auto& [number, result] : books.results) {
    const auto& message = given[number];
    CAPTURE(number, result.text, static_cast<int>(result.verdict));
    const auto count = copies[message.to];
    if (result.verdict == SmtpVerdict::accepted)
      REQUIRE(count == 1);
    else if (result.verdict == SmtpVerdict::ambiguous)
      REQUIRE(count <= 1);
    else
      REQUIRE(count == 0);
  }
  for (const auto& delivery : books.deliveries) {
    const auto message = std::ranges::find(given, delivery.recipients.front(), &Given::to);
    REQUIRE(delivery.message == message->text);
  }
}

}  // namespace

TEST_CASE("whatever a server refuses, each message has one true outcome and reaches no other reader") {
  std::mt19937 random(20241126);
  std::size_t delivered = 0;
  for (int round = 0; round < 600; ++round) {
    for (const auto mode : {SmtpMode::automatic, SmtpMode::bdat, SmtpMode::overlapped, SmtpMode::lockstep}) {
      CAPTURE(round, static_cast<int>(mode));
      const auto given = some_messages(random, 1 + random() % 12);
      const int refusals = static_cast<int>(random() % 3) * 20;
      const auto books = converse(random, given, mode, refusals, random() % 4 == 0);
      check(books, given);
      delivered += books.deliveries.size();
    }
  }
  REQUIRE(delivered > 3000);
}

TEST_CASE("a server that agrees to everything gets everything, and nothing out of order") {
  std::mt19937 random(1);
  for (const auto mode : {SmtpMode::automatic, SmtpMode::bdat, SmtpMode::overlapped, SmtpMode::lockstep}) {
    const auto given = some_messages(random, 300);
    const auto books = converse(random, given, mode, 0, false);
    check(books, given);
    REQUIRE(books.deliveries.size() == given.size());
    REQUIRE(books.out_of_order == 0);
  }
}
