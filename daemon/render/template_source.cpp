#include "render/template_source.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/core.h>

#include "base/encoding.hpp"
#include "base/suggest.hpp"

namespace crier {
namespace {

constexpr std::size_t max_linked_bytes = 1U << 20;
constexpr std::size_t max_depth = 32;       // of sections, and of partials
constexpr std::size_t max_tags = 100'000;   // partials that include each other twice double with each level
constexpr std::size_t max_complaints = 50;  // enough to repair a file by

enum class TagKind { variable, unescaped, section, inverted, close, partial, comment };

struct Tag {
  TagKind kind = TagKind::variable;
  std::string_view name;
  std::size_t begin = 0;  // offsets in the file
  std::size_t end = 0;
};

// Where the text around a tag really ends: a tag alone on its line (not a variable) takes the line with it.
std::pair<std::size_t, std::size_t> extent(std::string_view text, const Tag& tag) {
  if (tag.kind == TagKind::variable || tag.kind == TagKind::unescaped) return {tag.begin, tag.end};
  auto begin = tag.begin;
  while (begin > 0 && (text[begin - 1] == ' ' || text[begin - 1] == '\t')) --begin;
  if (begin > 0 && text[begin - 1] != '\n') return {tag.begin, tag.end};
  const auto line_end = std::min(text.find('\n', tag.end), text.size());
  if (text.substr(tag.end, line_end - tag.end).find_first_not_of(" \t\r") != std::string_view::npos)
    return {tag.begin, tag.end};
  return {begin, std::min(line_end + 1, text.size())};
}

class Linker {
 public:
  Linker(const TemplateFiles& files, const std::string& folder, std::string_view format,
         Diagnostics& diagnostics)
      : files_(files), folder_(folder), format_(format), diagnostics_(diagnostics) {}

  void include(std::string_view file, const TemplateNames& names) {
    scopes_.push_back({&names, {}, false});
    link_file(file);
    scopes_.pop_back();
  }

  bool ok() const { return ok_; }
  std::string take() { return std::move(out_); }

 private:
  struct Scope {
    const TemplateNames* names;  // nullptr: the section brings none
    std::string_view list;       // the list it repeats; empty if none
    bool is_text;                // {{.}} is a text here
  };
  struct Open {
    Tag tag;
    bool has_scope;
  };
  struct File {
    std::string_view name;
    std::string_view text;
    std::vector<Open> open = {};
  };

  void link_file(std::string_view name) {
    File file{name, files_.find(name)->second};
    if (!check_bytes(file)) return;
    including_.push_back(name);
    std::size_t at = 0;
    while (!is_too_large()) {
      const auto tag_begin = file.text.find("{{", at);
      if (tag_begin == std::string_view::npos) break;
      const auto tag = read_tag(file, tag_begin);
      ++tags_;
      if (!tag) {
        at = tag_begin + 2;
        continue;
      }
      const auto [begin, end] = extent(file.text, *tag);
      if (begin > at) emit_text(file.text.substr(at, begin - at));
      at = end;
      link_tag(file, *tag);
    }
    emit_text(file.text.substr(at));
    for (const auto& open : file.open) {
      complain(file, open.tag.begin, fmt::format("section \"{}\" is not closed", open.tag.name));
      if (open.has_scope) scopes_.pop_back();
    }
    including_.pop_back();
    if (is_too_large() && including_.empty())
      complain(file, 0, "with its partials the template is larger than 1 MB or 100,000 tags");
  }

  bool is_too_large() const { return out_.size() > max_linked_bytes || tags_ > max_tags; }

  bool check_bytes(const File& file) {
    if (!is_valid_utf8(file.text)) {
      complain(file, 0, "the template is not UTF-8");
      return false;
    }
    const auto bad = std::find_if(file.text.begin(), file.text.end(), [](char c) {
      return (c >= 0 && c < 0x20 && c != '\n' && c != '\r' && c != '\t') || c == 0x7F;
    });
    if (bad == file.text.end()) return true;
    complain(file, static_cast<std::size_t>(bad - file.text.begin()),
             "control characters do not belong in a template");
    return false;
  }

