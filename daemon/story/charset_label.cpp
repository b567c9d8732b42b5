#include "story/charset_label.hpp"

#include <algorithm>
#include <array>

#include <unicode/ucnv.h>

#include "story/plain_text.hpp"

namespace crier {
namespace {

constexpr std::size_t max_label_bytes = 60;
constexpr std::size_t sniffed_bytes = 1024;
// WHATWG HTML §13.2.3.2 looks at 1,024 bytes for a meta tag; pages have scripts and comments before it.
constexpr std::size_t meta_bytes = 16U << 10;

struct Signature {
  std::string_view bytes;
  std::string_view name;
  bool is_mark;  // to be taken off, because it is no text
};

// "<?xm" where it is not ASCII, as XML 1.0 appendix F lists it.
constexpr std::array signatures{
    Signature{{"\x00\x00\xFE\xFF", 4}, "utf-32be", true},
    Signature{{"\xFF\xFE\x00\x00", 4}, "utf-32le", true},
    Signature{{"\xFE\xFF", 2}, "utf-16be", true},
    Signature{{"\xFF\xFE", 2}, "utf-16le", true},
    Signature{{"\xEF\xBB\xBF", 3}, "utf-8", true},
    Signature{{"\x4C\x6F\xA7\x94", 4}, "cp037", false},
    Signature{{"\x00\x3C\x00\x3F", 4}, "utf-16be", false},
    Signature{{"\x3C\x00\x3F\x00", 4}, "utf-16le", false},
    Signature{{"\x00\x00\x00\x3C", 4}, "utf-32be", false},
    Signature{{"\x3C\x00\x00\x00", 4}, "utf-32le", false},
};

std::string clean_label(std::string_view label) {
  label = trim(label.substr(0, max_label_bytes));
  auto name = ascii_lower(label);
  std::erase_if(name, [](char c) { return c == '"' || c == '\'' || static_cast<unsigned char>(c) <= 0x20; });
  // "utf8", "utf_16", "u8"
  if (name.starts_with('u') && name.size() > 1 && name[1] >= '1' && name[1] <= '8') name.insert(1, "tf");
  if (name.starts_with("utf_")) name[3] = '-';
  if (name.starts_with("utf") && name.size() > 3 && name[3] >= '1' && name[3] <= '8') name.insert(3, "-");
  // The superset that all who write "gb2312" mean.
  return name == "gb2312" ? "gb18030" : name;
}

std::string header_charset(std::string_view content_type) {
  const auto lower = ascii_lower(content_type);
  const auto at = lower.find("charset");
  if (at == std::string::npos) return {};
  const auto from = lower.find_first_not_of(" \t", at + std::string_view("charset").size());
  if (from == std::string::npos || lower[from] != '=') return {};
  return clean_label(std::string_view(lower).substr(from + 1, lower.find(';', from) - from - 1));
}

// The value of `name="value"` within a declaration.
std::string_view pseudo_attribute(std::string_view declaration, std::string_view name) {
  auto at = declaration.find(name);
  if (at == std::string_view::npos) return {};
  at = declaration.find_first_not_of(" \t\r\n=", at + name.size());
  if (at == std::string_view::npos || (declaration[at] != '"' && declaration[at] != '\'')) return {};
  const auto end = declaration.find(declaration[at], at + 1);
  return end == std::string_view::npos ? std::string_view() : declaration.substr(at + 1, end - at - 1);
}

// The beginning as ASCII, whatever wide charset it is in.
std::string readable_start(std::string_view bytes, std::string_view mark) {
  const auto start = bytes.substr(0, mark.empty() ? meta_bytes : sniffed_bytes);
  if (mark.empty() || mark == "utf-8") return std::string(start);
  std::string out(start.size() * 2, '\0');
  UErrorCode status = U_ZERO_ERROR;
  const auto length =
      ucnv_convert("utf-8", std::string(mark).c_str(), out.data(), static_cast<std::int32_t>(out.size()),
                   start.data(), static_cast<std::int32_t>(start.size()), &status);
  out.resize(U_SUCCESS(status) ? static_cast<std::size_t>(length) : 0);
  return out;
}

std::string xml_label(std::string_view start) {
  const auto from = start.find_first_not_of(" \t\r\n");
  if (from == std::string_view::npos || !start.substr(from).starts_with("<?xml")) return {};
  const auto declaration = start.substr(from, start.find('>', from) - from);
  return clean_label(pseudo_attribute(declaration, "encoding"));
}

std::string meta_label(const std::string& start) {
  const auto lower = ascii_lower(start);
  if (lower.find("<html") == std::string::npos && lower.find("<head") == std::string::npos &&
      lower.find("<!doctype html") == std::string::npos)
    return {};
  for (auto at = lower.find("<meta"); at != std::string::npos; at = lower.find("<meta", at + 1)) {
    const auto tag = std::string_view(lower).substr(at, lower.find('>', at) - at);
    const auto charset = tag.find("charset=");
    if (charset == std::string_view::npos) continue;
    auto value = tag.substr(charset + std::string_view("charset=").size());
    while (value.starts_with('"') || value.starts_with('\'')) value.remove_prefix(1);
    return clean_label(value.substr(0, value.find_first_of("\"' ;/")));
  }
  return {};
}

bool is_xml_type(std::string_view type) {
  return type.ends_with("+xml") || type.ends_with("/xml") || type.starts_with("text/xml");
}

}  // namespace

std::string_view header_value(const ResponseHeaders& headers, std::string_view lower_name) {
  for (const auto& [name, value] : headers)
    if (name == lower_name) return value;
  return {};
}

std::string media_type(std::string_view content_type) {
  return ascii_lower(trim(content_type.substr(0, content_type.find(';'))));
}

CharsetLabels find_charset_labels(std::string_view bytes, const ResponseHeaders& headers) {
  CharsetLabels labels;
  for (const auto& signature : signatures) {
    if (!bytes.starts_with(signature.bytes)) continue;
    labels.mark = signature.name;
    if (signature.is_mark) labels.mark_length = signature.bytes.size();
    break;
  }
  const auto content_type = header_value(headers, "content-type");
  const auto type = media_type(content_type);
  labels.header = header_charset(content_type);
  const auto start = readable_start(bytes.substr(labels.mark_length), labels.mark);
  labels.document = xml_label(start);
  const bool is_xml = is_xml_type(type) || start.substr(0, sniffed_bytes).find("<?xml") != std::string::npos;
  if (labels.document.empty() && !is_xml) labels.document = meta_label(start);
  if (labels.document.starts_with("utf-16") || labels.document.starts_with("utf-32") ||
      labels.document.find("ucs") != std::string::npos || labels.document.ends_with("unicode"))
    if (!labels.mark.empty()) labels.document = labels.mark;  // the mark also says the order of the bytes
  labels.assumed = is_xml && type.starts_with("text/") ? "us-ascii" : "utf-8";
  return labels;
}

}  // namespace crier
