#include "support/strict_mail.hpp"

#include <algorithm>
#include <span>
#include <stdexcept>

#include "base/encoding.hpp"

namespace crier::testing {
namespace {

[[noreturn]] void fail(const std::string& what, std::string_view where = {}) {
  throw std::runtime_error(what + ": " + std::string(where));
}

std::vector<std::string_view> lines_of(std::string_view message) {
  std::vector<std::string_view> lines;
  while (!message.empty()) {
    const auto end = message.find("\r\n");
    if (end == std::string_view::npos) fail("no line end at the end", message);
    const auto line = message.substr(0, end);
    const auto odd = [](char c) { return c == '\r' || c == '\n' || c <= 0; };
    if (std::ranges::any_of(line, odd)) fail("a byte that mail cannot carry", line);
    if (line.size() > 998) fail("a line above 998 bytes", line);
    if (line.starts_with('.')) fail("a dot in front", line);
    lines.push_back(line);
    message.remove_prefix(end + 2);
  }
  return lines;
}

char digit_of(char c) {
  if (c >= '0' && c <= '9') return static_cast<char>(c - '0');
  if (c >= 'A' && c <= 'F') return static_cast<char>(c - 'A' + 10);
  fail("not an upper-case hexadecimal digit", {&c, 1});
}

void decode_quoted(std::string_view line, std::string& out) {
  if (line.ends_with(' ') || line.ends_with('\t')) fail("white space at the end", line);
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] != '=') {
      out += line[i];
    } else if (i + 1 == line.size()) {
      return;
    } else {
      if (i + 2 >= line.size()) fail("half an escape", line);
      out += static_cast<char>(digit_of(line[i + 1]) * 16 + digit_of(line[i + 2]));
      i += 2;
    }
  }
  out += '\n';
}

void decode_base64(std::string_view line, bool is_last, std::string& out) {
  const auto bytes = from_base64(line);
  if (!bytes || line.empty()) fail("not base64", line);
  if (!is_last && line.ends_with('=')) fail("padding before the end", line);
  out += *bytes;
}

std::string decode(std::span<const std::string_view> lines, std::string_view encoding) {
  std::string out;
  for (const auto& line : lines) {
    if (line.size() > 76) fail("a line of a body above 76 characters", line);
    if (line.starts_with("From ")) fail("From in front", line);
    if (encoding == "quoted-printable")
      decode_quoted(line, out);
    else
      decode_base64(line, &line == &lines.back(), out);
  }
  if (encoding == "quoted-printable") return out;
  std::string text;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (out[i] == '\r' && out.substr(i, 2) != "\r\n") fail("a bare CR in base64");
    if (out[i] == '\n' && (i == 0 || out[i - 1] != '\r')) fail("a bare LF in base64");
    if (out[i] != '\r') text += out[i];
  }
  return text;
}

std::string_view after(std::string_view line, std::string_view prefix) {
  if (!line.starts_with(prefix)) fail("not \"" + std::string(prefix) + "…\"", line);
  return line.substr(prefix.size());
}

}  // namespace

StrictMail read_strictly(std::string_view message) {
  const auto lines = lines_of(message);
  StrictMail mail;
  std::size_t at = 0;
  const auto next = [&] { return at < lines.size() ? lines[at++] : (fail("it ends too early"), lines[0]); };
  std::string boundary;
  for (auto line = next(); !line.empty(); line = next()) {
    if (line.find_first_not_of(" \t") == std::string_view::npos) fail("a line of white space");
    if (line.starts_with(" boundary=\""))
      boundary = "--" + std::string(after(line, " boundary=\"").substr(0, line.size() - 12));
    if (!line.starts_with(' ')) mail.header_names.emplace_back(line.substr(0, line.find(':')));
  }
  if (boundary.size() < 10 || next() != boundary) fail("no boundary", boundary);
  for (auto* body : {&mail.text, &mail.html}) {
    const bool is_text = body == &mail.text;
    after(next(),
          is_text ? "Content-Type: text/plain; charset=utf-8" : "Content-Type: text/html; charset=utf-8");
    mail.encodings.emplace_back(after(next(), "Content-Transfer-Encoding: "));
    if (!next().empty()) fail("no empty line before a body");
    const auto begin = at;
    while (next() != boundary + (is_text ? "" : "--")) continue;
    // The line end before a boundary belongs to the boundary.
    if (at < begin + 2 || !lines[at - 2].empty()) fail("no line end before a boundary");
    *body = decode(std::span(lines).subspan(begin, at - 2 - begin), mail.encodings.back());
  }
  if (at != lines.size()) fail("something after the last boundary");
  return mail;
}

}  // namespace crier::testing