  std::optional<Tag> read_tag(const File& file, std::size_t begin) {
    const auto rest = file.text.substr(begin);
    const bool triple = rest.starts_with("{{{");
    const std::string_view closing = triple ? "}}}" : "}}";
    const std::size_t inside = triple ? 3 : 2;
    const auto length = rest.find(closing, inside);
    const bool comment = !triple && rest.size() > inside && rest[inside] == '!';
    const auto stop = comment ? std::string_view::npos : std::min(rest.find('\n'), rest.find("{{", inside));
    if (length == std::string_view::npos || length > stop) {
      complain(file, begin, fmt::format("the tag is not closed with \"{}\"", closing));
      return std::nullopt;
    }
    auto name = rest.substr(inside, length - inside);
    const auto trim = [&] {
      const auto first = name.find_first_not_of(" \t");
      name = first == std::string_view::npos ? std::string_view() : name.substr(first);
      name = name.substr(0, name.find_last_not_of(" \t") + 1);
    };
    trim();
    Tag tag{triple ? TagKind::unescaped : TagKind::variable, {}, begin, begin + length + closing.size()};
    static constexpr std::pair<char, TagKind> marks[] = {{'#', TagKind::section}, {'^', TagKind::inverted},
                                                         {'/', TagKind::close},   {'>', TagKind::partial},
                                                         {'!', TagKind::comment}, {'&', TagKind::unescaped}};
    for (const auto& [mark, kind] : marks) {
      if (triple || !name.starts_with(mark)) continue;
      tag.kind = kind;
      name.remove_prefix(1);
      trim();
      break;
    }
    tag.name = name;
    return tag;
  }

  void link_tag(File& file, const Tag& tag) {
    switch (tag.kind) {
      case TagKind::comment:
        return;
      case TagKind::partial:
        return link_partial(file, tag);
      case TagKind::close:
        return link_close(file, tag);
      case TagKind::section:
      case TagKind::inverted:
        return link_section(file, tag);
      case TagKind::unescaped:
        if (format_ == "html")
          complain(file, tag.begin, "an unescaped tag would let a story write HTML; use {{ }}");
        else
          link_variable(file, tag);
        return;
      case TagKind::variable:
        return link_variable(file, tag);
    }
  }

  void link_variable(const File& file, const Tag& tag) {
    if (tag.name.starts_with('='))
      return complain(file, tag.begin, "the delimiters of tags cannot be changed");
    if (format_ == "html" && tag.begin > 0 && file.text[tag.begin - 1] == '=')
      complain(file, tag.begin, "put the value of the attribute in quotes");
    if (tag.name == ".") {
      const auto inner = scopes_.back();
      if (!inner.is_text) complain(file, tag.begin, "{{.}} needs a section of a text around it");
    } else if (const auto* scope = scope_of(tag.name)) {
      const auto& texts = scope->texts;
      if (std::find(texts.begin(), texts.end(), tag.name) == texts.end())
        complain(file, tag.begin, fmt::format("\"{0}\" is a list: open it with {{{{#{0}}}}}", tag.name));
    } else {
      complain_unknown(file, tag);
    }
    emit_tag(tag.kind == TagKind::unescaped ? "&" : "", tag.name);
  }

  void link_section(File& file, const Tag& tag) {
    const auto* home = scope_of(tag.name);
    if (home == nullptr) complain_unknown(file, tag);
    if (scopes_.size() > max_depth) complain(file, tag.begin, "sections and partials are nested too deeply");
    Scope scope{nullptr, {}, false};
    if (home != nullptr) {
      const auto list = home->lists.find(tag.name);
      scope.is_text = list == home->lists.end();
      if (!scope.is_text) {
        scope.names = list->second;
        scope.list = tag.name;
      }
    } else {
      scope.is_text = true;  // one complaint is enough for what is inside
    }
    const bool repeats = tag.kind == TagKind::section;
    const auto same = [&](const Scope& outer) { return !scope.list.empty() && outer.list == scope.list; };
    if (repeats && std::any_of(scopes_.begin(), scopes_.end(), same))
      complain(file, tag.begin, fmt::format("\"{}\" is open already", tag.name));
    file.open.push_back({tag, repeats});
    if (repeats) scopes_.push_back(scope);
    emit_tag(repeats ? "#" : "^", tag.name);
  }

