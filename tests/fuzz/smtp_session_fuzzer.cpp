// Plays a hostile SMTP server against the client's state machine. The first bytes choose security, login,
// mode and the sizes of what is written and heard at once; the rest decides, reply by reply, between a server
// that keeps the protocol but refuses what it likes, and bytes that are said as they are. No input may crash
// the session, decide a message twice or never, bring a message to another's reader, or keep it from ending.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "net/smtp_session.hpp"
#include "support/smtp_peer.hpp"

using namespace crier;
using crier::test::SmtpPeer;

namespace {

class Choices {
 public:
  explicit Choices(std::string_view bytes) : left_(bytes) {}

  bool is_empty() const { return left_.empty(); }
  std::uint8_t next() {
    if (left_.empty()) return 0;
    const auto byte = static_cast<std::uint8_t>(left_.front());
    left_.remove_prefix(1);
    return byte;
  }
  // A line as it stands, with its end.
  std::string_view line() {
    const auto end = std::min(left_.find('\n'), left_.size() - (left_.empty() ? 0 : 1));
    const auto text = left_.substr(0, left_.empty() ? 0 : end + 1);
    left_.remove_prefix(text.size());
    return text;
  }

 private:
  std::string_view left_;
};

struct Letter {
  std::string to;
  std::string text;
  WireText piece;
};

void check(bool holds) {
  if (!holds) std::abort();
}

void check_deliveries(const SmtpPeer& peer, const std::vector<Letter>& letters,
                      const std::vector<std::optional<SmtpResult>>& results) {
  std::vector<int> copies(letters.size());
  for (const auto& delivery : peer.deliveries()) {
    for (const auto& recipient : delivery.recipients) {
      const auto letter = std::ranges::find(letters, recipient, &Letter::to);
      check(letter != letters.end() && letter->text == delivery.message);
      ++copies[static_cast<std::size_t>(letter - letters.begin())];
    }
  }
  for (std::size_t i = 0; i < letters.size(); ++i) {
    if (!results[i]) continue;
    const bool taken = results[i]->verdict == SmtpVerdict::accepted;
    const bool in_doubt = results[i]->verdict == SmtpVerdict::ambiguous;
    check(copies[i] <= 1);
    if (!in_doubt) check(copies[i] == (taken ? 1 : 0));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  Choices choices({reinterpret_cast<const char*>(data), size});
  const auto choice = choices.next();
  const auto mode = static_cast<SmtpMode>(choices.next() & 3);
  const std::size_t write_most = 1UL + choices.next() * 4UL;
  const std::size_t hear_most = 1UL + choices.next();
  SmtpLogin login;
  if ((choice & 4) != 0) login = {"user", "password", (choice & 8) != 0, true};
  SmtpSession session("crier.example", static_cast<SmtpSecurity>(choice & 3), login, mode, {400, 4});

  static constexpr std::array<const char*, 4> extensions{
      "250-PIPELINING\r\n250 CHUNKING\r\n", "250-CHUNKING\r\n250-PIPELINING\r\n250 SIZE 100000\r\n",
      "250 PIPELINING\r\n",
      "250-STARTTLS\r\n250-AUTH LOGIN PLAIN XOAUTH2\r\n250-PIPELINING\r\n250 CHUNKING\r\n"};
  const auto react = [&](std::string_view) {
    return choices.is_empty() ? SmtpPeer::Reaction::agree
                              : static_cast<SmtpPeer::Reaction>(choices.next() % 6);
  };
  SmtpPeer peer(extensions[(choice >> 4) & 3], react);
  std::vector<Letter> letters(6);
  for (std::size_t i = 0; i < letters.size(); ++i) {
    letters[i].to = "reader" + std::to_string(i) + "@example.net";
    letters[i].text = "To: " + letters[i].to + "\r\n\r\nRCPT TO:<x@example.org>\r\n";
    letters[i].piece = WireText(letters[i].text);
  }
  std::vector<std::optional<SmtpResult>> results(letters.size());
  std::vector<SmtpDecision> decided;
  std::size_t submitted = 0;
  const auto take_decided = [&] {
    session.take_decided(decided);
    for (auto& [number, result] : decided) {
      check(number < submitted && !results[number] && result.text.size() <= 1024);
      check(result.verdict == SmtpVerdict::accepted || !result.reason.empty());
      results[number] = std::move(result);
    }
  };

  bool is_honest = true;
  std::string replies = peer.greet();
  session.connected();
  for (std::size_t turns = 0; turns < size * 4 + 4000 && !session.is_closed(); ++turns) {
    if (submitted < letters.size()) {
      const auto& letter = letters[submitted++];
      session.submit({"news@example.org", letter.to, "<1@example.org>", {&letter.piece, 1}});
    }
    if (session.wants_handshake()) {
      session.secured();
      replies.clear();
    } else if (!session.output().empty()) {
      const auto view = session.output().front();
      const auto part = std::min(view.size(), write_most);
      replies += peer.hear(view.substr(0, part));
      session.written(part);
    }
    if (choices.next() % 16 == 15) {
      replies += choices.line();
      is_honest = false;
    }
    // What is said to an idle session is heard, too: it ends it.
    if ((session.awaits_reply() || session.is_idle()) && !replies.empty()) {
      const auto part = std::min(replies.size(), hear_most);
      session.received(std::string_view(replies).substr(0, part));
      replies.erase(0, part);
    } else if (session.output().empty() && replies.empty() && !session.wants_handshake()) {
      if (session.is_idle() && submitted == letters.size())
        session.quit();
      else
        session.lost("connection-lost", "no more");
    }
    take_decided();
  }
  check(session.is_closed() || !session.output().empty() || session.awaits_reply());
  session.lost("connection-lost", "cut");
  take_decided();
  for (std::size_t i = 0; i < submitted; ++i) check(results[i].has_value());
  if (is_honest) check_deliveries(peer, letters, results);  // else even the two of them may be at odds
  return 0;
}
