#include "render/mime.hpp"

#include <algorithm>
#include <optional>

#include <fmt/core.h>

#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "base/unicode.hpp"
#include "render/header_text.hpp"

namespace crier {
namespace {

constexpr std::size_t line_length = 76;  // of bodies, without CRLF (RFC 2045 §6.7)
constexpr std::size_t max_token = 900;   // an unbroken token leaves room for its header within 998
constexpr std::string_view crlf = "\r\n";

bool is_dot_atom(std::string_view text) {
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
  if (!is_dot_atom(headers.list_id) || headers.list_id.size() > 250)
    return header_error("List-Id", "not a list id of the form list.domain");
  std::vector<std::string> tokens;
  if (!headers.list_name.empty())
    tokens.push_back(phrase(headers.list_name, std::string_view("List-Id: ").size()));
  tokens.push_back("<" + headers.list_id + ">");
  return folded_header("List-Id", tokens);
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
  auto out = folded_header(name, tokens);
  if (!headers.unsubscribe_url.empty()) out += "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n";
  return out;
}

Result<std::string> feedback_header(const std::string& value) {
  const bool clean = std::all_of(value.begin(), value.end(), [](char c) { return c > 0x20 && c < 0x7F; });
  if (!clean || value.size() > 200 || std::count(value.begin(), value.end(), ':') > 3)
    return header_error("Feedback-ID", "takes up to four parts of printable ASCII, separated by colons");
  return folded_header("Feedback-ID", {value});
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
  return quoted_string(local) + "@" + *domain;
}

Result<std::string> encode_text_header(std::string_view name, std::string_view value) {
  if (auto ok = check_header_value(name, value); !ok) return ok.error();
  return folded_header(name, unstructured_tokens(value, name.size() + 2));
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
      const bool guarded = column == 0 && (c == '.' || line.substr(i).starts_with("From "));
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
  block.add(folded_header("Date", {to_rfc5322(headers.date)}));
  block.add(ids_header("Message-ID", {headers.message_id}));
  if (!headers.in_reply_to.empty()) block.add(ids_header("In-Reply-To", {headers.in_reply_to}));
  if (!headers.references.empty()) block.add(ids_header("References", kept_references(headers.references)));
  if (!headers.list_id.empty()) block.add(list_id_header(headers));
  if (!headers.unsubscribe_url.empty() || !headers.unsubscribe_address.empty())
    block.add(unsubscribe_headers(headers));
  if (!headers.feedback_id.empty()) block.add(feedback_header(headers.feedback_id));
  if (headers.auto_generated) block.add(std::string("Auto-Submitted: auto-generated\r\n"));
  if (!headers.list_id.empty()) block.add(std::string("Precedence: bulk\r\n"));
  if (const auto& error = block.error()) return *error;
  const auto boundary = boundary_for(headers.message_id);
  return block.take() + "MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n boundary=\"" +
         boundary + "\"\r\n\r\n--" + boundary + "\r\n" + body_part("text/plain", text) + "\r\n--" + boundary +
         "\r\n" + body_part("text/html", html) + "\r\n--" + boundary + "--\r\n";
}

}  // namespace crier
