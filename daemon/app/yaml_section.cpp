#include "app/yaml_section.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/core.h>

#include "base/suggest.hpp"

namespace crier {

YamlFile::YamlFile(std::string file_name, std::string content, Diagnostics& complaints)
    : name(std::move(file_name)), text(std::move(content)), diagnostics(&complaints), line_starts_{0} {
  for (auto at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 1))
    line_starts_.push_back(at + 1);
}

void YamlFile::error_without_excerpt(const YamlNode& at, std::string message) const {
  diagnostics->add({name, at.line, at.column}, std::move(message));
}

std::string_view YamlFile::line_from(int line, int column) const {
  if (line < 1 || static_cast<std::size_t>(line) > line_starts_.size()) return {};
  const auto rest = std::string_view(text).substr(line_starts_[static_cast<std::size_t>(line) - 1]);
  const auto whole = rest.substr(0, rest.find_first_of("\r\n"));
  return column < 1 || static_cast<std::size_t>(column) > whole.size()
             ? std::string_view()
             : whole.substr(static_cast<std::size_t>(column) - 1);
}

void YamlFile::error(const YamlNode& at, std::string message) const {
  diagnostics->add({name, at.line, at.column}, std::move(message),
                   caret_excerpt(line_from(at.line, 1), 1, at.column));
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
    error(key, fmt::format("{} has no \"{}\"{}", what_, key.scalar, did_you_mean(key.scalar, known_)));
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
