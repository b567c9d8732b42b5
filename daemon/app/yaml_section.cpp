#include "app/yaml_section.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/core.h>

#include "app/yaml_source.hpp"
#include "base/encoding.hpp"
#include "base/suggest.hpp"

namespace crier {
namespace {

// Columns do not count it.
std::size_t begin_of(std::string_view text) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  return text.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
}

}  // namespace

YamlFile::YamlFile(std::string file_name, std::string content, Diagnostics& complaints)
    : name(std::move(file_name)), text(std::move(content)), diagnostics(&complaints) {
  cursor_.start = cursor_.offset = begin_of(text);
}

// Where each line begins; found when the first place is asked for, which most files never need.
const std::vector<std::size_t>& YamlFile::line_starts() const {
  if (!line_starts_.empty()) return line_starts_;
  line_starts_.push_back(begin_of(text));
  for (auto at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 1))
    line_starts_.push_back(at + 1);
  has_key_ = text.find("-----BEGIN") != std::string::npos;
  return line_starts_;
}

void YamlFile::error_without_excerpt(const YamlNode& at, std::string message) const {
  diagnostics->add(place_of(at), std::move(message));
}

void YamlFile::error(const YamlNode& at, std::string message, std::string suggestion) const {
  const auto offset = offset_of(at.line, at.column);
  diagnostics->add(place_of(at), std::move(message), offset ? excerpt_at(*offset) : "",
                   std::move(suggestion));
}

void YamlFile::error_within(const YamlNode& scalar, std::size_t at, std::string message,
                            std::string suggestion) const {
  if (const auto offset = offset_within(scalar, at)) {
    diagnostics->add(place_at(*offset), std::move(message), excerpt_at(*offset), std::move(suggestion));
    return;
  }
  diagnostics->add(place_of(scalar),
                   fmt::format("{} (character {} of the text)", message,
                               count_characters(std::string_view(scalar.scalar).substr(0, at)) + 1),
                   caret_excerpt(scalar.scalar, at), std::move(suggestion));
}

int YamlFile::column_of(const YamlNode& node) const {
  go_to_line(node.line);
  const auto offset = cursor_.start + static_cast<std::size_t>(std::max(node.column, 1)) - 1;
  return offset <= text.size() ? column_at(offset) : node.column;
}

Place YamlFile::place_within(const YamlNode& scalar, std::size_t at) const {
  const auto offset = offset_within(scalar, at);
  return offset ? place_at(*offset) : place_of(scalar);
}

void YamlFile::go_to_line(int line) const {
  if (line < cursor_.line) {
    const auto start = line_starts()[static_cast<std::size_t>(std::max(line, 1)) - 1];
    cursor_ = {line, start, start, 1};
  }
  while (cursor_.line < line) {
    const auto end = text.find('\n', cursor_.start);
    if (end == std::string::npos) return;
    cursor_ = {cursor_.line + 1, end + 1, end + 1, 1};
  }
}

// On the cursor's line.
int YamlFile::column_at(std::size_t offset) const {
  const auto between = std::minmax(offset, cursor_.offset);
  const auto passed = static_cast<int>(
      count_characters(std::string_view(text).substr(between.first, between.second - between.first)));
  cursor_.column += offset < cursor_.offset ? -passed : passed;
  cursor_.offset = offset;
  return cursor_.column;
}

// Of a line (from 1) and column (from 1, in bytes); the column just behind the line counts.
std::optional<std::size_t> YamlFile::offset_of(int line, int column) const {
  if (line < 1 || column < 1 || static_cast<std::size_t>(line) > line_starts().size()) return std::nullopt;
  const auto offset =
      line_starts()[static_cast<std::size_t>(line) - 1] + static_cast<std::size_t>(column) - 1;
  const auto end = static_cast<std::size_t>(line) < line_starts().size()
                       ? line_starts()[static_cast<std::size_t>(line)] - 1
                       : text.size();
  return offset <= end ? std::optional(offset) : std::nullopt;
}

std::optional<std::size_t> YamlFile::offset_within(const YamlNode& scalar, std::size_t at) const {
  const auto begin = offset_of(scalar.line, scalar.column);
  return begin ? find_in_yaml_source(text, *begin, scalar.scalar, at) : std::nullopt;
}

Place YamlFile::place_at(std::size_t offset) const {
  const auto next = std::ranges::upper_bound(line_starts(), offset);
  const auto line = std::max<std::ptrdiff_t>(1, next - line_starts().begin());
  go_to_line(static_cast<int>(line));
  return {name, static_cast<int>(line), column_at(std::max(offset, cursor_.start))};
}

// Looks no farther than an excerpt reaches: a million mistakes in one long line cost no more than elsewhere.
std::string YamlFile::excerpt_at(std::size_t offset) const {
  constexpr std::size_t reach = 512;
  const auto next = std::ranges::upper_bound(line_starts(), offset);
  const auto start = next == line_starts().begin() ? 0 : *std::prev(next);
  if (has_key_ && is_in_key(text, offset)) return {};
  auto from = std::max(start, offset - std::min(offset, reach));
  while (from < offset && (static_cast<unsigned char>(text[from]) & 0xC0) == 0x80) ++from;
  const auto window = std::string_view(text).substr(from, offset - from + reach);
  return caret_excerpt(window, offset - from);
}

