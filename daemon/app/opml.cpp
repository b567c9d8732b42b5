#include "app/opml.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <span>

#include <boost/url/url_view.hpp>
#include <fmt/core.h>

#include "base/encoding.hpp"
#include "base/url.hpp"
#include "story/charset.hpp"
#include "story/parse.hpp"
#include "story/plain_text.hpp"
#include "story/url_reference.hpp"
#include "story/xml.hpp"
#include "story/xml_repair.hpp"

namespace crier {
namespace {

constexpr std::size_t longest_name = 40;
constexpr std::size_t most_slips = 100;

// As it is asked for: the scheme in lower case, no fragment.
std::optional<std::string> feed_address(std::string_view text) {
  auto url = resolve_url(text, {});
  if (!url) return url;
  url->resize(std::min(url->find('#'), url->size()));
  const auto scheme = to_lower_ascii(url->substr(0, url->find(':')));
  url->replace(0, scheme.size(), scheme);
  return url;
}

class OpmlReader final : public XmlListener {
 public:
  void start(const XmlName& name, std::span<const XmlAttribute> attributes, int line) override {
    is_opml_ = is_opml_ || ascii_lower(name.local) == "opml";
    if (ascii_lower(name.local) != "outline" || is_full()) return;
    const auto title = find_attribute(attributes, "title");
    read_outline(attributes, title.empty() ? find_attribute(attributes, "text") : title, line);
    if (is_full()) slip(line, fmt::format("what follows is left out: {} feeds are the most", max_opml_feeds));
  }
  void text(std::string_view) override {}
  void end() override {}
  bool is_full() const override { return list_.feeds.size() == max_opml_feeds; }

  bool is_opml() const { return is_opml_; }
  OpmlList take() { return std::move(list_); }

 private:
  void read_outline(std::span<const XmlAttribute> attributes, std::string_view title, int line) {
    const auto written = find_attribute(attributes, "xmlurl");
    if (written.empty()) {
      // Without an address it is a folder, unless it says that it is more.
      const auto type = ascii_lower(find_attribute(attributes, "type"));
      if (type == "rss" || type == "atom") slip(line, outline_words(title) + " has no xmlUrl");
      if (type == "include") slip(line, outline_words(title) + " includes another list, which is not read");
      return;
    }
    auto url = feed_address(written);
    // The address may hold a password, so it is not repeated.
    if (!url)
      return slip(line, outline_words(title) + ": its xmlUrl is no http or https URL without a user name");
    if (!urls_.insert(*url).second) return;
    auto name = unused_name(title, *url);
    list_.feeds.push_back({std::move(name), *std::move(url), line});
  }

  static std::string outline_words(std::string_view title) {
    return fmt::format("outline \"{}\"", tidy_line(cut_text(repair_utf8(title), 80)));
  }

  void slip(int line, std::string message) {
    if (list_.slips.size() < most_slips) list_.slips.push_back({line, std::move(message)});
  }

  std::string unused_name(std::string_view title, std::string_view url) {
    auto base = to_slug(repair_utf8(title), longest_name);
    if (base.empty()) {
      const auto parsed = parse_url(url);
      base = parsed ? to_slug(parsed->host(), longest_name) : std::string();
    }
    if (base.empty()) base = "feed";
    auto& count = taken_[base];
    auto name = count == 0 ? base : fmt::format("{}-{}", base, count + 1);
    while (!names_.insert(name).second) name = fmt::format("{}-{}", base, ++count + 1);
    ++count;
    return name;
  }

  OpmlList list_;
  std::set<std::string> urls_;
  std::set<std::string> names_;
  std::map<std::string, std::size_t> taken_;  // how often each name was asked for
  bool is_opml_ = false;
};

// Whether a YAML reader takes it for a text as it stands.
bool is_plain(std::string_view name) {
  static constexpr std::array<std::string_view, 10> words{"true", "false", "null", "yes", "no",
                                                          "on",   "off",   "y",    "n",   "nan"};
  const bool is_word = std::ranges::all_of(
      name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
  return is_word && name[0] >= 'a' && name[0] <= 'z' && std::ranges::find(words, name) == words.end();
}

}  // namespace

Result<OpmlList> read_opml(std::string_view bytes) {
  if (bytes.size() > max_story_bytes)
    return Error{fmt::format("{} bytes is more than the limit of {}", bytes.size(), max_story_bytes)};
  const auto decoded = decode_text(bytes, {});
  if (!decoded) return decoded.error();
  auto xml = prepare_xml(decoded->text);
  std::optional<OpmlReader> reader(std::in_place);
  const auto breach = read_xml(xml, *reader, false);
  if (breach && breach->fatal) {
    reader.emplace();
    auto repaired = repair_xml(xml);
    read_xml(repaired, *reader, true);
  }
  if (!reader->is_opml()) return Error{"this is no OPML: there is no <opml> in it"};
  auto list = reader->take();
  if (breach && breach->fatal)
    list.slips.push_back({breach->line, "ill-formed XML, read as far as it goes: " + breach->message});
  if (list.feeds.empty()) return Error{"there is no feed in it: no <outline> with an http or https xmlUrl"};
  return list;
}

std::string to_yaml(const std::vector<OpmlFeed>& feeds) {
  std::string out = "sources:\n";
  for (const auto& feed : feeds)
    out += is_plain(feed.name) ? fmt::format("  {}: {{feed: \"{}\"}}\n", feed.name, feed.url)
                               : fmt::format("  \"{}\": {{feed: \"{}\"}}\n", feed.name, feed.url);
  return out;
}

}  // namespace crier
