#include "net/mail_pieces.hpp"

#include <cstring>

namespace crier {
namespace {

constexpr std::size_t max_line_bytes = 998;  // RFC 5322 §2.1.1

// How many bytes at the front of `bytes` are neither control characters nor above 127, counted by eights.
std::size_t plain_run(std::string_view bytes) {
  constexpr std::uint64_t ones = 0x0101010101010101;
  std::size_t run = 0;
  for (std::uint64_t eight = 0; run + sizeof eight <= bytes.size(); run += sizeof eight) {
    std::memcpy(&eight, bytes.data() + run, sizeof eight);
    // A byte below a space borrows, one above 127 has its high bit itself.
    if (((eight | (eight - ones * ' ')) & (ones << 7)) != 0) break;
  }
  return run;
}

}  // namespace

WireText::WireText(std::string_view bytes) : bytes_(bytes), before_break_(bytes.size()) {
  std::size_t begin = 0;  // of the line looked at
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    i += plain_run(bytes.substr(i));
    if (i == bytes.size()) break;
    const char c = bytes[i];
    if (static_cast<unsigned char>(c) >= 0x80) is_eight_bit_ = true;
    if (c == '\0' || (c == '\r' && bytes.substr(i + 1, 1) != "\n")) is_clean_ = false;
    if (c != '\n') continue;
    const bool is_crlf = i > begin && bytes[i - 1] == '\r';
    const auto length = i - begin - (is_crlf ? 1 : 0);
    if (!is_crlf || length > max_line_bytes) is_clean_ = false;
    if (!has_break_) before_break_ = length;
    has_break_ = true;
    begin = i + 1;
    if (begin < bytes.size() && bytes[begin] == '.') is_clean_ = false;
  }
  after_break_ = bytes.size() - begin;
}

MailFacts facts_of(std::span<const WireText> pieces) {
  MailFacts facts;
  facts.is_clean = true;
  std::size_t column = 0;
  for (const auto& piece : pieces) {
    const auto bytes = piece.bytes();
    if (bytes.empty()) continue;
    facts.size += bytes.size();
    facts.eight_bit |= piece.is_eight_bit_;
    const bool fits = column + piece.before_break_ <= max_line_bytes && (column > 0 || bytes.front() != '.');
    facts.is_clean &= piece.is_clean_ && fits;
    column = piece.has_break_ ? piece.after_break_ : column + bytes.size();
  }
  facts.is_clean &= column == 0 && facts.size > 0;
  return facts;
}

}  // namespace crier
