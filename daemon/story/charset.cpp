#include "story/charset.hpp"

#include <array>
#include <cstdint>
#include <optional>

#include <unicode/ucnv.h>
#include <unicode/unistr.h>
#include <unicode/utf8.h>

#include "base/encoding.hpp"
#include "story/plain_text.hpp"

namespace crier {
namespace {

// The UTF-8 of the windows-1252 bytes 0x80 to 0xFF.
using UpperHalf = std::array<std::string, 128>;

UpperHalf make_upper_half() {
  UpperHalf out;
  UErrorCode status = U_ZERO_ERROR;
  const icu::LocalUConverterPointer windows_1252(ucnv_open("windows-1252", &status));
  for (unsigned i = 0; i < out.size(); ++i) {
    const char byte = static_cast<char>(0x80 + i);
    icu::UnicodeString(&byte, 1, windows_1252.getAlias(), status).toUTF8String(out[i]);
  }
  return out;
}

// Keeps well-formed UTF-8 and reads every other byte as windows-1252: right for a file that is wholly
// windows-1252 and for one that was pasted together from both.
DecodedText repair_as_windows_1252(std::string_view bytes) {
  static const UpperHalf upper_half = make_upper_half();
  DecodedText out;
  out.repaired = true;
  out.text.reserve(bytes.size() + bytes.size() / 8);
  bool any_multibyte = false;
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  const auto size = static_cast<std::int32_t>(bytes.size());
  for (std::int32_t at = 0; at < size;) {
    const auto start = at;
    UChar32 c = 0;
    U8_NEXT(data, at, size, c);
    if (c < 0) {
      at = start + 1;
      const auto byte = static_cast<unsigned char>(bytes[static_cast<std::size_t>(start)]);
      out.text += upper_half[byte - 0x80U];
      continue;
    }
    any_multibyte = any_multibyte || at - start > 1;
    out.text.append(bytes, static_cast<std::size_t>(start), static_cast<std::size_t>(at - start));
  }
  out.encoding = any_multibyte ? "utf-8+windows-1252" : "windows-1252";
  return out;
}

std::optional<DecodedText> decode_marked(std::string_view bytes) {
  const auto size = static_cast<std::int32_t>(bytes.size());
  UErrorCode status = U_ZERO_ERROR;
  std::int32_t mark_length = 0;
  const char* name = ucnv_detectUnicodeSignature(bytes.data(), size, &mark_length, &status);
  if (U_FAILURE(status) || name == nullptr) return std::nullopt;
  DecodedText out;
  out.encoding = ascii_lower(name);
  const auto content = bytes.substr(static_cast<std::size_t>(mark_length));
  if (out.encoding == "utf-8") {
    if (!is_valid_utf8(content)) return repair_as_windows_1252(content);
    out.text = content;
    return out;
  }
  const icu::LocalUConverterPointer converter(ucnv_open(name, &status));
  if (U_FAILURE(status)) return std::nullopt;
  const icu::UnicodeString decoded(content.data(), static_cast<std::int32_t>(content.size()),
                                   converter.getAlias(), status);
  if (U_FAILURE(status)) return std::nullopt;
  decoded.toUTF8String(out.text);
  out.repaired = decoded.indexOf(static_cast<char16_t>(0xFFFD)) >= 0;
  return out;
}

DecodedText decode(std::string_view bytes) {
  if (auto marked = decode_marked(bytes)) return std::move(*marked);
  if (is_valid_utf8(bytes)) return {std::string(bytes), "utf-8", false};
  return repair_as_windows_1252(bytes);
}

bool is_binary(std::string_view text) {
  std::size_t controls = 0;
  for (const char c : text) {
    if (c == '\0') return true;
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 && std::string_view("\t\n\v\f\r").find(c) == std::string_view::npos) ++controls;
  }
  return controls * 50 > text.size();
}

}  // namespace

Result<DecodedText> decode_text(std::string_view bytes) {
  auto decoded = decode(bytes);
  if (is_binary(decoded.text)) return Error{"not a text file"};
  // Old printers' page and tab controls separate words as a line end does.
  for (char& c : decoded.text)
    if (c == '\v' || c == '\f') c = '\n';
  if (decoded.text.find_first_not_of(" \t\r\n") == std::string::npos) return Error{"the file is empty"};
  std::string lines;
  lines.reserve(decoded.text.size());
  for (std::size_t i = 0; i < decoded.text.size(); ++i) {
    const char c = decoded.text[i];
    if (c == '\r') {
      lines += '\n';
      if (i + 1 < decoded.text.size() && decoded.text[i + 1] == '\n') ++i;
    } else if (c == '\n' || c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F)) {
      lines += c;
    }
  }
  decoded.text = std::move(lines);
  return decoded;
}

}  // namespace crier
