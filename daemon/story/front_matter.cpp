#include "story/front_matter.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <sstream>

#include <fmt/core.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "base/encoding.hpp"
#include "story/plain_text.hpp"

namespace crier {
namespace {

constexpr std::string_view yaml_fence = "---";
constexpr std::string_view toml_fence = "+++";

// Collects what lies one level deep: names, and scalars or lists of scalars. Of a mapping there, or in a list
// there, what names it counts ("author: {name: …}"). Whatever is deeper only makes its field unusable.
class FieldCollector final : public YAML::EventHandler {
 public:
  explicit FieldCollector(int lines_before) : lines_before_(lines_before) {}

  std::vector<Field> fields;

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { leaf(mark, Field::Kind::nothing, {}); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { leaf(mark, Field::Kind::unusable, {}); }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                const std::string& value) override {
    leaf(mark, Field::Kind::text, value);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    open(mark, Field::Kind::list);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    if (depth_ == 0) {
      ++depth_;
      return;
    }
    const bool is_item = depth_ == 2 && !inner_ && fields.back().kind == Field::Kind::list;
    const bool is_value = depth_ == 1 && in_value_;
    if (!is_item) open(mark, Field::Kind::unusable);
    if (is_item) ++depth_;
    if (is_item || is_value) inner_ = InnerMap{.depth = depth_};
  }
  void OnMapEnd() override { close(); }

 private:
  void leaf(const YAML::Mark& mark, Field::Kind kind, const std::string& value) {
    if (depth_ == 0) throw YAML::ParserException(mark, "must be a mapping of names to values");
    if (inner_) return inner_leaf(kind, value);
    if (depth_ == 1 && !in_value_) return name(mark, kind, value);
    auto& field = fields.back();
    if (depth_ == 1) {
      field.kind = kind;
      if (kind == Field::Kind::text) field.values.push_back(value);
      in_value_ = false;
    } else if (kind == Field::Kind::text && depth_ == 2) {
      field.values.push_back(value);
    } else {
      field.kind = Field::Kind::unusable;
    }
  }

  void name(const YAML::Mark& mark, Field::Kind kind, const std::string& value) {
    if (kind != Field::Kind::text) throw YAML::ParserException(mark, "a name must be a text");
    if (!names_.insert(value).second) throw YAML::ParserException(mark, "the name is there twice");
    Field field;
    field.name = value;
    field.label = tidy_line(cut_text(value, 60));
    field.line = mark.line + 1 + lines_before_;
    field.column = mark.column + 1;
    fields.push_back(std::move(field));
    in_value_ = true;
  }

  void open(const YAML::Mark& mark, Field::Kind kind) {
    if (depth_ == 0) throw YAML::ParserException(mark, "must be a mapping of names to values");
    if (!in_value_) throw YAML::ParserException(mark, "a name must be a text");
    if (!inner_) fields.back().kind = depth_ == 1 ? kind : Field::Kind::unusable;
    if (inner_ && depth_ == inner_->depth) inner_->key.reset();  // the value is no text
    ++depth_;
  }

  void inner_leaf(Field::Kind kind, const std::string& value) {
    if (depth_ != inner_->depth) return;
    if (!inner_->key) {
      inner_->key = value;
      return;
    }
    if (kind == Field::Kind::text) inner_->offer(*inner_->key, value);
    inner_->key.reset();
  }

  void close() {
    if (inner_ && depth_ == inner_->depth) {
      auto& field = fields.back();
      const bool is_item = depth_ == 3;
      if (inner_->value.empty())
        field.kind = Field::Kind::unusable;
      else
        field.values.push_back(std::move(inner_->value));
      if (!is_item && !field.values.empty()) field.kind = Field::Kind::text;
      inner_.reset();
    }
    --depth_;
    if (depth_ == 1) in_value_ = false;
  }

  struct InnerMap {
    int depth = 0;
    std::optional<std::string> key;  // whose value comes next
    std::string value;               // that names the whole
    std::size_t rank = naming_keys.size();

