#include "net/smtp_reply.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/core.h>

#include "base/encoding.hpp"

namespace crier {
namespace {

constexpr std::size_t max_text_bytes = 1024;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// "5.1.1 no such user" → "5.1.1" (RFC 3463 §2: class "." 1*3digit "." 1*3digit)
std::string enhanced_code(std::string_view line, int code) {
  const auto end = std::min(line.find(' '), line.size());
  const auto word = line.substr(0, end);
  if (word.size() < 5 || word[0] - '0' != code / 100 || word[1] != '.') return {};
  const auto dot = word.find('.', 2);
  if (dot == std::string_view::npos) return {};
  const auto subject = word.substr(2, dot - 2);
  const auto detail = word.substr(dot + 1);
  const auto is_number = [](std::string_view text) {
    return !text.empty() && text.size() <= 3 && std::ranges::all_of(text, is_digit);
  };
  return is_number(subject) && is_number(detail) ? std::string(word) : std::string();
}

bool before_mail(SmtpStage stage) {
  return stage <= SmtpStage::reset;
}

// RFC 3463 §3: address, mailbox, system, network, protocol, content, policy.
SmtpVerdict judge_enhanced(std::string_view code) {
  if (code == "5.2.2") return SmtpVerdict::transient;                  // mailbox full
  if (code == "5.1.7" || code == "5.1.8") return SmtpVerdict::sender;  // our address
  // Mailbox or domain has a new owner (RFC 7293 §8): the only policies about the recipient.
  if (code == "5.7.17" || code == "5.7.18") return SmtpVerdict::permanent;
  if (code.starts_with("5.7.")) return SmtpVerdict::sender;
  const bool is_final =
      code.starts_with("5.1.") || code.starts_with("5.2.") || code == "5.3.4" || code.starts_with("5.6.");
  return is_final ? SmtpVerdict::permanent : SmtpVerdict::transient;
}

bool says_unknown_recipient(const SmtpReply& reply) {
  static constexpr std::array<std::string_view, 14> phrases{
      "user unknown",      "unknown user",      "no such user",      "user not found",  "unknown recipient",
      "no such recipient", "invalid recipient", "recipient unknown", "unknown address", "address unknown",
      "no such mailbox",   "mailbox not found", "no mailbox",        "not exist"};
  const auto text = to_lower_ascii(reply.text());
  return std::ranges::any_of(phrases, [&](auto phrase) { return text.find(phrase) != std::string::npos; });
}

SmtpVerdict judge_permanent(SmtpStage stage, const SmtpReply& reply) {
  if (before_mail(stage)) return SmtpVerdict::sender;
  if (reply.code == 503) return SmtpVerdict::desync;  // bad sequence: one of us lost count
  if (reply.code == 530 || reply.code == 534 || reply.code == 535 || reply.code == 538)
    return SmtpVerdict::sender;
  if (!reply.enhanced.empty() && stage != SmtpStage::mail) return judge_enhanced(reply.enhanced);
  if (stage == SmtpStage::mail) {
    // Size (552, 5.3.4) and encoding (5.6.x) speak of the message; all else at MAIL speaks of us.
    const bool message = reply.enhanced.starts_with("5.3.4") || reply.enhanced.starts_with("5.6.") ||
                         (reply.enhanced.empty() && reply.code == 552);
    return message ? SmtpVerdict::permanent : SmtpVerdict::sender;
  }
  if (reply.code == 552) return SmtpVerdict::transient;
  const bool is_vague = reply.code == 550 || reply.code == 551 || reply.code == 553 || reply.code == 554;
  return is_vague && !says_unknown_recipient(reply) ? SmtpVerdict::transient : SmtpVerdict::permanent;
}

}  // namespace

std::string_view to_string(SmtpStage stage) {
  switch (stage) {
    case SmtpStage::connect:
      return "connect";
    case SmtpStage::greeting:
      return "greeting";
    case SmtpStage::hello:
      return "hello";
    case SmtpStage::starttls:
      return "starttls";
    case SmtpStage::tls:
      return "tls";
    case SmtpStage::auth:
      return "auth";
    case SmtpStage::reset:
      return "reset";
    case SmtpStage::mail:
      return "mail";
    case SmtpStage::recipient:
      return "recipient";
    case SmtpStage::data:
      return "data";
    case SmtpStage::body:
      return "body";
    case SmtpStage::quit:
      return "quit";
  }
  return "unknown";
}

std::string SmtpReply::text() const {
  auto out = std::to_string(code);
  for (const auto& line : lines) {
    out += ' ';
    out += line;
    if (out.size() > max_text_bytes) break;
  }
  return to_one_line(out, max_text_bytes);
}

SmtpReplyParser::Progress SmtpReplyParser::feed(std::string_view& bytes) {
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    const auto piece = bytes.substr(0, end);
    if (line_.size() + piece.size() > max_line_bytes) return Progress::malformed;
    line_ += piece;
    if (end == std::string_view::npos) {
      bytes = {};
      return Progress::incomplete;
    }
    bytes.remove_prefix(end + 1);
    const auto progress = end_line();
    if (progress != Progress::incomplete) return progress;
  }
  return Progress::incomplete;
}

