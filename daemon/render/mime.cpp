#include "render/mime.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

#include <fmt/core.h>

#include "base/encoding.hpp"
#include "base/unicode.hpp"
#include "render/header_text.hpp"

namespace crier {
namespace {

constexpr std::size_t line_length = 76;  // of bodies, without CRLF (RFC 2045 §6.7)
constexpr std::size_t max_token = 900;   // an unbroken token leaves room for its header within 998
constexpr std::size_t max_local = 64;    // of an address, before its @
constexpr std::string_view crlf = "\r\n";
constexpr std::string_view not_an_id = "not a message id of the form left@right";

bool is_ascii_dot_atom(std::string_view text) {
  const auto ok = [](char c) { return is_atom_char(c) || c == '.'; };
  return !text.empty() && std::all_of(text.begin(), text.end(), ok) && !text.starts_with('.') &&
         !text.ends_with('.') && text.find("..") == std::string_view::npos;
}

Error header_error(std::string_view name, std::string_view what) {
  return Error{fmt::format("{}: {}", name, what)};
}

// --- structured values ---

Result<std::string> mailbox_header(std::string_view name, const Mailbox& mailbox) {
  for (const auto* value : {&mailbox.name, &mailbox.address})
    if (auto ok = check_header_value(name, *value); !ok) return ok.error();
  const auto address = to_header_address(mailbox.address);
  if (!address) return header_error(name, address.error().message);
  if (mailbox.name.empty()) return folded_header(name, {*address});
  return folded_header(name, {phrase(mailbox.name, name.size() + 2), "<" + *address + ">"});
}

// What phrase() and to_header_address() leave as it is on one line: most names and addresses, for which
// nothing has to be made.
bool is_plain_phrase(std::string_view name) {
  constexpr std::size_t longest = 60;
  const auto bare = [](char c) { return (is_atom_char(c) && c != '=') || c == ' '; };
  return name.size() <= longest && std::ranges::all_of(name, bare) && !name.starts_with(' ') &&
         !name.ends_with(' ') && name.find("  ") == std::string_view::npos;
}

bool is_plain_address(std::string_view address) {
  const auto at = address.find('@');
  return at != std::string_view::npos && at <= max_local && is_ascii_dot_atom(address.substr(0, at)) &&
         is_plain_host_name(address.substr(at + 1));
}

bool is_message_id(std::string_view id) {
  const auto at = id.find('@');
  const auto ok = [](char c) { return is_atom_char(c) || c == '.' || c == '@'; };
  return id.size() <= 250 && at != std::string_view::npos && at > 0 && at + 1 < id.size() &&
         id.find('@', at + 1) == std::string_view::npos && std::all_of(id.begin(), id.end(), ok);
}

Result<std::string> ids_header(std::string_view name, const std::vector<std::string>& ids) {
  std::vector<std::string> tokens;
  for (const auto& id : ids) {
    if (!is_message_id(id)) return header_error(name, not_an_id);
    tokens.push_back("<" + id + ">");
  }
  return folded_header(name, tokens);
}

// The whole chain of a long-lived story would grow without end; mail programs need its first and its latest.
std::vector<std::string> kept_references(const std::vector<std::string>& references) {
  constexpr std::size_t latest = 9;
  if (references.size() <= latest + 1) return references;
  std::vector<std::string> kept{references.front()};
  kept.insert(kept.end(), references.end() - latest, references.end());
  return kept;
}

Result<std::string> list_id_header(const MailHeaders& headers) {
  if (auto ok = check_header_value("List-Id", headers.list_name); !ok) return ok.error();
  if (!is_ascii_dot_atom(headers.list_id) || headers.list_id.size() > 250)
    return header_error("List-Id", "not a list id of the form list.domain");
  std::vector<std::string> tokens;
  if (!headers.list_name.empty())
    tokens.push_back(phrase(headers.list_name, std::string_view("List-Id: ").size()));
  tokens.push_back("<" + headers.list_id + ">");
  return folded_header("List-Id", tokens);
}

Result<std::string> mailto_link(const std::string& address) {
  const auto wire = to_header_address(address);
  if (!wire) return header_error("List-Unsubscribe", wire.error().message);
  const auto at = wire->rfind('@');
  return "<mailto:" + percent_encode(wire->substr(0, at)) + wire->substr(at) + ">";
}

// What may stand between the angle brackets of a list header (RFC 2369 §2).
bool is_list_url_byte(char c) {
  static constexpr auto table = [] {
    std::array<bool, 256> bytes{};
    for (unsigned byte = 0x21; byte < 0x7F; ++byte)
      bytes[byte] = std::string_view("<>,\"").find(static_cast<char>(byte)) == std::string_view::npos;
    return bytes;
  }();
  return table[static_cast<unsigned char>(c)];
}

Result<std::string> feedback_header(const std::string& value) {
  const bool clean = std::all_of(value.begin(), value.end(), [](char c) { return c > 0x20 && c < 0x7F; });
  if (!clean || value.size() > 200 || std::count(value.begin(), value.end(), ':') > 3)
    return header_error("Feedback-ID", "takes up to four parts of printable ASCII, separated by colons");
  return folded_header("Feedback-ID", {value});
}

// --- bodies ---

// Without its end, which is CR, LF or CRLF.
std::string_view first_line(std::string_view text) {
  const auto line = text.substr(0, text.find('\n'));
  return line.substr(0, line.find('\r'));
}

constexpr auto literal_bytes = [] {
  std::array<bool, 256> table{};
  for (unsigned byte = 0x20; byte < 0x7F; ++byte) table[byte] = byte != '=';
  table['\t'] = true;
  return table;
}();

// How many characters at the front of `text` stand for themselves.
std::size_t literal_run(std::string_view text) {
  constexpr std::uint64_t ones = 0x0101010101010101;
  constexpr std::uint64_t high_bits = ones << 7;
  std::size_t run = 0;
  for (std::uint64_t eight = 0; run + sizeof eight <= text.size(); run += sizeof eight) {
    // A byte above "~", below a space or equal to "=" sets the high bit of one of these, its own at the
    // latest.
    std::memcpy(&eight, text.data() + run, sizeof eight);
    const auto odd = eight | (eight + ones) | (eight - ones * ' ') | ((eight ^ ones * '=') - ones);
    if ((odd & high_bits) != 0) break;
  }
  while (run < text.size() && literal_bytes[static_cast<unsigned char>(text[run])]) ++run;
  return run;
}

// One line without its end; `hard`: a line end follows, which white space must not touch.
void append_quoted_line(std::string_view line, bool hard, std::string& out) {
  static constexpr std::string_view digits = "0123456789ABCDEF";
  const auto trailing = hard && (line.ends_with(' ') || line.ends_with('\t')) ? line.size() - 1 : line.size();
  std::size_t column = 0;
  for (std::size_t i = 0; i < line.size();) {
    const auto left = line.size() - i;
    // The "=" of a soft line break needs a column, unless the line ends without one.
    const auto room = line_length - column - (hard && left <= line_length - column ? 0 : 1);
    const bool guarded = column == 0 && (line[i] == '.' || line.substr(i).starts_with("From "));
    const auto run = guarded ? 0 : literal_run(line.substr(i, std::min(room, trailing - i)));
    out.append(line, i, run);
    i += run;
    column += run;
    if (i == line.size()) break;
    const bool last = hard && i + 1 == line.size();
    if (run == room || column + 3 > line_length - (last ? 0 : 1)) {
      out += "=\r\n";
      column = 0;
      continue;  // at the start of a line other rules hold
    }
    const auto byte = static_cast<unsigned char>(line[i]);
    out.append({'=', digits[byte >> 4], digits[byte & 15]});
    column += 3;
    ++i;
  }
}

// Writes the headers in order and remembers the first mistake.
class HeaderBlock {
 public:
  void add(Result<std::string> header) {
    if (error_) return;
    if (header)
      text_ += *header;
    else
      error_ = header.error();
  }
  const std::optional<Error>& error() const { return error_; }
  /// What was added since the last time.
  std::string take() { return std::exchange(text_, {}); }