    void offer(std::string_view name, const std::string& text) {
      const auto at = static_cast<std::size_t>(std::ranges::find(naming_keys, name) - naming_keys.begin());
      if (at >= rank) return;
      rank = at;
      value = text;
    }
  };

  int lines_before_;
  int depth_ = 0;
  bool in_value_ = false;
  std::optional<InnerMap> inner_;
  std::set<std::string> names_;
};

// Takes a line off the front of `text`.
std::string_view take_line(std::string_view& text) {
  const auto end = text.find('\n');
  const auto line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

std::string_view without_trailing_space(std::string_view line) {
  return line.substr(0, line.find_last_not_of(" \t") + 1);
}

// Takes blank lines off the front of `text`; how many.
int take_blank_lines(std::string_view& text) {
  for (int count = 0;; ++count) {
    auto rest = text;
    if (text.empty() || !without_trailing_space(take_line(rest)).empty()) return count;
    text = rest;
  }
}

// "name: value", "name = value". Right under the fence anything with the sign counts, so that what is wrong
// is named; further down no sentence with a colon in it.
bool is_name_line(std::string_view line, char sign, bool is_right_under) {
  const auto end = line.find(sign);
  if (end == std::string_view::npos || is_right_under) return end != std::string_view::npos;
  const auto name = trim(line.substr(0, end));
  return name.find(' ') == std::string_view::npos || name.starts_with('"') || name.starts_with('\'');
}

bool is_fence(std::string_view line) {
  return line == yaml_fence || line == toml_fence;
}

}  // namespace

bool has_front_matter(std::string_view text) {
  take_blank_lines(text);
  const auto fence = without_trailing_space(take_line(text));
  if (!is_fence(fence)) return false;
  bool is_right_under = true, is_empty = true;
  while (!text.empty()) {
    const auto line = trim(take_line(text));
    if (is_empty && line == fence) return true;
    is_empty = is_empty && line.empty();
    const bool is_comment = line.empty() || line.starts_with('#');
    if (!is_comment) return is_name_line(line, fence == toml_fence ? '=' : ':', is_right_under);
    is_right_under = false;
  }
  return false;
}

std::optional<SplitMarkdown> split_front_matter(std::string_view text) {
  auto rest = text;
  const int lines_before = take_blank_lines(rest) + 1;
  const auto fence = without_trailing_space(take_line(rest));
  if (!is_fence(fence)) return std::nullopt;
  const bool is_toml = fence == toml_fence;
  const auto* start = rest.data();
  while (!rest.empty()) {
    const auto* line_start = rest.data();
    const auto line = without_trailing_space(take_line(rest));
    if (line != fence && (is_toml || line != "...")) continue;
    return SplitMarkdown{{start, static_cast<std::size_t>(line_start - start)}, lines_before, rest, is_toml};
  }
  return std::nullopt;
}

Result<std::vector<Field>> read_front_matter(const SplitMarkdown& split, const Reading& reading) {
  const auto yaml = split.matter;
  if (yaml.size() > max_front_matter_bytes)
    return reading.error(split.lines_before, 1,
                         fmt::format("front matter of {} bytes is more than the limit of {}", yaml.size(),
                                     max_front_matter_bytes));
  if (split.is_toml) return read_toml_front_matter(split, reading);
  if (yaml.find_first_not_of(" \t\n") == std::string_view::npos) return std::vector<Field>();
  FieldCollector collector(split.lines_before);
  // yaml-cpp ends an open quotation at the end of its input without a word, with every field it swallowed; at
  // an end marker it complains. A second document would hide fields just as well.
  std::istringstream stream{std::string(yaml) + "...\n"};
  try {
    YAML::Parser parser(stream);
    parser.HandleNextDocument(collector);
    if (parser.HandleNextDocument(collector))
      return reading.error(split.lines_before, 1, "front matter: must be one YAML document");
  } catch (const YAML::Exception& e) {
    const bool placed = !e.mark.is_null();
    return reading.error(placed ? e.mark.line + 1 + split.lines_before : 1, placed ? e.mark.column + 1 : 1,
                         "front matter: " + repair_utf8(e.msg));  // it quotes single bytes
  }
  return std::move(collector.fields);
}

}  // namespace crier
