#include "story/article_hints.hpp"

#include <algorithm>
#include <array>
#include <chrono>

#include "story/article_body.hpp"
#include "story/article_date.hpp"
#include "story/article_parts.hpp"
#include "story/article_sources.hpp"
#include "story/page_line.hpp"
#include "story/plain_text.hpp"

namespace crier::article {
namespace {

using html::NodeId;
using html::operator""_tag;

constexpr std::size_t lines_before_title = 4;
constexpr std::size_t lines_after_title = 10;
constexpr std::size_t max_looked_at = 300;  // elements with a telling name
constexpr std::size_t longest_line = 120;   // the weight of a byline or a line with a date

// "2023年10月18日 来源：海港日报 作者：王小明" → "王小明"; empty when no name is announced within the line.
std::string announced_name(std::string_view line) {
  for (const std::string_view word : {"作者：", "作者:", "记者：", "記者：", "文／", "文/", "撰文：",
                                      "Autor: ", "Автор: ", "Author: ", "Auteur : ", "بقلم: ", "الكاتب: "}) {
    const auto at = line.find(word);
    if (at == std::string_view::npos) continue;
    const auto name = trim(line.substr(at + word.size()));
    // Names of these scripts have no spaces in them.
    const bool is_spaced = word.back() == ' ';
    return std::string(is_spaced ? name : name.substr(0, name.find(' ')));
  }
  return {};
}

// What microformats hide in the title of an <abbr>.
bool is_instant(std::string_view text) {
  return text.size() <= 40 && text.find('T') != std::string_view::npos && parse_rfc3339(text);
}

// "By Jane Sample Tuesday": the day belongs to a date that stood behind a comma.
std::string_view without_weekday(std::string_view name) {
  const auto space = name.rfind(' ');
  if (space == std::string_view::npos) return name;
  static constexpr std::array<std::string_view, 7> days{"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                        "Friday", "Saturday", "Sunday"};
  const bool is_day = std::ranges::find(days, name.substr(space + 1)) != days.end();
  return is_day ? trim(name.substr(0, space)) : name;
}

struct Separator {
  std::size_t at;
  std::size_t width;
};

// What stands between a name and what it is not: "Jane Sample - 18 October 2023".
Separator find_separator(std::string_view line) {
  Separator first{std::string_view::npos, 0};
  for (const std::string_view mark : {",", "|", " - ", " – ", " — ", " • ", " · "})
    if (const auto at = line.find(mark); at < first.at) first = {at, mark.size()};
  return first;
}

// "Posted on 18 October 2023 by Jane Sample" → "Jane Sample"; empty when nobody is named behind the date.
std::string_view name_behind_date(std::string_view line, std::string_view language) {
  constexpr std::size_t most_words = 5;
  for (const std::string_view word : {" by ", " von ", " par ", " por ", " door ", " przez "}) {
    const auto at = line.rfind(word);
    if (at == std::string_view::npos) continue;
    const auto name = trim(line.substr(at + word.size()));
    const bool is_name = count_words(name) >= 2 && count_words(name) <= most_words &&
                         name.find_first_of("0123456789") == std::string_view::npos &&
                         !(name.front() >= 'a' && name.front() <= 'z');
    if (is_name && find_date(line.substr(0, at), language, {})) return name;
  }
  return {};
}

// Where a line that tells first when its story was published begins to tell of a change; npos = nowhere.
std::size_t find_change(std::string_view line, std::string_view language) {
  const auto lower = ascii_lower(line);
  for (const std::string_view word :
       {"updated", "last modified", "aktualisiert", "mis à jour", "mise à jour", "modifié", "actualizado",
        "atualizado", "aggiornato", "bijgewerkt", "aktualizacja", "обновлено", "Обновлено", "更新", "अपडेट",
        "آخر تحديث"}) {
    const auto at = lower.find(word);
    const bool has_day = at != std::string::npos && find_date(line.substr(0, at), language, {}) &&
                         line.substr(at).find_first_of("0123456789") != std::string_view::npos;
    if (has_day) return at;
  }
  return std::string_view::npos;
}

// A sentence with a date in it, or one of a story's highlights, tells when something else was.
bool is_prose(std::string_view line) {
  return count_words(line) > 8 && (page::ends_sentence(line) || page::bullet_text(line));
}

// The day that many sites have in the addresses of their stories: "/2023/10/18/", "/2023-10-18/".
std::optional<Time> day_in_address(std::string_view url) {
  const auto number = [&](std::size_t at, std::size_t digits) {
    int value = 0;
    for (std::size_t i = at; i < at + digits; ++i) {
      if (i >= url.size() || url[i] < '0' || url[i] > '9') return -1;
      value = value * 10 + (url[i] - '0');
    }
    return value;
  };
  for (auto at = url.find('/'); at != std::string_view::npos; at = url.find('/', at + 1)) {
    const int year = number(at + 1, 4), month = number(at + 6, 2), day = number(at + 9, 2);
    if (year < 1990 || year > 2200 || month < 0 || day < 0 || at + 11 >= url.size()) continue;
    const char sign = url[at + 5], end = url[at + 11];
    if ((sign != '/' && sign != '-') || url[at + 8] != sign || (end >= '0' && end <= '9')) continue;
    const std::chrono::year_month_day date{std::chrono::year(year),
                                           std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    if (date.ok()) return std::chrono::sys_days(date);
  }
  return std::nullopt;
}

class HintReader {
 public:
  HintReader(Draft& draft, const std::vector<bool>& furniture)
      : draft_(draft), tree_(draft.tree()), furniture_(furniture) {}

  void read() {
    html::walk(
        tree_, html::root, [&](NodeId id) { return enter(id); }, [](NodeId) {});
    draft_.offer_authors(by_relation_);
    draft_.offer_authors(by_name_);
    if (!time_.empty()) draft_.offer_published(time_);
    if (!changed_.empty()) draft_.offer_updated(changed_);
    if (!draft_.story.published) take(named_date_, false);
    if (!draft_.story.updated) take(named_change_, true);
    read_lines(seen_lines(tree_, furniture_));
    if (draft_.story.authors.empty()) draft_.offer_authors(only_relation());
    if (!draft_.story.published && !draft_.story.updated) read_address();
    // Where no other day is told, it is that of the only version there is.
    if (!draft_.story.published) draft_.story.published = draft_.story.updated;
  }

 private:
  bool enter(NodeId id) {
    const auto& node = tree_[id];
    if (node.tag == html::text_tag) return false;
    if (id == html::root) return true;
    if (is_elsewhere(id)) return false;
    if (node.attribute_count == 0 && node.tag != "time"_tag) return true;
    if (node.tag == "a"_tag) read_link(id);
    if (node.tag == "time"_tag) read_time(id, "datetime");
    if (node.tag == "abbr"_tag && is_instant(tree_.attribute(id, "title"))) read_time(id, "title");
    if (looked_at_ < max_looked_at) read_named(id);
    return true;
  }

  // Furniture that is about the story itself still counts: a byline is furniture to its body.
  bool is_elsewhere(NodeId id) const {
    const auto tag = tree_[id].tag;
    if (has(tag, html::is_dropped)) return true;
    return furniture_[id] && (tag == "nav"_tag || tag == "aside"_tag || tag == "footer"_tag ||
                              hint_of(tree_, id) == Hint::furniture);
  }

  bool leads_to_author(NodeId id) const {
    const auto relation = tree_.raw_attribute(id, "rel");
    if (!relation) return false;
    const auto words = ascii_lower(cut_text(*relation, 100));
    // Who wrote a comment is no author: such links are not followed.
    return words.find("author") != std::string::npos && words.find("nofollow") == std::string::npos &&
           words.find("ugc") == std::string::npos;
  }

  // The nodes that are about something else than the story, with all that is in them. Parents come first.
  std::vector<bool> find_asides() const {
    std::vector<bool> found(tree_.size());
    for (NodeId id = 0; id < tree_.size(); ++id) {
      const auto& node = tree_[id];
      found[id] =
          (node.parent != html::no_node && found[node.parent]) || node.tag == "aside"_tag ||
          node.tag == "nav"_tag || node.tag == "footer"_tag ||
          (furniture_[id] && node.attribute_count > 0 &&
           has_word(id, {"footer", "related", "recommended", "trending", "popular", "comments", "comment"}));
    }
    return found;
  }

  // Beside the text, in a column of its own: an author whom the whole page names as the only one.
  std::vector<std::string> only_relation() const {
    std::vector<NodeId> links;
    for (NodeId id = 0; id < tree_.size(); ++id)
      if (tree_[id].tag == "a"_tag && leads_to_author(id)) links.push_back(id);
    if (links.empty()) return {};
    const auto asides = find_asides();
    std::vector<std::string> names;
    for (const auto id : links) {
      auto name = asides[id] ? std::string() : text_in(tree_, id, 200);
      if (name.empty() || (!names.empty() && names.front() == name)) continue;
      if (!names.empty()) return {};
      names.push_back(std::move(name));
    }
    return names;
  }

  void read_link(NodeId id) {
    if (!leads_to_author(id) || ++links_ > max_looked_at) return;
    auto name = text_in(tree_, id, 200);
    if (!name.empty() && std::find(by_relation_.begin(), by_relation_.end(), name) == by_relation_.end())
      by_relation_.push_back(std::move(name));
  }

  bool has_word(NodeId id, std::initializer_list<std::string_view> any_of) const {
    bool found = false;
    each_hint_word(tree_, id, [&](std::string_view word) {
      found = found || std::find(any_of.begin(), any_of.end(), word) != any_of.end();
    });
    return found;
  }

  /// `where` is the attribute that tells machines the time.
  void read_time(NodeId id, std::string_view where) {
    if (++times_ > max_looked_at) return;
    const auto written = tree_.attribute(id, where);
    if (trim(written).empty()) return offer_named(text_in(tree_, id, 200), false);
    const auto line = text_in(tree_, tree_[id].parent == html::no_node ? id : tree_[id].parent, 200);
    const bool is_change = has_word(id, {"updated", "modified"}) || (is_about_update(line) && !time_.empty());
    auto& slot = is_change ? changed_ : time_;
    if (slot.empty()) slot = written;
  }

  void read_named(NodeId id) {
    bool is_author = false, is_date = false, is_change = false, is_more = false;
    each_hint_word(tree_, id, [&](std::string_view word) {
      is_author = is_author || word == "byline" || word == "author" || word == "authors" ||
                  word == "reporter" || word == "bylines" || word == "autor" || word == "auteur" ||
                  word == "writer";
      is_date = is_date || word == "date" || word == "dateline" || word == "datetime" ||
                word == "published" || word == "pubdate" || word == "publish" || word == "time" ||
                word == "timestamp" || word == "posted" || word == "datum" || word == "fecha" ||
                word == "data";
      is_change = is_change || word == "updated" || word == "modified" || word == "update";
      is_more = is_more || word == "bio" || word == "avatar" || word == "image" || word == "follow" ||
                word == "page" || word == "description" || word == "box";
    });
    if (!is_author && !is_date && !is_change) return;
    ++looked_at_;
    const auto line = text_in(tree_, id, 400);
    if (line.empty() || weight_of(line) > longest_line) return;
    if (is_author && !is_more && by_name_.empty()) {
      const auto name = name_within(id);
      take_author(name.empty() ? line : name);
    }
    if (!is_date && !is_change) return;
    offer_named(line, is_change && !is_date);
  }

  // Beside the name there may be an office, without a space between them.
  std::string name_within(NodeId id) const {
    constexpr std::size_t most_nodes = 50;
    std::size_t seen = 0;
    for (auto at = tree_.after(id, id, true); at != html::no_node && ++seen <= most_nodes;
         at = tree_.after(at, id, true))
      if (tree_[at].attribute_count > 0 && has_word(at, {"name", "fn"})) return text_in(tree_, at, 200);
    return {};
  }

  void offer_named(std::string line, bool is_change) {
    const auto& language = draft_.story.language;
    const auto change = find_change(line, language);
    if (change != std::string::npos) {
      if (named_change_.empty()) named_change_ = line.substr(change);
      line.erase(change);
      is_change = false;
    } else {
      is_change = is_change || is_about_update(line);
    }
    auto& slot = is_change ? named_change_ : named_date_;
    if (slot.empty() && find_date(line, language, {})) slot = std::move(line);
  }

  static bool is_dash(std::string_view separator) {
    return separator.find('-') != std::string_view::npos || separator.find("–") != std::string_view::npos ||
           separator.find("—") != std::string_view::npos;
  }

  // "By Jane Sample, October 18, 2023": a date in it is no name.
  void take_author(std::string_view line) {
    std::string names;
    while (!line.empty()) {
      const auto [end, width] = find_separator(line);
      const auto part = without_weekday(trim(line.substr(0, end)));
      const auto separator = end == std::string_view::npos ? std::string_view() : line.substr(end, width);
      line.remove_prefix(end == std::string_view::npos ? line.size() : end + width);
      const bool has_digit = part.find_first_of("0123456789") != std::string_view::npos;
      if (part.empty() || has_digit || find_date(part, {}, {})) {
        if (!names.empty()) break;
        continue;
      }
      if (!names.empty()) names += ", ";
      names += part;
      if (is_dash(separator)) break;  // what stands behind one is a place or an office
    }
    if (auto found = names_of(names); !found.empty()) by_name_ = std::move(found);
  }

  void read_address() {
    draft_.story.published = day_in_address(draft_.story.url);
    if (draft_.story.published)
      draft_.reading().warn(0, 0, "published: only a day in the page's address tells it");
  }

  void take(std::string_view line, bool is_change) {
    if (line.empty()) return;
    auto date = find_date(line, draft_.story.language, draft_.reading().options.default_zone);
    if (!date) return;
    if (!date->doubt.empty())
      draft_.reading().warn(0, 0, "\"" + std::string(cut_text(line, 60)) + "\": " + date->doubt);
    (is_change ? draft_.story.updated : draft_.story.published) = date->time;
  }

  // "Harbour : Two ports sign" of two elements is "Harbour: Two ports sign" elsewhere, and the first of them
  // may have been left out.
  static bool is_headline(std::string_view line, std::string_view title_letters) {
    if (line.size() > 2 * title_letters.size() + 20) return false;
    const auto letters = letters_of(line);
    return letters == title_letters ||
           (2 * letters.size() >= title_letters.size() && title_letters.ends_with(letters));
  }

  // The lines around the headline.
  void read_lines(const std::vector<std::string>& lines) {
    std::size_t title = 0;
    const auto letters = letters_of(draft_.story.title);
    for (std::size_t i = 0; i < lines.size() && !letters.empty(); ++i)
      if (is_headline(lines[i], letters)) {
        title = i;
        break;
      }
    const auto from = title - std::min(title, lines_before_title);
    const auto to = std::min(lines.size(), title + lines_after_title);
    for (auto i = from; i < to; ++i)
      if (lines[i] != draft_.story.title && weight_of(lines[i]) <= longest_line && !is_prose(lines[i]))
        read_line(lines[i]);
  }

  void read_line(std::string_view line) {
    while (!line.empty()) {
      const auto end = std::min(line.find_first_of("\n|"), line.find(" · "));
      read_part(trim(line.substr(0, end)));
      line.remove_prefix(std::min(line.size(), end == std::string_view::npos ? line.size() : end + 1));
    }
  }

  void read_part(std::string_view part) {
    const auto& language = draft_.story.language;
    if (draft_.story.authors.empty() && is_byline(part)) {
      by_name_.clear();
      take_author(part);
      draft_.offer_authors(by_name_);
    }
    if (draft_.story.authors.empty()) read_byline_behind(part);
    if (draft_.story.authors.empty()) draft_.offer_authors({announced_name(part)});
    if (draft_.story.authors.empty()) draft_.offer_authors({std::string(name_behind_date(part, language))});
    const auto change = find_change(part, language);
    if (change != std::string_view::npos) {
      if (!draft_.story.published) take(part.substr(0, change), false);
      if (!draft_.story.updated) take(part.substr(change), true);
      return;
    }
    const bool is_change = is_about_update(part);
    if (!(is_change ? draft_.story.updated : draft_.story.published)) take(part, is_change);
  }

  // "October 18, 2023 - By Jane Sample".
  void read_byline_behind(std::string_view part) {
    for (const std::string_view mark : {" - ", " – ", " — ", " / "}) {
      const auto behind = part.rfind(mark);
      if (behind == std::string_view::npos || !is_byline(part.substr(behind + mark.size()))) continue;
      if (!find_date(part.substr(0, behind), draft_.story.language, {})) continue;
      by_name_.clear();
      take_author(part.substr(behind + mark.size()));
      return draft_.offer_authors(by_name_);
    }
  }

  Draft& draft_;
  const html::Tree& tree_;
  const std::vector<bool>& furniture_;
  std::vector<std::string> by_relation_, by_name_;
  std::string time_, changed_, named_date_, named_change_;
  std::size_t looked_at_ = 0, links_ = 0, times_ = 0;
};

}  // namespace

void read_hints(Draft& draft, const std::vector<bool>& furniture) {
  const auto& story = draft.story;
  if (!story.authors.empty() && story.published && story.updated) return;
  HintReader(draft, furniture).read();
}

}  // namespace crier::article
