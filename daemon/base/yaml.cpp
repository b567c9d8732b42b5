#include "base/yaml.hpp"

#include <algorithm>
#include <sstream>
#include <unordered_map>
#include <utility>

#include <fmt/core.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "base/encoding.hpp"
#include "base/yaml_hint.hpp"
#include "base/yaml_plain.hpp"

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
      if (child.kind == YamlNode::Kind::null) point_to_dash(child);
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

  // An item that nothing is written for: yaml-cpp's place is that of whatever comes next.
  void point_to_dash(YamlNode& item) const {
    if (item.line < 1 || std::cmp_greater(item.line, line_starts_.size())) return;
    const auto start_of = [&](int line) { return line_starts_.at(static_cast<std::size_t>(line) - 1); };
    const auto at = start_of(item.line) + static_cast<std::size_t>(item.column) - 1;
    if (at < text_.size() && std::string_view("~nN,]").find(text_[at]) != std::string_view::npos) return;
    for (int line = item.line - 1; line > 0; --line) {
      const auto said = std::min(text_.find_first_not_of(" \t\r", start_of(line)), text_.size() - 1);
      if (text_[said] == '\n' || text_[said] == '#') continue;
      if (text_[said] != '-') return;
      item.line = line;
      item.column = static_cast<int>(said - start_of(line)) + 1;
      return;
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

// Whether it is text at all.
bool is_text(std::string_view text) {
  return is_valid_utf8(text) && text.find('\0') == std::string_view::npos;
}

void report_no_text(std::string_view text, const std::string& file, Diagnostics& diagnostics) {
  const auto at = std::min(find_broken_utf8(text), text.find('\0'));
  diagnostics.add(place_in(file, text, at),
                  text[at] == '\0'
                      ? std::string("a NUL byte (0x00) is no text: remove it, or save the file as UTF-8")
                      : fmt::format("the byte 0x{:02X} is not UTF-8 text: save the file as UTF-8",
                                    static_cast<unsigned char>(text[at])));
}

// Of yaml-cpp, which counts lines and bytes from 0.
std::size_t offset_of(const YAML::Mark& mark, std::string_view text) {
  std::size_t start = 0;
  for (int line = 0; line < mark.line; ++line) {
    const auto end = text.find('\n', start);
    if (end == std::string_view::npos) break;
    start = end + 1;
  }
  return std::min(start + static_cast<std::size_t>(std::max(mark.column, 0)), text.size());
}

void report(std::size_t at, std::string message, std::string_view text, const std::string& file,
            Diagnostics& diagnostics) {
  diagnostics.add(place_in(file, text, at), std::move(message), caret_excerpt(text, at));
}

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
  for (const auto& [name, value] : entries) {
    if (name.scalar == key) return &value;
  }
  return nullptr;
}

namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

// Of a text that is UTF-8, without a byte order mark.
std::optional<YamlNode> parse_text(std::string_view text, const std::string& file, Diagnostics& diagnostics) {
  std::istringstream stream{std::string(text)};
  Builder builder(text);
  try {
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) return YamlNode{};
    parser.HandleNextDocument(builder);  // refuses a second one
  } catch (const Refused& refused) {
    report(offset_of(refused.mark, text), refused.message, text, file, diagnostics);
    return std::nullopt;
  } catch (const YAML::ParserException& e) {
    const auto at = offset_of(e.mark, text);
    if (const auto hint = find_yaml_hint(text, at, e.msg)) {
      report(hint->at, "not YAML: " + hint->message, text, file, diagnostics);
      return std::nullopt;
    }
    const bool at_end = std::ranges::count(text, '\n') <= e.mark.line;
    report(at, "not YAML: " + repair_utf8(e.msg) + (at_end ? "; is a quote or bracket left open?" : ""), text,
           file, diagnostics);
    return std::nullopt;
  }
  return builder.take_root();
}

// Moves a tree by some lines.
void shift_lines(YamlNode& node, int by) {
  node.line += by;
  for (auto& item : node.items) shift_lines(item, by);
  for (auto& entry : node.entries) {
    shift_lines(entry.key, by);
    shift_lines(entry.value, by);
  }
}

// Takes the line from the beginning of `text`.
std::string_view take_line(std::string_view& text) {
  const auto line = text.substr(0, std::min(text.find('\n'), text.size() - 1) + 1);
  text.remove_prefix(line.size());
  return line;
}

// The lines of a block list under a key of the root, found without reading what is around them: no line of
// theirs is at the left edge, where the next key of the root would be, unless it begins with a dash.
struct ListLines {
  int key_line = 0;  // from 1
  std::size_t begin = 0;
  std::size_t end = 0;
  int lines = 0;
};

bool is_key_line(std::string_view line, std::string_view key) {
  if (!line.starts_with(key) || !line.substr(key.size()).starts_with(':')) return false;
  line.remove_prefix(key.size() + 1);
  const auto said = line.find_first_not_of(" \r\n");
  return said == std::string_view::npos || (said > 0 && line[said] == '#');
}

