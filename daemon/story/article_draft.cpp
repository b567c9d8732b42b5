#include "story/article_draft.hpp"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "story/feed_draft.hpp"
#include "story/feed_text.hpp"
#include "story/fields.hpp"
#include "story/plain_text.hpp"
#include "story/url_identity.hpp"
#include "story/url_reference.hpp"

namespace crier::article {
namespace {

using html::operator""_tag;

constexpr std::size_t max_line_bytes = 4096;  // of a title or a name before it is cleaned
constexpr std::size_t max_summary_bytes = 64U << 10;
constexpr std::size_t max_body_bytes = 4U << 20;

std::string line_of(std::string_view text, std::size_t max_bytes = max_line_bytes) {
  return feed_line(cut_text(text, max_bytes), FeedTextKind::either);
}

// Of a canonical URL.
std::string_view host_of(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  url.remove_prefix(scheme + 3);
  return url.substr(0, url.find_first_of("/?:"));
}

bool is_front_page(std::string_view url) {
  const auto host = host_of(url);
  return host.data() + host.size() + 1 >= url.data() + url.size();
}

std::string_view bare_host(std::string_view host) {
  for (const std::string_view label : {"www.", "m.", "mobile.", "amp.", "beta."})
    if (host.starts_with(label)) return host.substr(label.size());
  return host;
}

bool is_same_site(std::string_view one, std::string_view other) {
  const auto a = bare_host(host_of(one)), b = bare_host(host_of(other));
  const auto is_part = [](std::string_view whole, std::string_view end) {
    return end.find('.') != std::string_view::npos && whole.size() > end.size() && whole.ends_with(end) &&
           whole[whole.size() - end.size() - 1] == '.';
  };
  return a == b || is_part(a, b) || is_part(b, a);
}

// The words that stand before a name. Those that end in a space are words of their own.
constexpr auto byline_words = std::to_array<std::string_view>(
    {"written by ", "reported by ", "story by ",  "by ",        "by: ",     "von ",
     "text von ",   "text: ",       "autor: ",    "autorin: ",  "par ",     "propos recueillis par ",
     "por ",        "texto: ",      "di ",        "a cura di ", "door ",    "av ",
     "af ",         "tekst: ",      "tekst ",     "przez ",     "autor ",   "автор: ",
     "автор ",      "текст: ",      "автори: ",   "oleh ",      "yazan: ",  "haber: ",
     "tác giả: ",   "بقلم: ",       "بقلم ",      "كتب: ",      "كتب ",     "โดย: ",
     "โดย ",        "文/",          "文／",       "记者 ",      "記者 ",    "作者：",
     "作者:",       "撰文：",       "posted by ", "words by ",  "von: ",    "autore: ",
     "par : ",      "auteur : ",    "auteur: ",   "por: ",      "di: ",     "door: ",
     "auteur ",     "redakcja: ",   "بواسطة ",    "بواسطة: ",   "الكاتب: ", "إعداد: ",
     "著者：",      "執筆：",       "文：",       "लेखक: ",      "रिपोर्ट: "});
constexpr auto more_byline_words = std::to_array<std::string_view>(
    {"记者：",     "記者：",     "记者:",       "記者:",      "γράφει ο ",       "γράφει η ",
     "Γράφει ο ",  "Γράφει η ",  "Συντάκτης: ", "Ρεπορτάζ: ", "tekst og foto: ", "skriven av ",
     "reporter: ", "redactor: ", "texte : ",    "texte: ",    "testo di ",       "kirjoittaja: ",
     "napsal ",    "napsala ",   "szerző: ",    "autor/in: ", "penulis: "});
constexpr std::array<std::string_view, 4> byline_ends{" 기자", "記者", "记者", "특파원"};
constexpr std::array<std::string_view, 7> joints{" und ", " et ", " och ", " og ", " и ", "、", "，"};

// The size of the announcing word in front; 0 = none.
std::size_t byline_word(std::string_view line) {
  const auto lower = ascii_lower(cut_text(line, 60));
  for (const auto word : byline_words)
    if (lower.starts_with(word)) return word.size();
  for (const auto word : more_byline_words)
    if (lower.starts_with(word)) return word.size();
  for (const std::string_view word : {"Автор: ", "Автор ", "Текст: ", "Yazan: "})
    if (line.starts_with(word)) return word.size();
  // Greek articles, which begin many other lines.
  constexpr std::size_t most_words = 4;
  for (const std::string_view word : {"Της ", "Του "})
    if (line.starts_with(word) && count_words(line) <= most_words) return word.size();
  return 0;
}

// "Lucía Ejemplo y Mateo Muestra" are two, "José Ejemplo y Muestra" is one.
void split_between_full_names(std::string& text) {
  for (const std::string_view joint : {" y ", " e ", " i ", " en "}) {
    const auto at = text.find(joint);
    if (at == std::string::npos) continue;
    const auto left = std::string_view(text).substr(0, at);
    const auto right = std::string_view(text).substr(at + joint.size());
    if (count_words(left.substr(left.rfind(',') + 1)) >= 2 && count_words(right) >= 2)
      text.replace(at, joint.size(), ",");
  }
}

// "harbour-post.example": a site, which newsrooms give as the author of what has none.
bool is_host_name(std::string_view name) {
  const auto point = name.rfind('.');
  if (point == std::string_view::npos || point == 0 || name.size() - point < 3) return false;
  return std::ranges::all_of(ascii_lower(name), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
  });
}

// Chinese pages name who is responsible for the text, who has not written it.
bool is_editor(std::string_view name) {
  static constexpr std::array<std::string_view, 6> words{"责任编辑", "責任編輯", "编辑：",
                                                         "編輯：",   "责编",     "責編"};
  return std::ranges::any_of(words, [&](auto word) { return name.starts_with(word); });
}

bool is_name(std::string_view name) {
  if (name.size() > 100 || count_words(name) > 12 || is_host_name(name) || is_editor(name)) return false;
  // The name stands elsewhere. ("By" is a surname, too.)
  static constexpr std::array<std::string_view, 8> labels{
      "by", "story by", "written by", "reported by", "photo by", "photos by", "text by", "words by"};
  if (std::ranges::find(labels, ascii_lower(name)) != labels.end()) return false;
  if (name.find("://") != std::string_view::npos || name.starts_with("www.") || name.starts_with('@') ||
      name.find_first_of("<>{}|") != std::string_view::npos)
    return false;
  return std::any_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
  });
}

