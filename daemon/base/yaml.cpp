#include "base/yaml.hpp"

#include <fmt/core.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <sstream>
#include <unordered_set>

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
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { add(node(mark, anchor, YamlNode::Kind::null)); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw Refused{mark, "aliases (*name) are not supported: write the value out"};
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    if (!tag.empty() && tag != "!" && tag != "?") throw Refused{mark, "tags (!name) are not supported"};
    auto scalar = node(mark, anchor, YamlNode::Kind::scalar);
    scalar.quoted = tag == "!";
    scalar.scalar = value;
    if (!scalar.quoted && (value == "~" || value == "null")) scalar.kind = YamlNode::Kind::null;
    add(std::move(scalar));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(node(mark, anchor, YamlNode::Kind::list), mark);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(node(mark, anchor, YamlNode::Kind::map), mark);
  }
  void OnMapEnd() override { close(); }

  YamlNode take_root() { return std::move(root_); }

 private:
  struct Level {
    YamlNode node;
    std::optional<YamlNode> key;  // of a map entry whose value is still to come
    std::unordered_set<std::string> keys;
  };

  static YamlNode node(const YAML::Mark& mark, YAML::anchor_t anchor, YamlNode::Kind kind) {
    if (anchor != 0) throw Refused{mark, "anchors (&name) are not supported: write the value out"};
    YamlNode out;
    out.kind = kind;
    out.line = mark.line + 1;
    out.column = mark.column + 1;
    return out;
  }

  void open(YamlNode container, const YAML::Mark& mark) {
    if (levels_.size() >= max_depth) throw Refused{mark, fmt::format("nested deeper than {} levels", max_depth)};
    if (!levels_.empty() && levels_.back().node.kind == YamlNode::Kind::map && !levels_.back().key)
      throw Refused{mark, "a key must be a plain word"};
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
      if (!level.keys.insert(child.scalar).second)
        throw Refused{mark, fmt::format("\"{}\" is there twice", child.scalar)};
      level.key = std::move(child);
    } else {
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

  std::vector<Level> levels_;
  YamlNode root_;
};

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
  if (!is_valid_utf8(text) || text.find('\0') != std::string_view::npos) {
    diagnostics.add({file, 0, 0}, "not a UTF-8 text file");
    return std::nullopt;
  }
  // Only before an end marker does yaml-cpp notice a quotation that is never closed.
  std::istringstream stream{std::string(text) + "\n...\n"};
  Builder builder;
  try {
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) return YamlNode{};
    Builder second;
    if (parser.HandleNextDocument(second)) {
      diagnostics.add({file, 0, 0}, "holds several YAML documents (---): one file, one document");
      return std::nullopt;
    }
  } catch (const Refused& refused) {
    report(refused.mark, refused.message, text, file, diagnostics);
    return std::nullopt;
  } catch (const YAML::ParserException& e) {
    report(e.mark, "not YAML: " + repair_utf8(e.msg), text, file, diagnostics);
    return std::nullopt;
  }
  return builder.take_root();
}

}  // namespace crier