// Whether a line holds a dash at `column`, and nothing before it.
bool has_dash_at(std::string_view line, std::size_t column) {
  return line.find_first_not_of(' ') == column && line[column] == '-' &&
         std::string_view(" \r\n").find(column + 1 < line.size() ? line[column + 1] : '\n') !=
             std::string_view::npos;
}

ListLines find_list(std::string_view text, std::string_view key) {
  ListLines found;
  auto rest = text;
  for (int number = 1; !rest.empty(); ++number) {
    if (is_key_line(take_line(rest), key)) {
      found.key_line = number;
      break;
    }
  }
  found.begin = text.size() - rest.size();
  while (!rest.empty() &&
         (std::string_view(" #\r\n").find(rest.front()) != std::string_view::npos || has_dash_at(rest, 0))) {
    take_line(rest);
    ++found.lines;
  }
  found.end = text.size() - rest.size();
  return found;
}

// Cuts the lines of a block list before each dash that stands where the first one does. What a quote or a
// bracket spans is cut, too, if it has such a line; no half of it can be read, so that this shows.
std::vector<YamlPiece> cut_list(std::string_view text, const ListLines& list) {
  std::vector<YamlPiece> pieces;
  auto rest = text.substr(list.begin, list.end - list.begin);
  std::optional<std::size_t> column;
  for (auto line_number = static_cast<std::uint32_t>(list.key_line) + 1; !rest.empty(); ++line_number) {
    const auto begin = list.end - rest.size();
    const auto line = take_line(rest);
    if (!column) {
      const auto said = line.find_first_not_of(" \r\n");
      if (said == std::string_view::npos || line[said] == '#') continue;
      if (!has_dash_at(line, said)) return {};
      column = said;
    }
    if (has_dash_at(line, *column)) pieces.push_back({begin, 0, line_number});
    const auto size = begin + line.size() - pieces.back().begin;
    if (size > UINT32_MAX) return {};
    pieces.back().size = static_cast<std::uint32_t>(size);
  }
  return pieces;
}

// The text without the list's lines. nullopt when that is not what the text is without the list.
std::optional<YamlNode> parse_around(std::string_view text, std::string_view key, const ListLines& list) {
  std::string around(text.substr(0, list.begin));
  around += text.substr(list.end);
  Diagnostics unused;
  auto root = parse_text(around, {}, unused);
  if (!root || root->kind != YamlNode::Kind::map) return std::nullopt;
  bool is_there = false;
  for (auto& [name, value] : root->entries) {
    if (name.line > list.key_line) {
      shift_lines(name, list.lines);
      shift_lines(value, list.lines);
    } else if (name.line == list.key_line && name.scalar == key && name.column == 1) {
      is_there = value.kind == YamlNode::Kind::null;
      value.kind = YamlNode::Kind::list;
    }
  }
  return is_there ? std::move(root) : std::nullopt;
}

}  // namespace

std::optional<YamlNode> parse_yaml(std::string_view text, const std::string& file, Diagnostics& diagnostics) {
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  if (!is_text(text)) {
    report_no_text(text, file, diagnostics);
    return std::nullopt;
  }
  return parse_text(text, file, diagnostics);
}

std::optional<YamlNode> parse_yaml_but_list(std::string_view text, std::string_view key,
                                            std::vector<YamlPiece>& pieces, const std::string& file,
                                            Diagnostics& diagnostics) {
  pieces.clear();
  // With a byte order mark the offsets would be those of another text.
  if (!text.starts_with(byte_order_mark) && is_text(text)) {
    const auto list = find_list(text, key);
    auto cut = list.lines > 0 ? cut_list(text, list) : std::vector<YamlPiece>();
    auto root = cut.empty() ? std::nullopt : parse_around(text, key, list);
    if (root) {
      pieces = std::move(cut);
      return root;
    }
  }
  return parse_yaml(text, file, diagnostics);
}

std::optional<YamlNode> read_piece(std::string_view text, const YamlPiece& piece) {
  const auto lines = text.substr(piece.begin, piece.size);
  if (auto item = read_plain_item(lines, static_cast<int>(piece.line))) return item;
  // With an item behind it, as in the list: at the end of a text yaml-cpp forgives what it refuses elsewhere.
  std::string with_next(lines);
  if (!with_next.ends_with('\n')) with_next += '\n';
  with_next += std::string(lines.find('-'), ' ') + "- 'next'\n";
  Diagnostics unused;
  auto list = parse_text(with_next, {}, unused);
  if (!list || list->kind != YamlNode::Kind::list || list->items.size() != 2) return std::nullopt;
  if (list->items.front().kind == YamlNode::Kind::null) return std::nullopt;  // its place is not known
  shift_lines(list->items.front(), static_cast<int>(piece.line) - 1);
  return std::move(list->items.front());
}

}  // namespace crier