// A separator that stands before the name of a site, and whether sentences have it, too.
struct Separator {
  std::string_view text;
  bool is_common;
};
constexpr std::array separators{Separator{" | ", false}, Separator{" - ", true},   Separator{" – ", true},
                                Separator{" — ", true},  Separator{" :: ", false}, Separator{" · ", false},
                                Separator{" • ", false}, Separator{" » ", false},  Separator{" « ", false},
                                Separator{"｜", false},  Separator{"|", false},    Separator{"_", false}};

struct Cut {
  std::size_t at = std::string_view::npos;
  Separator separator;
};

Cut last_cut(std::string_view title) {
  Cut last;
  for (const auto& separator : separators) {
    const auto at = title.rfind(separator.text);
    if (at == std::string_view::npos || at == 0) continue;
    if (last.at == std::string_view::npos || at > last.at) last = {at, separator};
  }
  return last;
}

}  // namespace

std::string letters_of(std::string_view text) {
  std::string out;
  for (const char c : ascii_lower(text))
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80) out += c;
  return out;
}

Draft::Draft(Reading& reading, const html::Tree& tree) : reading_(reading), tree_(tree) {
  const auto& given = reading.options.url;
  std::string canonical_link, base_href;
  for (html::NodeId id = 0; id < tree.size(); ++id) {
    const auto tag = tree[id].tag;
    if (tag == "base"_tag && base_href.empty()) base_href = tree.attribute(id, "href");
    if (tag == "link"_tag && canonical_link.empty() && ascii_lower(tree.attribute(id, "rel")) == "canonical")
      canonical_link = tree.attribute(id, "href");
  }
  page_url_ = canonical_url(given).value_or("");
  if (page_url_.empty()) page_url_ = canonical_url(resolve_url(canonical_link, "").value_or("")).value_or("");
  const auto own = given.empty() ? page_url_ : given;
  base_ = base_href.empty() ? own : resolve_url(base_href, own).value_or(own);
}

void Draft::offer_title(std::string_view text) {
  if (story.title.empty()) story.title = line_of(text);
}

void Draft::offer_summary(std::string_view text) {
  if (story.summary.empty()) story.summary = line_of(text, max_summary_bytes);
}

void Draft::offer_section(std::string_view text) {
  if (story.section.empty()) story.section = line_of(text);
}

void Draft::offer_site(std::string_view text) {
  if (!story.site.empty()) return;
  auto site = line_of(text);
  if (!site.starts_with("http:") && !site.starts_with("https:") && !site.starts_with('@'))
    story.site = std::move(site);
}

void Draft::offer_url(std::string_view reference) {
  if (!story.url.empty()) return;
  const auto absolute = resolve_url(reference, base_);
  const auto url = absolute ? canonical_url(*absolute) : std::nullopt;
  if (!url) return;
  if (!page_url_.empty() && !is_same_site(*url, page_url_)) {
    reading_.warn(0, 0, fmt::format("the page calls itself {}, which is another site's; ignored", *url));
    return;
  }
  // Templates that name the front page on every page are a common mistake.
  if (is_front_page(*url) && !page_url_.empty() && !is_front_page(page_url_)) return;
  story.url = *url;
}

void Draft::offer_image(std::string_view reference) {
  if (story.image.empty() && !reference.empty()) story.image = resolve_url(reference, base_).value_or("");
}

void Draft::offer_published(std::string_view text) {
  if (!story.published && !tidy_line(cut_text(text, 200)).empty())
    story.published = read_feed_date(reading_, text, "published", 0);
}

void Draft::offer_updated(std::string_view text) {
  if (!story.updated && !tidy_line(cut_text(text, 200)).empty())
    story.updated = read_feed_date(reading_, text, "updated", 0);
}

