#include "base/yaml.hpp"

#include <algorithm>
#include <sstream>
#include <unordered_map>

#include <fmt/core.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "base/encoding.hpp"

namespace crier {
namespace {

// Deeper than any rule a person writes, shallow enough for every recursive walk over the tree.
constexpr std::size_t max_depth = 200;

struct Refused {
  YAML::Mark mark;
  std::string message;
};

// Builds the tree from yaml-cpp's events; throws Refused.
class Builder final : public YAML::EventHandler {
 public:
  explicit Builder(std::string_view text) : text_(text), line_starts_{0} {
    for (auto at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1))
      line_starts_.push_back(at + 1);
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (started_) throw Refused{mark, "a second document (---) begins here: write one YAML document"};
    started_ = true;
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(node(mark, anchor, YamlNode::Kind::null));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw Refused{mark, "aliases (*name) are not supported: write the value out"};
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    auto scalar = node(mark, anchor, YamlNode::Kind::scalar);
    refuse_tag(tag, mark);
    scalar.quoted = tag == "!";
    if (scalar.quoted) refuse_open_quote(mark);
    scalar.scalar = value;
    add(std::move(scalar));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    refuse_tag(tag, mark);
    open(node(mark, anchor, YamlNode::Kind::list), mark);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    refuse_tag(tag, mark);
    open(node(mark, anchor, YamlNode::Kind::map), mark);
  }
  void OnMapEnd() override { close(); }

  YamlNode take_root() { return std::move(root_); }

 private:
  struct Level {
    YamlNode node;
    std::optional<YamlNode> key;                // of a map entry whose value is still to come
    std::unordered_map<std::string, int> keys;  // → line
  };

  // yaml-cpp says "?" of a node without a tag and "!" of a quoted one.
  static void refuse_tag(const std::string& tag, const YAML::Mark& mark) {
    if (!tag.empty() && tag != "!" && tag != "?")
      throw Refused{mark, "tags (!name) are not supported: leave it out"};
  }

  // At the end of a file yaml-cpp closes quotes by itself: the rest of the file would be one silent value.
  void refuse_open_quote(const YAML::Mark& mark) const {
    auto at = line_starts_.at(static_cast<std::size_t>(mark.line)) + static_cast<std::size_t>(mark.column);
    const char quote = at < text_.size() ? text_[at] : '\0';
    if (quote == '|' || quote == '>') return;
    if (quote != '"' && quote != '\'') refuse_tag("! of no name", mark);
    for (++at; at < text_.size(); ++at) {
      const bool is_escape = quote == '"' ? text_[at] == '\\' : text_.substr(at, 2) == "''";
      if (is_escape)
        ++at;
      else if (text_[at] == quote)
        return;
    }
    throw Refused{mark, "this quote is never closed"};
  }

  static YamlNode node(const YAML::Mark& mark, YAML::anchor_t anchor, YamlNode::Kind kind) {
    if (anchor != 0) throw Refused{mark, "anchors (&name) are not supported: write the value out"};
    YamlNode out;
    out.kind = kind;
    out.line = mark.line + 1;
    out.column = mark.column + 1;
    return out;
  }

  void open(YamlNode container, const YAML::Mark& mark) {
    if (levels_.size() >= max_depth)
      throw Refused{mark, fmt::format("nested deeper than {} levels", max_depth)};
    if (!levels_.empty() && levels_.back().node.kind == YamlNode::Kind::map && !levels_.back().key)
      throw Refused{mark, "a key must be a plain word; is a quote or bracket left open?"};
    levels_.push_back({std::move(container), std::nullopt, {}});
  }

  void close() {
    auto finished = std::move(levels_.back().node);
    levels_.pop_back();
    add(std::move(finished));
  }

  void add(YamlNode child) {
    if (levels_.empty()) {
      root_ = std::move(child);
      return;
    }
    auto& level = levels_.back();
    if (level.node.kind == YamlNode::Kind::list) {
      level.node.items.push_back(std::move(child));
    } else if (!level.key) {
      const YAML::Mark mark = mark_of(child);
      if (child.kind == YamlNode::Kind::null) throw Refused{mark, "an empty key"};
      const auto [known, is_new] = level.keys.emplace(child.scalar, child.line);
      if (!is_new)
        throw Refused{
            mark, fmt::format("\"{}\" is there twice; the first is in line {}", child.scalar, known->second)};
      level.key = std::move(child);
    } else {
      if (child.kind == YamlNode::Kind::null) {
        // Nothing is written there: yaml-cpp's place is that of whatever comes next.
        child.line = level.key->line;
        child.column = level.key->column;
      }
      level.node.entries.push_back({std::move(*level.key), std::move(child)});
      level.key.reset();
    }
  }

  static YAML::Mark mark_of(const YamlNode& node) {
    YAML::Mark mark;
    mark.line = node.line - 1;
    mark.column = node.column - 1;
    return mark;
  }

  std::string_view text_;
  std::vector<std::size_t> line_starts_;
  std::vector<Level> levels_;
  YamlNode root_;
  bool started_ = false;
};

// The first line (from 1) that holds a NUL or is no UTF-8; 0 if there is none.
int first_broken_line(std::string_view text) {
  if (is_valid_utf8(text) && text.find('\0') == std::string_view::npos) return 0;
  for (int number = 1;; ++number) {
    const auto end = text.find('\n');
    const auto line = text.substr(0, end);
    if (!is_valid_utf8(line) || line.find('\0') != std::string_view::npos || end == std::string_view::npos)
      return number;
    text.remove_prefix(end + 1);
  }
}

void report(const YAML::Mark& mark, std::string message, std::string_view text, const std::string& file,
            Diagnostics& diagnostics) {
  const int line = mark.line + 1;
  const int column = mark.column + 1;
  diagnostics.add({file, line, column}, std::move(message), caret_excerpt(text, line, column));
}

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
  for (const auto& [name, value] : entries) {
    if (name.scalar == key) return &value;
  }
  return nullptr;
}

std::optional<YamlNode> parse_yaml(std::string_view text, const std::string& file, Diagnostics& diagnostics) {
  if (const int line = first_broken_line(text); line > 0) {
    diagnostics.add({file, line, 1}, "this line is not UTF-8 text: save the file as UTF-8");
    return std::nullopt;
  }
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  std::istringstream stream{std::string(text)};
  Builder builder(text);
  try {
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) return YamlNode{};
    parser.HandleNextDocument(builder);  // refuses a second one
  } catch (const Refused& refused) {
    report(refused.mark, refused.message, text, file, diagnostics);
    return std::nullopt;
  } catch (const YAML::ParserException& e) {
    const bool at_end = std::ranges::count(text, '\n') <= e.mark.line;
    report(e.mark, "not YAML: " + repair_utf8(e.msg) + (at_end ? "; is a quote or bracket left open?" : ""),
           text, file, diagnostics);
    return std::nullopt;
  }
  return builder.take_root();
}

}  // namespace crier
