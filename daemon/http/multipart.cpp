#include "http/multipart.hpp"

#include <algorithm>

#include "http/header_values.hpp"

namespace crier::http {
namespace {

constexpr std::size_t max_parts = 100;
constexpr std::size_t max_boundary = 70;
constexpr std::string_view line_end = "\r\n";

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Takes what stands before the next line end off the front of `text`.
std::string_view take_line(std::string_view& text) {
  const auto end = std::min(text.find(line_end), text.size());
  const auto line = text.substr(0, end);
  text.remove_prefix(std::min(end + line_end.size(), text.size()));
  return line;
}

void add_header(Headers& headers, std::string_view line) {
  const auto colon = std::min(line.find(':'), line.size());
  const auto name = line.substr(0, colon);
  const auto value = trim(line.substr(std::min(colon + 1, line.size())));
  const bool is_clean = value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
  if (is_token(name) && is_clean) headers.add(name, value);
}

// Headers, an empty line, content; a part without headers begins with that line.
Result<BodyPart> read_part(std::string_view text) {
  BodyPart part;
  if (!text.starts_with(line_end)) {
    constexpr std::string_view end_of_head = "\r\n\r\n";
    const auto head_end = text.find(end_of_head);
    if (head_end == std::string_view::npos) return Error{"a part of the body has no end of its headers"};
    auto head = text.substr(0, head_end);
    while (!head.empty()) add_header(part.headers, take_line(head));
    text.remove_prefix(head_end + line_end.size());
  }
  part.content = text.substr(line_end.size());
  return part;
}

}  // namespace

Result<std::vector<BodyPart>> parse_multipart(std::string_view content_type, std::string_view body) {
  const auto boundary = header_parameter(content_type, "boundary").value_or(std::string());
  if (boundary.empty() || boundary.size() > max_boundary)
    return Error{"the boundary of the body's parts is missing or too long"};
  const auto delimiter = "\r\n--" + boundary;
  // The first may stand at the very start, without the line end in front.
  const auto first = std::string_view(delimiter).substr(line_end.size());
  const auto found = body.starts_with(first) ? 0 : body.find(delimiter);
  std::vector<BodyPart> parts;
  if (found != std::string_view::npos) {
    body.remove_prefix(found + (body.starts_with(first) ? first.size() : delimiter.size()));
    for (;;) {
      if (body.starts_with("--")) return parts;
      // Only padding may follow a boundary in its line, or another delimiter's line end.
      const auto start = body.find(line_end);
      const auto end = start == std::string_view::npos ? start : body.find(delimiter, start);
      if (end == std::string_view::npos || !trim(body.substr(0, start)).empty()) break;
      if (parts.size() == max_parts) return Error{"the body has too many parts"};
      const auto content = std::min(start + line_end.size(), end);
      auto part = read_part(body.substr(content, end - content));
      if (!part) return part.error();
      parts.push_back(*std::move(part));
      body.remove_prefix(end + delimiter.size());
    }
  }
  return Error{"the parts of the body do not end"};
}

std::string part_name(const BodyPart& part) {
  return header_parameter(part.headers.get("Content-Disposition"), "name").value_or(std::string());
}

}  // namespace crier::http