void Draft::offer_language(std::string_view tag) {
  if (story.language.empty() && !trim(tag).empty())
    story.language = read_feed_language(reading_, trim(tag), 0);
}

void Draft::offer_authors(const std::vector<std::string>& lines) {
  if (!story.authors.empty()) return;
  for (const auto& line : lines)
    for (auto& name : names_of(line_of(line)))
      if (story.authors.size() < max_list_items &&
          std::find(story.authors.begin(), story.authors.end(), name) == story.authors.end())
        story.authors.push_back(std::move(name));
}

void Draft::offer_topics(const std::vector<std::string>& topics) {
  if (!story.topics.empty()) return;
  for (const auto& topic : topics) {
    auto name = line_of(topic);
    if (!name.empty() && name.find("://") == std::string::npos && story.topics.size() < max_list_items &&
        std::find(story.topics.begin(), story.topics.end(), name) == story.topics.end())
      story.topics.push_back(std::move(name));
  }
}

void Draft::offer_body(std::string_view text) {
  if (body.empty()) body = cut_text(text, max_body_bytes);
}

void Draft::add_enclosure(std::string_view reference, std::string_view type) {
  auto url = resolve_url(reference, base_);
  auto& all = story.enclosures;
  if (!url || all.size() == max_enclosures) return;
  if (std::any_of(all.begin(), all.end(), [&](const Enclosure& one) { return one.url == *url; })) return;
  all.push_back({*std::move(url), tidy_line(cut_text(type, max_type_bytes)), 0});
}

void Draft::cut_site_off_title(std::string_view heading) {
  // The heading that readers see, between what the page puts around it for others.
  if (count_words(heading) >= 2 && heading.size() < story.title.size()) {
    const auto rest = story.title.starts_with(heading) ? std::string_view(story.title).substr(heading.size())
                                                       : std::string_view();
    const auto before = story.title.ends_with(heading)
                            ? std::string_view(story.title).substr(0, story.title.size() - heading.size())
                            : std::string_view();
    const bool is_around = std::ranges::any_of(separators, [&](const Separator& separator) {
      return rest.starts_with(separator.text) || before.ends_with(separator.text);
    });
    const bool is_in_brackets = rest.starts_with("（") && rest.ends_with("）");
    if (is_around || is_in_brackets) story.title = heading;
  }
  if (story.site.empty()) return;
  const auto cut = last_cut(story.title);
  if (cut.at == std::string_view::npos) return;
  const auto end = std::string_view(story.title).substr(cut.at + cut.separator.text.size());
  if (letters_of(end) == letters_of(story.site)) story.title = tidy_line(story.title.substr(0, cut.at));
}

std::vector<std::string> names_of(std::string_view line) {
  auto text = tidy_line(cut_text(line, max_line_bytes));
  text.erase(0, byline_word(text));
  for (const auto end : byline_ends)
    if (text.ends_with(end)) text = trim(text.substr(0, text.size() - end.size()));
  for (const auto joint : joints)
    for (auto at = text.find(joint); at != std::string::npos; at = text.find(joint, at + 1))
      text.replace(at, joint.size(), ",");
  split_between_full_names(text);
  // "Jane Sample @jane"
  if (const auto handle = text.find(" @"); handle != std::string::npos) text.erase(handle);
  auto names = split_names(text);
  std::erase_if(names, [](const std::string& name) { return !is_name(name); });
  return names;
}

bool is_byline(std::string_view line) {
  if (line.size() > 200) return false;
  const auto word = byline_word(line);
  const auto rest = trim(line.substr(word));
  if (word > 0) return !rest.empty() && !(rest.front() >= 'a' && rest.front() <= 'z');
  return count_words(line) <= 12 &&
         std::any_of(byline_ends.begin(), byline_ends.end(), [&](auto end) { return line.ends_with(end); });
}

std::string cut_site(std::string_view title, std::string_view site, std::string_view host) {
  auto left = tidy_line(title);
  // "Harbour Post | Two ports sign a pact"
  for (const auto& separator : separators) {
    const auto at = left.find(separator.text);
    if (at == std::string::npos || site.empty() || letters_of(left.substr(0, at)) != letters_of(site))
      continue;
    left = tidy_line(left.substr(at + separator.text.size()));
    break;
  }
  for (int rounds = 0; rounds < 3; ++rounds) {
    const auto cut = last_cut(left);
    if (cut.at == std::string_view::npos) break;
    const auto head = tidy_line(std::string_view(left).substr(0, cut.at));
    const auto end = letters_of(std::string_view(left).substr(cut.at + cut.separator.text.size()));
    const bool is_site =
        !end.empty() &&
        (end == letters_of(site) || (end.size() >= 3 && letters_of(host).find(end) != std::string::npos));
    const bool is_likely =
        !cut.separator.is_common && left.size() - cut.at <= head.size() && head.size() >= 12;
    if (!is_site && !is_likely) break;
    left = head;
  }
  return left;
}

}  // namespace crier::article