YamlSection::YamlSection(const YamlNode& node, const YamlFile& file, std::string what)
    : node_(node), file_(file), what_(std::move(what)) {
  if (node.kind != YamlNode::Kind::map) error(node, fmt::format("{} must be a mapping (key: value)", what_));
}

const YamlNode* YamlSection::find(std::string_view key) {
  known_.push_back(key);
  const auto* found = node_.find(key);
  return found != nullptr && found->kind != YamlNode::Kind::null ? found : nullptr;
}

std::optional<std::string> YamlSection::text(std::string_view key) {
  const auto* found = find(key);
  if (found == nullptr) return std::nullopt;
  if (found->kind != YamlNode::Kind::scalar) {
    error(*found, fmt::format("{} must be a text", key));
    return std::nullopt;
  }
  // Names, addresses and paths end up in headers, logs and file names.
  if (std::ranges::any_of(found->scalar,
                          [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; })) {
    error(*found, fmt::format("{} must be one line, without control characters", key));
    return std::nullopt;
  }
  return found->scalar;
}

std::string YamlSection::required_text(std::string_view key) {
  const auto* found = find(key);
  if (found == nullptr) {
    if (node_.kind == YamlNode::Kind::map) error(node_, fmt::format("{} needs \"{}\"", what_, key));
    return {};
  }
  auto value = text(key);
  if (!value) return {};
  if (value->empty()) error(*found, fmt::format("{} must not be empty", key));
  return std::move(*value);
}

std::optional<std::int64_t> YamlSection::integer(std::string_view key, std::int64_t lowest,
                                                 std::int64_t highest) {
  const auto* found = find(key);
  if (found == nullptr) return std::nullopt;
  std::int64_t value = 0;
  const auto& text = found->scalar;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_number = found->kind == YamlNode::Kind::scalar && !found->quoted && failed == std::errc{} &&
                         end == text.data() + text.size();
  if (!is_number || value < lowest || value > highest) {
    error(*found, fmt::format("{} must be a whole number from {} to {}", key, lowest, highest));
    return std::nullopt;
  }
  return value;
}

std::optional<bool> YamlSection::flag(std::string_view key) {
  const auto* found = find(key);
  if (found == nullptr) return std::nullopt;
  if (found->kind == YamlNode::Kind::scalar && !found->quoted) {
    if (found->scalar == "true") return true;
    if (found->scalar == "false") return false;
  }
  error(*found, fmt::format("{} must be true or false", key));
  return std::nullopt;
}

std::optional<Duration> YamlSection::duration(std::string_view key) {
  const auto* found = find(key);
  if (found == nullptr) return std::nullopt;
  const auto value = found->kind == YamlNode::Kind::scalar ? parse_duration(found->scalar) : std::nullopt;
  if (value && *value > Duration::zero()) return value;
  error(*found, fmt::format("{} must be a time above zero with its unit, like 15m, 2h or 30s", key));
  return std::nullopt;
}

std::vector<const YamlNode*> YamlSection::text_nodes(std::string_view key) {
  std::vector<const YamlNode*> out;
  const auto* found = find(key);
  if (found == nullptr) return out;
  const auto take = [&](const YamlNode& item) {
    if (item.kind == YamlNode::Kind::scalar)
      out.push_back(&item);
    else
      error(item, fmt::format("{} must hold texts", key));
  };
  if (found->kind == YamlNode::Kind::list)
    std::ranges::for_each(found->items, take);
  else
    take(*found);
  return out;
}

std::vector<std::string> YamlSection::texts(std::string_view key) {
  std::vector<std::string> out;
  for (const auto* node : text_nodes(key)) out.push_back(node->scalar);
  return out;
}

void YamlSection::finish() {
  for (const auto& [key, value] : node_.entries) {
    if (std::ranges::find(known_, key.scalar) != known_.end()) continue;
    auto message = fmt::format("{} has no \"{}\"{}", what_, key.scalar, did_you_mean(key.scalar, known_));
    const auto names = [&](std::string_view secret) { return key.scalar.ends_with(secret); };
    // What stands there is likely one.
    if (names("secret") || names("password") || names("token"))
      file().error_without_excerpt(key, std::move(message));
    else
      error(key, std::move(message), std::string(nearest_word(key.scalar, known_)));
  }
}

void for_each_entry(const YamlNode& node, const YamlFile& file, std::string_view what,
                    const std::function<void(const YamlNode&, const YamlNode&)>& each) {
  if (node.kind == YamlNode::Kind::null) return;
  if (node.kind != YamlNode::Kind::map) {
    file.error(node, fmt::format("{} must be a mapping (name: …)", what));
    return;
  }
  for (const auto& [key, value] : node.entries) each(key, value);
}

void for_each_item(const YamlNode& node, const YamlFile& file, std::string_view what,
                   const std::function<void(const YamlNode&)>& each) {
  if (node.kind == YamlNode::Kind::null) return;
  if (node.kind != YamlNode::Kind::list) {
    file.error(node, fmt::format("{} must be a list (- …)", what));
    return;
  }
  std::ranges::for_each(node.items, each);
}

}  // namespace crier
