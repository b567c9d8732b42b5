#include "net/envelope.hpp"

#include <algorithm>
#include <memory>

#include <unicode/idna.h>
#include <unicode/stringpiece.h>

#include "base/encoding.hpp"
#include "base/unicode.hpp"

namespace crier {
namespace {

constexpr std::size_t max_address_bytes = 254;  // RFC 5321 §4.5.3.1.3 less the angle brackets
constexpr std::size_t max_local_bytes = 64;

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_domain(std::string_view text) {
  return !text.empty() && !text.starts_with('.') && !text.ends_with('.') &&
         text.find("..") == std::string_view::npos && std::ranges::all_of(text, [](char c) {
           return c == '.' || c == '-' || c == '_' || is_alphanumeric(c);
         });
}

Result<std::string> to_ascii_domain(std::string_view domain) {
  std::string out;
  if (is_ascii(domain)) {
    out = domain;
  } else {
    UErrorCode status = U_ZERO_ERROR;
    const std::unique_ptr<icu::IDNA> idna(
        icu::IDNA::createUTS46Instance(UIDNA_NONTRANSITIONAL_TO_ASCII | UIDNA_CHECK_BIDI, status));
    if (U_FAILURE(status)) return Error{"e-mail address: ICU cannot convert its domain"};
    icu::IDNAInfo info;
    icu::StringByteSink<std::string> sink(&out);
    idna->nameToASCII_UTF8({domain.data(), static_cast<std::int32_t>(domain.size())}, sink, info, status);
    if (U_FAILURE(status) || info.hasErrors()) return Error{"e-mail address: its domain is not a valid IDN"};
  }
  if (!is_domain(out)) return Error{"e-mail address: its domain is not a host name"};
  return out;
}

}  // namespace

Result<WireAddress> to_wire_address(std::string_view address) {
  const auto at = address.rfind('@');
  if (at == std::string_view::npos) return Error{"e-mail address: no @ in it"};
  if (address.size() > max_address_bytes) return Error{"e-mail address: longer than 254 bytes"};
  const auto local = address.substr(0, at);
  if (local.size() > max_local_bytes) return Error{"e-mail address: more than 64 bytes before the @"};
  if (!is_dot_atom(local) || !is_valid_utf8(address))
    return Error{"e-mail address: characters before the @ that crier does not send"};
  auto domain = to_ascii_domain(address.substr(at + 1));
  if (!domain) return domain.error();
  WireAddress out{std::string(local) + "@" + *domain, !is_ascii(local)};
  if (out.text.size() > max_address_bytes) return Error{"e-mail address: longer than 254 bytes"};
  return out;
}

}  // namespace crier