  void link_close(File& file, const Tag& tag) {
    if (file.open.empty())
      return complain(file, tag.begin, fmt::format("section \"{}\" is closed but was not opened", tag.name));
    const auto open = file.open.back();
    if (open.tag.name != tag.name) {
      const auto place = place_of(file, open.tag.begin);
      complain(file, tag.begin,
               fmt::format("\"{}\" is closed where \"{}\" is open since line {}", tag.name, open.tag.name,
                           place.line));
    }
    file.open.pop_back();
    if (open.has_scope) scopes_.pop_back();
    emit_tag("/", open.tag.name);
  }

  void link_partial(const File& file, const Tag& tag) {
    const auto found = files_.find(fmt::format("_{}.{}.mustache", tag.name, format_));
    if (found == files_.end()) {
      std::vector<std::string_view> known;
      for (const auto& [name, text] : files_)
        if (name.starts_with('_') && name.ends_with(fmt::format(".{}.mustache", format_)))
          known.push_back(std::string_view(name).substr(1, name.find('.') - 1));
      return complain(file, tag.begin,
                      fmt::format("there is no partial \"{0}\" (_{0}.{1}.mustache){2}", tag.name, format_,
                                  did_you_mean(tag.name, known)));
    }
    if (std::find(including_.begin(), including_.end(), found->first) != including_.end())
      return complain(file, tag.begin, fmt::format("partial \"{}\" includes itself", tag.name));
    if (including_.size() >= max_depth) return complain(file, tag.begin, "partials are nested too deeply");
    link_file(found->first);
  }

  // The innermost names that know `name`, as Mustache looks it up; nullptr if none do.
  const TemplateNames* scope_of(std::string_view name) const {
    for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
      if (scope->names == nullptr) continue;
      const auto& [texts, lists] = *scope->names;
      if (std::find(texts.begin(), texts.end(), name) != texts.end() || lists.contains(name))
        return scope->names;
    }
    return nullptr;
  }

  void complain_unknown(const File& file, const Tag& tag) {
    std::vector<std::string_view> known;
    for (const auto& scope : scopes_) {
      if (scope.names == nullptr) continue;
      known.insert(known.end(), scope.names->texts.begin(), scope.names->texts.end());
      for (const auto& [name, inner] : scope.names->lists) known.push_back(name);
    }
    complain(file, tag.begin,
             fmt::format("\"{}\" is not known here{}", tag.name, did_you_mean(tag.name, known)));
  }

  Place place_of(const File& file, std::size_t offset) const {
    return place_in(folder_ + "/" + std::string(file.name), file.text, offset);
  }

  // A partial is read at each place that includes it; the same mistake is told once.
  void complain(const File& file, std::size_t offset, std::string message) {
    ok_ = false;
    if (++complaints_ > max_complaints) return;
    auto place = place_of(file, offset);
    const auto& told = diagnostics_.list();
    const auto same = [&](const Diagnostic& other) {
      return other.place.file == place.file && other.place.line == place.line &&
             other.place.column == place.column && other.message == message;
    };
    if (std::any_of(told.begin(), told.end(), same)) return;
    auto excerpt = caret_excerpt(file.text, offset);
    diagnostics_.add(std::move(place), std::move(message), std::move(excerpt));
  }

  void emit_text(std::string_view text) {
    for (const char c : text) {
      if (c == '\r') continue;
      if (c == '{' && out_.ends_with('{')) out_ += hidden_joint;
      out_ += c == '\n' ? hidden_line_end : c;
    }
  }

  void emit_tag(std::string_view mark, std::string_view name) {
    if (out_.ends_with('{')) out_ += hidden_joint;
    out_.append("{{").append(mark).append(name).append("}}");
  }

  const TemplateFiles& files_;
  const std::string& folder_;
  std::string_view format_;
  Diagnostics& diagnostics_;
  std::vector<Scope> scopes_;
  std::vector<std::string_view> including_;
  std::string out_;
  std::size_t tags_ = 0;
  std::size_t complaints_ = 0;
  bool ok_ = true;
};

}  // namespace

std::optional<std::string> link_template(const TemplateFiles& files, std::string_view name,
                                         const std::string& folder, const TemplateNames& names,
                                         Diagnostics& diagnostics) {
  const auto format = name.ends_with(".html.mustache") ? "html" : "txt";
  Linker linker(files, folder, format, diagnostics);
  linker.include(name, names);
  if (!linker.ok()) return std::nullopt;
  return linker.take();
}

}  // namespace crier
