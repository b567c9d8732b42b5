#include "render/template.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <system_error>

#include <fmt/core.h>
#include <kainjow/mustache.hpp>

#include "base/encoding.hpp"
#include "base/files.hpp"
#include "base/suggest.hpp"
#include "base/unicode.hpp"
#include "render/slots.hpp"

namespace crier {
namespace {

namespace mustache = kainjow::mustache;

constexpr std::uint64_t max_file_bytes = 256U << 10;
constexpr std::string_view extension = ".mustache";
constexpr std::string_view default_accent = "#9b1c1c";
constexpr std::array<std::string_view, 4> required_files{"alert.html.mustache", "alert.txt.mustache",
                                                         "digest.html.mustache", "digest.txt.mustache"};

// What a link of a share button may be: mailto: is ours to make, everything else is held to web_link.
std::string share_link(const std::string& url) {
  const bool plain_mailto = url.starts_with("mailto:") && std::all_of(url.begin(), url.end(), [](char c) {
                              return c > 0x20 && c < 0x7F && c != '"' && c != '<' && c != '>';
                            });
  return plain_mailto ? url : web_link(url);
}

// A BCP 47 tag, or nothing: it stands in an attribute that browsers and screen readers act on.
std::string language_tag(std::string_view language) {
  const auto is_part = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  };
  const bool ok = language.size() <= 35 && std::all_of(language.begin(), language.end(), is_part);
  return ok ? std::string(language) : std::string();
}

std::string direction(const std::string& language) {
  return is_right_to_left(language) ? "rtl" : "ltr";
}

std::string start_side(const std::string& language) {
  return is_right_to_left(language) ? "right" : "left";
}

std::string accent_of(const Site& site) {
  const auto is_hex = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  };
  const bool ok = site.accent.size() == 7 && site.accent[0] == '#' &&
                  std::all_of(site.accent.begin() + 1, site.accent.end(), is_hex);
  return ok ? site.accent : std::string(default_accent);
}

// Black or white, whichever is easier to read on the accent (WCAG 2.2, relative luminance).
std::string text_on(const std::string& accent) {
  const auto channel = [&](std::size_t at) {
    const auto value = std::stoi(accent.substr(at, 2), nullptr, 16) / 255.0;
    return value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4);
  };
  const double luminance = 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
  return luminance > 0.179 ? "#000000" : "#ffffff";
}

struct Mail {
  const Content& content;
  const FormReader& reader;
};

std::string preheader_of(const Content& content) {
  if (!content.preheader.empty()) return content.preheader;
  if (content.kind == ContentKind::digest) {
    std::string titles;
    for (std::size_t i = 0; i < std::min<std::size_t>(content.items.size(), 3); ++i)
      titles += (i == 0 ? "" : " · ") + content.items[i].title;
    return titles;
  }
  if (content.items.empty()) return {};
  const auto& item = content.items.front();
  if (!item.summary.empty()) return item.summary;
  return shorten(first_text(item), 200);
}

// "You follow tides", "Your rule …" as they go on after "because".
std::string as_clause(std::string reason) {
  if (reason.starts_with("You ") || reason.starts_with("Your ")) reason.front() = 'y';
  return reason;
}

struct ItemPlace {
  const Item& item;
  std::size_t index;  // from 0
};

// The names that templates may use, each beside where its value comes from: the checker and the renderer read
// the same tables. An empty value is a section that is not shown.
struct MailName {
  std::string_view name;
  std::string (*value)(const Mail&);
};
struct ItemName {
  std::string_view name;
  std::string (*value)(const ItemPlace&);
};
// Names whose values are each reader's own; here they are slots.
struct ReaderName {
  std::string_view name;
  char slot;
  bool FormReader::*is_there;
};

constexpr MailName mail_names[] = {
    {"subject", [](const Mail& mail) { return mail.content.subject; }},
    {"site_name", [](const Mail& mail) { return mail.content.site.name; }},
    {"site_url", [](const Mail& mail) { return web_link(mail.content.site.url); }},
    {"site_address", [](const Mail& mail) { return mail.content.site.address; }},
    {"accent", [](const Mail& mail) { return accent_of(mail.content.site); }},
    {"accent_text", [](const Mail& mail) { return text_on(accent_of(mail.content.site)); }},
    {"edition_title", [](const Mail& mail) { return mail.content.edition_title; }},
    {"edition_date", [](const Mail& mail) { return mail.content.edition_date; }},
    {"preheader", [](const Mail& mail) { return preheader_of(mail.content); }},
    {"mail_language", [](const Mail& mail) { return language_tag(mail.content.language); }},
    {"mail_direction", [](const Mail& mail) { return direction(mail.content.language); }},
    {"mail_start", [](const Mail& mail) { return start_side(mail.content.language); }},
    {"reader_reason", [](const Mail& mail) { return as_clause(mail.reader.reason); }},
    {"left_out",
     [](const Mail& mail) {
       return mail.content.left_out == 0 ? std::string() : std::to_string(mail.content.left_out);
     }},
};

