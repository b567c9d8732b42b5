#include "render/mime.hpp"

#include <algorithm>
#include <optional>

#include <fmt/core.h>

#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "base/unicode.hpp"

namespace crier {
namespace {

constexpr std::size_t line_length = 76;          // what we aim at, without CRLF
constexpr std::size_t encoded_word_length = 75;  // RFC 2047 §2
constexpr std::size_t max_token = 900;           // an unbroken token leaves room for its header within 998
constexpr std::string_view crlf = "\r\n";

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_printable_ascii(char c) {
  return c >= 0x20 && c < 0x7F;
}

bool is_atom_char(char c) {
  return is_alphanumeric(c) || std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

bool is_dot_atom(std::string_view text) {
  const auto ok = [](char c) { return is_atom_char(c) || c == '.'; };
  return !text.empty() && std::all_of(text.begin(), text.end(), ok) && !text.starts_with('.') &&
         !text.ends_with('.') && text.find("..") == std::string_view::npos;
}

Error header_error(std::string_view name, std::string_view what) {
  return Error{fmt::format("{}: {}", name, what)};
}

Result<void> check_value(std::string_view name, std::string_view value) {
  constexpr std::size_t max_value = 8U << 10;
  if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos)
    return header_error(name, "a header value cannot hold a line end or a NUL");
  if (value.size() > max_value) return header_error(name, "the value is longer than 8 KB");
  return {};
}

// --- encoded words (RFC 2047) ---

// The characters that stand for themselves in every place where an encoded word may be (§5, rule 3).
bool is_plain_in_word(char c) {
  return is_alphanumeric(c) || c == '!' || c == '*' || c == '+' || c == '-' || c == '/';
}

std::string q_encode(std::string_view text) {
  static constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_plain_in_word(c))
      out += c;
    else if (c == ' ')
      out += '_';
    else
      out.append({'=', digits[byte >> 4], digits[byte & 15]});
  }
  return out;
}

struct WordCoder {
  char letter;
  std::size_t overhead = std::string_view(
                             "=?utf-8?Q?"
                             "?=")
                             .size();

  std::size_t size_of(std::string_view text) const {
    return overhead + (letter == 'B' ? (text.size() + 2) / 3 * 4 : q_encode(text).size());
  }
  std::string encode(std::string_view text) const {
    return fmt::format("=?utf-8?{}?{}?=", letter, letter == 'B' ? to_base64(text) : q_encode(text));
  }
};