SmtpReplyParser::Progress SmtpReplyParser::end_line() {
  if (line_.ends_with('\r')) line_.pop_back();
  const auto line = std::exchange(line_, {});
  if (line.size() < 3 || line[0] < '2' || line[0] > '5' || !is_digit(line[1]) || !is_digit(line[2]))
    return Progress::malformed;
  const int code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
  const char separator = line.size() > 3 ? line[3] : ' ';
  if (separator != ' ' && separator != '-') return Progress::malformed;
  if (!reply_.lines.empty() && reply_.code != code) return Progress::malformed;
  if (reply_.lines.size() == max_lines) return Progress::malformed;
  reply_.code = code;
  reply_.lines.push_back(line.size() > 4 ? line.substr(4) : std::string());
  return separator == '-' ? Progress::incomplete : Progress::complete;
}

SmtpReply SmtpReplyParser::take() {
  auto reply = std::exchange(reply_, {});
  reply.enhanced = enhanced_code(reply.lines.front(), reply.code);
  return reply;
}

std::optional<SmtpShortReply> SmtpReplyParser::take_short(std::string_view& bytes) const {
  if (!line_.empty() || !reply_.lines.empty() || bytes.size() < 5) return std::nullopt;
  const bool fits =
      (bytes[0] == '2' || bytes[0] == '3') && is_digit(bytes[1]) && is_digit(bytes[2]) && bytes[3] == ' ';
  const auto end = bytes.find('\n');
  if (!fits || end == std::string_view::npos || end > max_line_bytes) return std::nullopt;
  auto line = bytes.substr(0, end);
  if (line.ends_with('\r')) line.remove_suffix(1);
  bytes.remove_prefix(end + 1);
  return SmtpShortReply{(line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0'), line};
}

SmtpResult judge(SmtpStage stage, const SmtpReply& reply) {
  SmtpResult result;
  result.verdict = reply.code >= 500 ? judge_permanent(stage, reply) : SmtpVerdict::transient;
  result.stage = stage;
  result.code = reply.code;
  result.enhanced = reply.enhanced;
  result.reason = reply.enhanced.empty() ? fmt::format("smtp-{}", reply.code) : "smtp-" + reply.enhanced;
  result.text = reply.text();
  return result;
}

SmtpResult accepted_by(int code, std::string_view line) {
  SmtpResult result;
  result.verdict = SmtpVerdict::accepted;
  result.stage = SmtpStage::body;
  result.code = code;
  result.enhanced = enhanced_code(line.substr(std::min<std::size_t>(line.size(), 4)), code);
  result.text = to_one_line(line, max_text_bytes);
  return result;
}

SmtpResult own_words(SmtpVerdict verdict, SmtpStage stage, std::string_view reason,
                     std::string_view sentence) {
  SmtpResult result;
  result.verdict = verdict;
  result.stage = stage;
  result.reason = reason;
  result.text = to_one_line(sentence, max_text_bytes);
  return result;
}

}  // namespace crier
