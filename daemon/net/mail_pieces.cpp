#include "net/mail_pieces.hpp"

#include <algorithm>

namespace crier {
namespace {

constexpr std::size_t max_line_bytes = 998;  // RFC 5322 §2.1.1

bool has_eight_bit(std::string_view bytes) {
  unsigned char all = 0;
  for (const char c : bytes) all |= static_cast<unsigned char>(c);
  return (all & 0x80) != 0;
}

}  // namespace

WireText::WireText(std::string_view bytes)
    : bytes_(bytes), before_break_(bytes.size()), is_eight_bit_(has_eight_bit(bytes)) {
  is_clean_ = bytes.find('\0') == std::string_view::npos;
  std::size_t breaks = 0;
  std::size_t begin = 0;  // of the line looked at
  for (auto end = bytes.find('\n'); end != std::string_view::npos; end = bytes.find('\n', begin)) {
    const bool is_crlf = end > begin && bytes[end - 1] == '\r';
    const auto length = end - begin - (is_crlf ? 1 : 0);
    if (!is_crlf || length > max_line_bytes) is_clean_ = false;
    if (begin > 0 && bytes[begin] == '.') is_clean_ = false;
    if (breaks++ == 0) before_break_ = length;
    begin = end + 1;
  }
  has_break_ = breaks > 0;
  after_break_ = bytes.size() - begin;
  if (begin > 0 && begin < bytes.size() && bytes[begin] == '.') is_clean_ = false;
  if (static_cast<std::size_t>(std::ranges::count(bytes, '\r')) != breaks) is_clean_ = false;
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
