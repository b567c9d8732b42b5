#include "app/opml.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <span>

#include <boost/url/parse.hpp>
#include <fmt/core.h>

#include "base/encoding.hpp"
#include "story/charset.hpp"
#include "story/parse.hpp"
#include "story/plain_text.hpp"
#include "story/url_reference.hpp"
#include "story/xml.hpp"
#include "story/xml_repair.hpp"

namespace crier {
namespace {

constexpr std::size_t longest_name = 40;

class OpmlReader final : public XmlListener {
 public:
  void start(const XmlName& name, std::span<const XmlAttribute> attributes, int) override {
    is_opml_ = is_opml_ || ascii_lower(name.local) == "opml";
    if (ascii_lower(name.local) != "outline" || is_full()) return;
    auto url = resolve_url(find_attribute(attributes, "xmlurl"), {});
    if (!url) return;
    url->resize(std::min(url->find('#'), url->size()));
    const auto scheme = to_lower_ascii(url->substr(0, url->find(':')));
    url->replace(0, scheme.size(), scheme);
    if (!urls_.insert(*url).second) return;
    const auto title = find_attribute(attributes, "title");
    feeds_.push_back(
        {unused_name(title.empty() ? find_attribute(attributes, "text") : title, *url), *std::move(url)});
  }
  void text(std::string_view) override {}
  void end() override {}
  bool is_full() const override { return feeds_.size() == max_opml_feeds; }

  bool is_opml() const { return is_opml_; }
  std::vector<OpmlFeed> take() { return std::move(feeds_); }

 private:
  std::string unused_name(std::string_view title, std::string_view url) {
    auto base = to_slug(repair_utf8(title), longest_name);
    if (base.empty()) {
      const auto parsed = boost::urls::parse_uri(url);
      base = parsed ? to_slug(parsed->host(), longest_name) : std::string();
    }
    if (base.empty()) base = "feed";
    auto& count = taken_[base];
    auto name = count == 0 ? base : fmt::format("{}-{}", base, count + 1);
    while (!names_.insert(name).second) name = fmt::format("{}-{}", base, ++count + 1);
    ++count;
    return name;
  }

  std::vector<OpmlFeed> feeds_;
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

Result<std::vector<OpmlFeed>> read_opml(std::string_view bytes) {
  if (bytes.size() > max_story_bytes)
    return Error{fmt::format("{} bytes is more than the limit of {}", bytes.size(), max_story_bytes)};
  const auto decoded = decode_text(bytes, {});
  if (!decoded) return decoded.error();
  const auto xml = prepare_xml(decoded->text);
  std::optional<OpmlReader> reader(std::in_place);
  if (const auto breach = read_xml(xml, *reader, false); breach && breach->fatal) {
    reader.emplace();
    read_xml(repair_xml(xml), *reader, true);
  }
  if (!reader->is_opml()) return Error{"this is no OPML: there is no <opml> in it"};
  auto feeds = reader->take();
  if (feeds.empty()) return Error{"there is no feed in it: no <outline> with an http or https xmlUrl"};
  return feeds;
}

std::string to_yaml(const std::vector<OpmlFeed>& feeds) {
  std::string out = "sources:\n";
  for (const auto& [name, url] : feeds)
    out += is_plain(name) ? fmt::format("  {}: {{feed: \"{}\"}}\n", name, url)
                          : fmt::format("  \"{}\": {{feed: \"{}\"}}\n", name, url);
  return out;
}

}  // namespace crier