// The units that a word is never cut inside: graphemes, or the code points of one too long for any word.
std::vector<std::string_view> uncut_units(std::string_view text) {
  constexpr std::size_t longest_unit = 39;  // bytes of base64 that fit beside the name of any header of ours
  std::vector<std::string_view> units;
  std::size_t from = 0;
  for (const auto end : grapheme_ends(text)) {
    while (end - from > longest_unit) {
      auto cut = from + longest_unit;
      while ((static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;
      units.push_back(text.substr(from, cut - from));
      from = cut;
    }
    units.push_back(text.substr(from, end - from));
    from = end;
  }
  return units;
}

// Encoded words folded onto lines; the first begins at `column` of the current line.
std::string to_encoded_words(std::string_view text, std::size_t column) {
  const auto units = uncut_units(text);
  const auto widest = std::max_element(
      units.begin(), units.end(), [](auto a, auto b) { return q_encode(a).size() < q_encode(b).size(); });
  const WordCoder q{'Q'};
  const WordCoder b{'B'};
  // A first word that does not fit beside the header's name would leave a line of nothing but white space.
  const auto first_room = std::min(encoded_word_length, line_length - std::min(column, line_length));
  const bool q_fits = widest == units.end() || q.size_of(*widest) <= first_room;
  const auto& coder = q_fits && q.size_of(text) <= b.size_of(text) ? q : b;
  std::string out;
  std::size_t from = 0;
  std::size_t length = 0;
  for (const auto unit : units) {
    const auto room = std::min(encoded_word_length, line_length - std::min(column, line_length));
    if (coder.size_of(text.substr(from, length + unit.size())) > room) {
      if (length > 0) out += coder.encode(text.substr(from, length));
      out += "\r\n ";
      column = 1;
      from += length;
      length = 0;
    }
    length += unit.size();
  }
  return out + coder.encode(text.substr(from, length));
}

// Whether a header may carry `text` as it is: what a reader unfolds must be what was written.
bool is_plain_text(std::string_view text) {
  constexpr std::size_t longest_word = line_length - 2;
  if (!std::all_of(text.begin(), text.end(), is_printable_ascii)) return false;
  if (text.starts_with(' ') || text.ends_with(' ') || text.find("  ") != std::string_view::npos) return false;
  if (text.find("=?") != std::string_view::npos) return false;
  std::size_t word = 0;
  for (const char c : text) {
    word = c == ' ' ? 0 : word + 1;
    if (word > longest_word) return false;
  }
  return true;
}

// Puts `tokens` after "Name:", a space before each, on a new line where one would pass the line length.
std::string folded(std::string_view name, const std::vector<std::string>& tokens) {
  std::string out = std::string(name) + ":";
  auto column = out.size();
  bool first = true;
  for (const auto& token : tokens) {
    // A token may bring folds of its own; its first line is what has to fit here.
    const auto first_line = std::min(token.find(crlf), token.size());
    if (!first && column + 1 + first_line > line_length) {
      out += crlf;
      column = 0;
    }
    out += ' ';
    out += token;
    const auto last_fold = token.rfind(crlf);
    column =
        last_fold == std::string::npos ? column + 1 + token.size() : token.size() - last_fold - crlf.size();
    first = false;
  }
  return out.append(crlf);
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

// --- structured values ---

// A display name (RFC 5322 §3.4): a bare word, a quoted string or encoded words.
std::string phrase(std::string_view name, std::size_t column) {
  constexpr std::size_t longest_quoted = 60;
  const auto clean = repair_utf8(name);
  if (!is_plain_text(clean) || clean.size() > longest_quoted) return to_encoded_words(clean, column);
  const auto bare = [](char c) { return is_atom_char(c) || c == ' '; };
  if (std::all_of(clean.begin(), clean.end(), bare)) return clean;
  std::string quoted = "\"";
  for (const char c : clean) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

Result<std::string> mailbox_header(std::string_view name, const Mailbox& mailbox) {
  for (const auto* value : {&mailbox.name, &mailbox.address})
    if (auto ok = check_value(name, *value); !ok) return ok.error();
  const auto address = to_header_address(mailbox.address);
  if (!address) return header_error(name, address.error().message);
  if (mailbox.name.empty()) return folded(name, {*address});
  return folded(name, {phrase(mailbox.name, name.size() + 2), "<" + *address + ">"});
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
    if (!is_message_id(id)) return header_error(name, "not a message id of the form left@right");
    tokens.push_back("<" + id + ">");
  }
  return folded(name, tokens);
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
  if (auto ok = check_value("List-Id", headers.list_name); !ok) return ok.error();
  if (!is_dot_atom(headers.list_id) || headers.list_id.size() > 250)
    return header_error("List-Id", "not a list id of the form list.domain");
  std::vector<std::string> tokens;
  if (!headers.list_name.empty())
    tokens.push_back(phrase(headers.list_name, std::string_view("List-Id: ").size()));
  tokens.push_back("<" + headers.list_id + ">");
  return folded("List-Id", tokens);
}

Result<std::string> unsubscribe_headers(const MailHeaders& headers) {
  constexpr std::string_view name = "List-Unsubscribe";
  std::vector<std::string> tokens;
  if (const auto& url = headers.unsubscribe_url; !url.empty()) {
    const bool clean = std::all_of(url.begin(), url.end(), [](char c) {
      return c > 0x20 && c < 0x7F && c != '<' && c != '>' && c != ',' && c != '"';
    });
    if (!clean || !url.starts_with("https://") || url.size() > max_token)
      return header_error(name, "needs an https URL of at most 900 characters");
    tokens.push_back("<" + url + ">");
  }
  if (!headers.unsubscribe_address.empty()) {
    const auto address = to_header_address(headers.unsubscribe_address);
    if (!address) return header_error(name, address.error().message);
    if (!tokens.empty()) tokens.back() += ',';
    const auto at = address->rfind('@');
    tokens.push_back("<mailto:" + percent_encode(address->substr(0, at)) + address->substr(at) + ">");
  }
  auto out = folded(name, tokens);
  if (!headers.unsubscribe_url.empty()) out += "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n";
  return out;
}

Result<std::string> feedback_header(const std::string& value) {
  const bool clean = std::all_of(value.begin(), value.end(), [](char c) { return c > 0x20 && c < 0x7F; });
  if (!clean || value.size() > 200 || std::count(value.begin(), value.end(), ':') > 3)
    return header_error("Feedback-ID", "takes up to four parts of printable ASCII, separated by colons");
  return folded("Feedback-ID", {value});
}

// --- bodies ---

// Calls visit(line) for each line of `text`, without its end, whichever of CR, LF and CRLF that is.
template <class Visit>
void for_each_line(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const auto end = std::min(text.find_first_of("\r\n"), text.size());
    visit(text.substr(0, end));
    text.remove_prefix(end);
    if (text.starts_with(crlf))
      text.remove_prefix(crlf.size());
    else if (!text.empty())
      text.remove_prefix(1);
  }
}

std::string to_base64_lines(std::string_view text) {
  std::string canonical;
  canonical.reserve(text.size() + text.size() / 16);
  for_each_line(text, [&](std::string_view line) { canonical.append(line).append(crlf); });
  const auto encoded = to_base64(canonical);
  std::string out;
  out.reserve(encoded.size() + encoded.size() / line_length * 2 + 2);
  for (std::size_t at = 0; at < encoded.size(); at += line_length)
    out.append(encoded, at, line_length).append(crlf);
  return out;
}

std::string body_part(std::string_view type, std::string_view body) {
  const auto clean = repair_utf8(body);
  const auto beyond_ascii = static_cast<std::size_t>(std::count_if(
      clean.begin(), clean.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; }));
  // Quoted-printable triples what is beyond ASCII, base64 makes everything a third longer.
  const bool use_base64 = beyond_ascii * 6 > clean.size();
  return fmt::format(
      "Content-Type: {}; charset=utf-8\r\n"
      "Content-Transfer-Encoding: {}\r\n"
      "\r\n{}",
      type, use_base64 ? "base64" : "quoted-printable",
      use_base64 ? to_base64_lines(clean) : to_quoted_printable(clean));
}

// "=_" occurs in neither quoted-printable nor base64, so no body can hold its own boundary (RFC 2045 §6.7).
std::string boundary_for(std::string_view message_id) {
  return "=_" + to_hex(sha256(message_id)).substr(0, 32);
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
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
  std::optional<Error> error_;
};

}  // namespace