constexpr ReaderName reader_names[] = {
    {"reader_name", name_slot, &FormReader::has_name},
    {"unsubscribe_url", unsubscribe_slot, &FormReader::has_unsubscribe},
};

constexpr ItemName item_names[] = {
    {"title", [](const ItemPlace& place) { return place.item.title; }},
    {"summary", [](const ItemPlace& place) { return place.item.summary; }},
    {"url", [](const ItemPlace& place) { return web_link(place.item.url); }},
    {"image", [](const ItemPlace& place) { return web_link(place.item.image); }},
    {"image_alt", [](const ItemPlace& place) { return place.item.image_alt; }},
    {"byline", [](const ItemPlace& place) { return place.item.byline; }},
    {"kicker", [](const ItemPlace& place) { return place.item.kicker; }},
    {"published", [](const ItemPlace& place) { return place.item.published; }},
    {"language", [](const ItemPlace& place) { return language_tag(place.item.language); }},
    {"direction", [](const ItemPlace& place) { return direction(place.item.language); }},
    {"start", [](const ItemPlace& place) { return start_side(place.item.language); }},
    {"is_rtl",
     [](const ItemPlace& place) { return std::string(is_right_to_left(place.item.language) ? "true" : ""); }},
    {"share_post", [](const ItemPlace& place) { return share_link(place.item.share_post); }},
    {"share_email", [](const ItemPlace& place) { return share_link(place.item.share_email); }},
    {"share_whatsapp", [](const ItemPlace& place) { return share_link(place.item.share_whatsapp); }},
    {"reason", [](const ItemPlace& place) { return place.item.reason; }},
    {"also", [](const ItemPlace& place) { return place.item.also; }},
    {"number", [](const ItemPlace& place) { return std::to_string(place.index + 1); }},
    {"is_first", [](const ItemPlace& place) { return std::string(place.index == 0 ? "true" : ""); }},
};

const TemplateNames& known_names() {
  static const TemplateNames of_paragraph{{"text", "heading"}, {}};
  static const TemplateNames of_item = [] {
    TemplateNames names;
    for (const auto& entry : item_names) names.texts.push_back(entry.name);
    names.lists = {{"paragraphs", &of_paragraph}};
    return names;
  }();
  static const TemplateNames of_mail = [] {
    TemplateNames names;
    for (const auto& entry : mail_names) names.texts.push_back(entry.name);
    for (const auto& entry : reader_names) names.texts.push_back(entry.name);
    names.lists = {{"items", &of_item}};
    return names;
  }();
  return of_mail;
}

// Empty texts become false, because Mustache shows a section of an empty string. Control characters go: some
// of them mean something, to the linked template or as slots.
mustache::data to_value(std::string text) {
  if (std::any_of(text.begin(), text.end(), [](char c) { return c >= 0 && c < 0x20; }))
    text = single_line(text);
  if (text.empty()) return mustache::data(false);
  return mustache::data(text);
}

mustache::data to_data(const Mail& mail) {
  mustache::data root;
  for (const auto& [name, value] : mail_names) root.set(std::string(name), to_value(value(mail)));
  for (const auto& [name, slot, is_there] : reader_names)
    root.set(std::string(name),
             mail.reader.*is_there ? mustache::data(std::string(1, slot)) : mustache::data(false));
  mustache::data items(mustache::data::type::list);
  for (std::size_t i = 0; i < mail.content.items.size(); ++i) {
    const auto& item = mail.content.items[i];
    mustache::data object;
    for (const auto& [name, value] : item_names) object.set(std::string(name), to_value(value({item, i})));
    mustache::data paragraphs(mustache::data::type::list);
    for (const auto& [text, is_heading] : item.paragraphs) {
      mustache::data paragraph;
      paragraph.set("text", to_value(is_heading ? std::string() : text));
      paragraph.set("heading", to_value(is_heading ? text : std::string()));
      paragraphs.push_back(paragraph);
    }
    object.set("paragraphs", paragraphs);
    items.push_back(object);
  }
  root.set("items", items);
  return root;
}

