// The JSON-LD of a page: the first of article_sources.hpp.

#include <algorithm>
#include <deque>
#include <unordered_map>

#include <boost/json.hpp>

#include "story/article_sources.hpp"
#include "story/json_members.hpp"
#include "story/plain_text.hpp"
#include "story/url_identity.hpp"
#include "story/url_reference.hpp"

namespace crier::article {
namespace {

namespace json = boost::json;
using html::operator""_tag;

constexpr std::size_t max_blocks = 100;     // scripts of a page
constexpr std::size_t max_items = 200;      // of a list
constexpr std::size_t max_articles = 1000;  // of a page
constexpr std::size_t max_type_names = 20;  // of an object

// "http://schema.org/NewsArticle" → "NewsArticle"
std::string_view local_name(std::string_view type) {
  return type.substr(type.find_last_of("/:#") + 1);  // npos + 1 is 0
}

bool is_article_type(std::string_view type) {
  const auto name = local_name(type);
  return name.ends_with("Article") || name.ends_with("BlogPosting") || name == "Report" ||
         name == "SocialMediaPosting";
}

bool has_type(const json::object& object, bool (*is_wanted)(std::string_view)) {
  const auto* type = object.if_contains("@type");
  if (!type) return false;
  if (const auto* text = type->if_string()) return is_wanted(std::string_view(*text));
  const auto* list = type->if_array();
  if (!list) return false;
  const auto end = list->begin() + static_cast<std::ptrdiff_t>(std::min(list->size(), max_type_names));
  return std::any_of(list->begin(), end, [&](const json::value& one) {
    return one.is_string() && is_wanted(std::string_view(one.get_string()));
  });
}

// Line ends in texts break JSON, and old pages wrap scripts into comments or CDATA.
std::string clean_script(std::string_view script) {
  std::string text(script);
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  const auto from = text.find_first_of("{[");
  const auto to = text.find_last_of("}]");
  if (from == std::string::npos || to == std::string::npos || to < from) return {};
  // "[" of "<![CDATA["
  const auto mark = text.find("<![CDATA[");
  const auto begin = mark != std::string::npos && mark < from ? text.find_first_of("{[", mark + 9) : from;
  if (begin == std::string::npos || begin > to) return {};
  auto end = to + 1;
  if (mark != std::string::npos && mark < from)
    if (const auto close = text.rfind("]]>"); close != std::string::npos && close > begin) end = close;
  text = text.substr(begin, end - begin);
  text.erase(text.find_last_of("}]") + 1);
  return text;
}

// What is left of a canonical URL when the ways to the same page are not told apart.
std::string_view bare_address(std::string_view url) {
  if (const auto scheme = url.find("://"); scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  for (const std::string_view label : {"www.", "m.", "amp."})
    if (url.starts_with(label)) url.remove_prefix(label.size());
  while (url.ends_with('/')) url.remove_suffix(1);
  return url;
}

class JsonLd {
 public:
  explicit JsonLd(Draft& draft) : draft_(draft) {}

  void read() {
    parse_all();
    for (const auto& document : documents_) index(document);
    for (const auto& document : documents_) collect(document);
    if (const auto* article = choose()) take(*article);
  }

 private:
  void parse_all() {
    const auto& tree = draft_.tree();
    for (html::NodeId id = 0; id < tree.size() && documents_.size() < max_blocks; ++id) {
      if (tree[id].tag != "script"_tag || tree[id].first_child == html::no_node) continue;
      const auto type = media_type(tree.attribute(id, "type"));
      if (type == "application/ld+json") parse(tree.text(tree[id].first_child));
    }
  }

  void parse(std::string_view script) {
    const auto text = clean_script(script);
    Reading inner(text, draft_.reading().options);
    if (auto parsed = parse_sloppy_json(inner))
      documents_.push_back(*std::move(parsed));
    else
      draft_.reading().warn(0, 0, "a script of JSON-LD is no valid JSON; ignored");
  }

  // What objects with an "@id" elsewhere in the page are. As deep as the parser lets JSON be.
  void index(const json::value& value) {
    if (const auto* list = value.if_array())
      for (const auto& item : *list) index(item);
    const auto* object = value.if_object();
    if (!object) return;
    const auto* id = object->if_contains("@id");
    if (id && id->is_string() && object->size() > 1)
      by_id_.try_emplace(std::string(id->get_string()), object);
    for (const auto& member : *object) index(member.value());
  }

  void collect(const json::value& value) {
    if (const auto* list = value.if_array())
      for (const auto& item : *list) collect(item);
    const auto* object = value.if_object();
    if (!object || articles_.size() == max_articles) return;
    if (has_type(*object, is_article_type)) {
      articles_.push_back(object);
      return;
    }
    for (const auto* name : {"@graph", "mainEntity", "mainEntityOfPage"})
      if (const auto* inner = object->if_contains(name)) collect(*inner);
  }

  // The one that is about this page. Several that are about other pages make a list, not an article.
  const json::object* choose() const {
    const json::object* first = nullptr;
    for (const auto* article : articles_) {
      const auto address = address_of(*article);
      if (!address.empty() && bare_address(address) == bare_address(draft_.page_url())) return article;
      if (!first && article->if_contains("headline")) first = article;
    }
    if (!first && !articles_.empty()) first = articles_.front();
    const bool is_list = articles_.size() > 2 && !address_of(*articles_.front()).empty();
    return is_list ? nullptr : first;
  }

  std::string address_of(const json::object& article) const {
    for (const auto* name : {"url", "mainEntityOfPage", "@id"}) {
      const auto absolute = resolve_url(address_in(article.if_contains(name)), draft_.base());
      if (absolute)
        if (auto canonical = canonical_url(*absolute)) return *canonical;
    }
    return {};
  }

  // A URL itself, or the object that has it.
  std::string address_in(const json::value* value) const {
    if (!value) return {};
    if (const auto* list = value->if_array()) value = list->empty() ? nullptr : &list->front();
    if (!value) return {};
    if (const auto text = scalar_text(*value)) return *text;
    const auto* object = follow(value->if_object());
    if (!object) return {};
    for (const auto* name : {"url", "contentUrl", "@id"})
      if (const auto* member = object->if_contains(name); member && member->is_string())
        return std::string(member->get_string());
    return {};
  }

  // {"@id": "#jane"} → the object that is called so.
  const json::object* follow(const json::object* object) const {
    if (!object || object->size() != 1) return object;
    const auto* id = object->if_contains("@id");
    if (!id || !id->is_string()) return object;
    const auto found = by_id_.find(std::string(id->get_string()));
    return found == by_id_.end() ? object : found->second;
  }

  // The texts of a list, or of one value: texts themselves, and the names of objects.
  std::vector<std::string> texts(const json::value* value) const {
    std::vector<std::string> out;
    const auto add = [&](const json::value& item) {
      if (auto text = scalar_text(item)) {
        out.push_back(*std::move(text));
        return;
      }
      const auto* object = follow(item.if_object());
      for (const auto* name : {"name", "@value", "text", "headline", "termCode"}) {
        const auto* member = object ? object->if_contains(name) : nullptr;
        if (member && member->is_array() && !member->get_array().empty())
          member = &member->get_array().front();
        // {"name": {"@value": "Jane Sample", "@language": "en"}}
        if (const auto* inner = member ? member->if_object() : nullptr) member = inner->if_contains("@value");
        auto text = member ? scalar_text(*member) : std::nullopt;
        if (!text) continue;
        out.push_back(*std::move(text));
        return;
      }
    };
    if (!value) return out;
    const auto* list = value->if_array();
    if (!list) add(*value);
    for (std::size_t i = 0; list && i < std::min(list->size(), max_items); ++i) add((*list)[i]);
    return out;
  }

  std::string text(const json::object& object, std::initializer_list<const char*> names) const {
    for (const auto* name : names)
      for (auto& found : texts(object.if_contains(name)))
        if (!tidy_line(cut_text(found, 1000)).empty()) return std::move(found);
    return {};
  }

  void take(const json::object& article) {
    draft_.is_article = true;
    draft_.offer_title(text(article, {"headline", "name"}));
    draft_.offer_summary(text(article, {"description", "abstract"}));
    draft_.offer_published(text(article, {"datePublished", "dateCreated", "coverageStartTime"}));
    draft_.offer_updated(text(article, {"dateModified"}));
    for (const auto* name : {"author", "creator"}) draft_.offer_authors(texts(article.if_contains(name)));
    for (const auto* name : {"image", "thumbnailUrl", "thumbnail"})
      draft_.offer_image(address_in(article.if_contains(name)));
    const auto language = article.if_contains("inLanguage");
    const auto* details = language ? follow(language->if_object()) : nullptr;
    draft_.offer_language(details ? text(*details, {"alternateName", "name"})
                                  : text(article, {"inLanguage"}));
    for (const auto* name : {"publisher", "sourceOrganization"}) draft_.offer_site(text(article, {name}));
    take_topics(article);
    take_media(article);
    take_correction(article);
    take_access(article);
    take_body(article);
    draft_.offer_url(address_of(article));
  }

  void take_topics(const json::object& article) {
    const auto sections = texts(article.if_contains("articleSection"));
    if (!sections.empty()) draft_.offer_section(sections.front());
    std::vector<std::string> topics;
    for (const auto& keyword : texts(article.if_contains("keywords"))) {
      std::string_view rest = keyword;
      while (!rest.empty() && topics.size() < max_items) {
        const auto comma = rest.find_first_of(",;");
        topics.emplace_back(rest.substr(0, comma));
        rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
      }
    }
    draft_.offer_topics(topics);
  }

  void take_media(const json::object& article) {
    for (const auto* name : {"audio", "video", "associatedMedia"}) {
      const auto* value = article.if_contains(name);
      if (!value) continue;
      const auto* list = value->if_array();
      const auto add = [&](const json::value& item) {
        const auto* object = follow(item.if_object());
        if (object && object->if_contains("contentUrl"))
          draft_.add_enclosure(text(*object, {"contentUrl"}), text(*object, {"encodingFormat"}));
      };
      if (!list) add(*value);
      for (std::size_t i = 0; list && i < std::min(list->size(), max_items); ++i) add((*list)[i]);
    }
  }

  void take_correction(const json::object& article) {
    const auto* correction = article.if_contains("correction");
    if (!correction || correction->is_null()) return;
    std::string all;
    for (const auto& one : texts(correction)) {
      if (!all.empty()) all += ' ';
      all += one;
    }
    draft_.story.correction = tidy_line(cut_text(all, 16U << 10));
  }

  void take_access(const json::object& article) {
    const auto* free = article.if_contains("isAccessibleForFree");
    if (!free) return;
    const bool is_said = free->is_bool() && !free->get_bool();
    const auto word = ascii_lower(local_name(free->is_string() ? std::string_view(free->get_string()) : ""));
    draft_.is_paid = is_said || word == "false" || word == "no";
  }

  void take_body(const json::object& article) {
    draft_.offer_body(text(article, {"articleBody", "text"}));
    const auto* updates = article.if_contains("liveBlogUpdate");
    const auto* list = updates ? updates->if_array() : nullptr;
    if (!list) return;
    std::string all;
    for (std::size_t i = 0; i < std::min(list->size(), max_items); ++i) {
      const auto* update = (*list)[i].if_object();
      if (!update) continue;
      for (const auto* name : {"headline", "articleBody"}) all += text(*update, {name}) + "\n";
    }
    draft_.offer_body(all);
  }

  Draft& draft_;
  std::deque<json::value> documents_;
  std::unordered_map<std::string, const json::object*> by_id_;
  std::vector<const json::object*> articles_;
};

}  // namespace

void read_json_ld(Draft& draft) {
  JsonLd(draft).read();
}

}  // namespace crier::article