Result<std::string> to_header_address(std::string_view address) {
  const auto at = address.rfind('@');
  if (at == std::string_view::npos || at == 0) return Error{"not an address of the form local@domain"};
  const auto local = address.substr(0, at);
  if (local.size() > 64) return Error{"the part before the @ is longer than 64 characters"};
  if (!std::all_of(local.begin(), local.end(), is_printable_ascii))
    return Error{"the part before the @ has characters beyond printable ASCII, which mail servers refuse"};
  const auto domain = domain_to_ascii(address.substr(at + 1));
  if (!domain) return domain.error();
  if (is_dot_atom(local)) return std::string(local) + "@" + *domain;
  if (local.starts_with('"') && local.ends_with('"') && local.size() > 2) {
    // Already quoted: only complete escapes may stand between the quotes.
    for (std::size_t i = 1; i + 1 < local.size(); ++i) {
      if (local[i] == '"' || (local[i] == '\\' && ++i + 1 >= local.size()))
        return Error{"the quotes before the @ do not match"};
    }
    return std::string(local) + "@" + *domain;
  }
  std::string quoted = "\"";
  for (const char c : local) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"@" + *domain;
}

Result<std::string> encode_text_header(std::string_view name, std::string_view value) {
  if (auto ok = check_value(name, value); !ok) return ok.error();
  const auto clean = repair_utf8(value);
  if (is_plain_text(clean)) return folded(name, words_of(clean));
  return folded(name, {to_encoded_words(clean, name.size() + 2)});
}

std::string to_quoted_printable(std::string_view text) {
  static constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  for_each_line(text, [&](std::string_view line) {
    std::size_t column = 0;
    for (std::size_t i = 0; i < line.size();) {
      const char c = line[i];
      const bool last = i + 1 == line.size();
      const bool guarded = column == 0 && ((c == '.' && last) || line.substr(i).starts_with("From "));
      const bool literal =
          (c == '\t' || is_printable_ascii(c)) && c != '=' && !guarded && !(last && (c == ' ' || c == '\t'));
      const std::size_t width = literal ? 1 : 3;
      if (column + width > line_length - (last ? 0 : 1)) {
        out += "=\r\n";
        column = 0;
        continue;  // again, at the start of a line, where other rules hold
      }
      const auto byte = static_cast<unsigned char>(c);
      if (literal)
        out += c;
      else
        out.append({'=', digits[byte >> 4], digits[byte & 15]});
      column += width;
      ++i;
    }
    out += crlf;
  });
  return out;
}

Result<std::string> compose_mail(const MailHeaders& headers, std::string_view text, std::string_view html) {
  HeaderBlock block;
  block.add(mailbox_header("From", headers.from));
  block.add(mailbox_header("To", headers.to));
  if (!headers.reply_to.address.empty()) block.add(mailbox_header("Reply-To", headers.reply_to));
  block.add(encode_text_header("Subject", headers.subject));
  block.add(folded("Date", {to_rfc5322(headers.date)}));
  block.add(ids_header("Message-ID", {headers.message_id}));
  if (!headers.in_reply_to.empty()) block.add(ids_header("In-Reply-To", {headers.in_reply_to}));
  if (!headers.references.empty()) block.add(ids_header("References", kept_references(headers.references)));
  if (!headers.list_id.empty()) block.add(list_id_header(headers));
  if (!headers.unsubscribe_url.empty() || !headers.unsubscribe_address.empty())
    block.add(unsubscribe_headers(headers));
  if (!headers.feedback_id.empty()) block.add(feedback_header(headers.feedback_id));
  if (headers.auto_generated) block.add(std::string("Auto-Submitted: auto-generated\r\n"));
  if (!headers.list_id.empty()) block.add(std::string("Precedence: bulk\r\n"));
  if (block.error()) return *block.error();
  const auto boundary = boundary_for(headers.message_id);
  return block.take() + "MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n boundary=\"" +
         boundary + "\"\r\n\r\n--" + boundary + "\r\n" + body_part("text/plain", text) + "\r\n--" + boundary +
         "\r\n" + body_part("text/html", html) + "\r\n--" + boundary + "--\r\n";
}

}  // namespace crier