std::string as_it_is(const std::string& text) {
  return text;
}

std::string escaped(const std::string& text) {
  return html_escape(text);
}

bool check_file_names(const TemplateFiles& files, const std::string& folder, Diagnostics& diagnostics) {
  bool ok = true;
  const auto complain = [&](std::string_view file, std::string message) {
    diagnostics.add({folder + "/" + std::string(file), 0, 0}, std::move(message));
    ok = false;
  };
  for (const auto required : required_files)
    if (!files.contains(required)) complain(required, "this template is missing");
  for (const auto& [name, text] : files) {
    const bool is_required =
        std::find(required_files.begin(), required_files.end(), name) != required_files.end();
    const bool is_partial =
        name.starts_with('_') && (name.ends_with(".html.mustache") || name.ends_with(".txt.mustache"));
    if (!is_required && !is_partial)
      complain(name, fmt::format(
                         "not the name of a template{}; partials begin with \"_\" and end in .html.mustache "
                         "or .txt.mustache",
                         did_you_mean(name, required_files)));
  }
  return ok;
}

}  // namespace

// Kainjow's render() is not const, but changes its parsed tree only for partials and lambdas, of which a
// linked template has none: rendering from many threads is safe.
struct TemplateSet::Parsed {
  std::array<mustache::mustache, 4> templates;  // in the order of required_files
};

TemplateSet::TemplateSet(std::unique_ptr<Parsed> parsed) : parsed_(std::move(parsed)) {}
TemplateSet::~TemplateSet() = default;

std::shared_ptr<const TemplateSet> TemplateSet::load(const std::filesystem::path& folder,
                                                     Diagnostics& diagnostics) {
  std::error_code error;
  std::filesystem::directory_iterator entries(folder, error);
  TemplateFiles files;
  bool ok = true;
  for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    const auto name = entries->path().filename().string();
    if (!name.ends_with(extension) || name.starts_with('.')) continue;
    auto text = read_file(entries->path(), max_file_bytes);
    if (!text) {
      diagnostics.add({}, text.error().message);
      ok = false;
    }
    files.emplace(name, text ? std::move(*text) : std::string());
  }
  if (error) {
    diagnostics.add({folder.string(), 0, 0}, "cannot read the folder of templates: " + error.message());
    return nullptr;
  }
  auto set = from_files(files, folder.string(), diagnostics);
  return ok ? set : nullptr;
}

std::shared_ptr<const TemplateSet> TemplateSet::from_files(const TemplateFiles& files,
                                                           const std::string& folder,
                                                           Diagnostics& diagnostics) {
  bool ok = check_file_names(files, folder, diagnostics);
  std::array<std::string, 4> linked;
  for (std::size_t i = 0; i < linked.size(); ++i) {
    if (!files.contains(required_files[i])) continue;
    auto text = link_template(files, required_files[i], folder, known_names(), diagnostics);
    if (text)
      linked[i] = std::move(*text);
    else
      ok = false;
  }
  if (!ok) return nullptr;
  auto parsed =
      std::unique_ptr<Parsed>(new Parsed{{mustache::mustache(linked[0]), mustache::mustache(linked[1]),
                                          mustache::mustache(linked[2]), mustache::mustache(linked[3])}});
  for (std::size_t i = 0; i < linked.size(); ++i) {
    if (!parsed->templates[i].is_valid())
      throw std::logic_error("a template passed our check but not Mustache's: " +
                             parsed->templates[i].error_message());
    parsed->templates[i].set_custom_escape(i % 2 == 0 ? escaped : as_it_is);
  }
  return std::shared_ptr<const TemplateSet>(new TemplateSet(std::move(parsed)));
}

std::string TemplateSet::render(TemplateFormat format, const Content& content,
                                const FormReader& reader) const {
  const auto index =
      (content.kind == ContentKind::digest ? 2U : 0U) + (format == TemplateFormat::text ? 1U : 0U);
  std::string out;
  parsed_->templates[index].render(to_data({content, reader}), [&](const std::string& piece) {
    for (const char c : piece)
      if (c != hidden_joint) out += c == hidden_line_end ? '\n' : c;
  });
  return out;
}

}  // namespace crier