 private:
  std::string text_;
  std::optional<Error> error_;
};

}  // namespace

Result<std::string> to_header_address(std::string_view address) {
  const auto at = address.rfind('@');
  if (at == std::string_view::npos || at == 0) return Error{"not an address of the form local@domain"};
  const auto local = address.substr(0, at);
  if (local.size() > max_local) return Error{"the part before the @ is longer than 64 characters"};
  const auto domain = domain_to_ascii(address.substr(at + 1));
  if (!domain) return domain.error();
  if (is_dot_atom(local)) return std::string(local) + "@" + *domain;
  if (!std::ranges::all_of(local, is_printable_ascii))
    return Error{"the part before the @ has characters that no address has"};
  if (local.starts_with('"') && local.ends_with('"') && local.size() > 2) {
    // Already quoted: only complete escapes may stand between the quotes.
    for (std::size_t i = 1; i + 1 < local.size(); ++i) {
      if (local[i] == '"' || (local[i] == '\\' && ++i + 1 >= local.size()))
        return Error{"the quotes before the @ do not match"};
    }
    return std::string(local) + "@" + *domain;
  }
  return quoted_string(local) + "@" + *domain;
}

Result<std::string> encode_text_header(std::string_view name, std::string_view value) {
  if (auto ok = check_header_value(name, value); !ok) return ok.error();
  return folded_header(name, unstructured_tokens(value, name.size() + 2));
}

void append_quoted_printable(std::string_view text, TextEnd end, std::string& out) {
  while (!text.empty()) {
    const auto size = first_line(text).size();
    const bool hard = size < text.size() || end == TextEnd::line;
    append_quoted_line(text.substr(0, size), hard, out);
    out += hard ? "\r\n" : "=\r\n";
    text.remove_prefix(std::min(size + (text.substr(size).starts_with(crlf) ? 2 : 1), text.size()));
  }
}

std::string to_quoted_printable(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  append_quoted_printable(text, TextEnd::line, out);
  return out;
}

void append_base64_lines(std::string_view bytes, std::string& out) {
  const auto encoded = to_base64(bytes);
  for (std::size_t at = 0; at < encoded.size(); at += line_length)
    out.append(encoded, at, line_length).append(crlf);
}

std::string with_crlf(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 16);
  while (!text.empty()) {
    const auto end = first_line(text).size();
    out += text.substr(0, end);
    if (end < text.size()) out += crlf;
    text.remove_prefix(std::min(end + (text.substr(end).starts_with(crlf) ? 2 : 1), text.size()));
  }
  return out;
}

bool is_shorter_in_base64(std::string_view text) {
  const auto beyond_ascii = static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; }));
  // Base64 makes everything a third longer.
  return beyond_ascii * 6 > text.size();
}

Result<SharedHeaders> write_headers(const MailHeaders& headers) {
  SharedHeaders out;
  HeaderBlock block;
  block.add(mailbox_header("From", headers.from));
  out.before_to = block.take();
  if (!headers.reply_to.address.empty()) block.add(mailbox_header("Reply-To", headers.reply_to));
  block.add(encode_text_header("Subject", headers.subject));
  block.add(folded_header("Date", {to_rfc5322(headers.date)}));
  out.before_message_id = block.take();
  if (!headers.in_reply_to.empty()) block.add(ids_header("In-Reply-To", {headers.in_reply_to}));
  if (!headers.references.empty()) block.add(ids_header("References", kept_references(headers.references)));
  if (!headers.list_id.empty()) block.add(list_id_header(headers));
  out.before_unsubscribe = block.take();
  if (!headers.unsubscribe_address.empty()) block.add(mailto_link(headers.unsubscribe_address));
  out.unsubscribe_mailto = block.take();
  if (!headers.feedback_id.empty()) block.add(feedback_header(headers.feedback_id));
  if (headers.auto_generated) block.add(std::string("Auto-Submitted: auto-generated\r\n"));
  if (!headers.list_id.empty()) block.add(std::string("Precedence: bulk\r\n"));
  out.rest = block.take();
  if (const auto& error = block.error()) return *error;
  return out;
}

Result<void> append_to(std::string_view name, std::string_view address, std::string& out) {
  constexpr std::string_view header = "To: ";
  const bool is_plain = is_plain_phrase(name) && is_plain_address(address);
  if (!is_plain) {
    auto whole = mailbox_header("To", {std::string(name), std::string(address)});
    if (!whole) return whole.error();
    out += *whole;
    return {};
  }
  const auto length = header.size() + name.size() + std::string_view(" <>").size() + address.size();
  out += header;
  if (name.empty()) {
    out.append(address).append(crlf);
  } else {
    out.append(name).append(length > header_line_length ? "\r\n <" : " <").append(address).append(">\r\n");
  }
  return {};
}

Result<void> append_message_id(std::string_view id, std::string& out) {
  if (!is_message_id(id)) return header_error("Message-ID", not_an_id);
  out.append("Message-ID: <").append(id).append(">\r\n");
  return {};
}

Result<void> append_unsubscribe(std::string_view url, std::string_view mailto, std::string& out) {
  const bool one_click = url.starts_with("https://");
  if (!one_click && mailto.empty()) return {};
  out += "List-Unsubscribe: ";
  if (one_click) {
    if (url.size() > max_token || !std::ranges::all_of(url, is_list_url_byte))
      return header_error("List-Unsubscribe", "needs an https URL of at most 900 characters");
    out.append("<").append(url).append(mailto.empty() ? ">" : ">,\r\n ");
  }
  out.append(mailto).append(crlf);
  if (one_click) out += "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n";
  return {};
}

}  // namespace crier
