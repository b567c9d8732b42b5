#include "support/parse_fuzz.hpp"

#include <cstdlib>

#include <boost/json.hpp>

#include "base/encoding.hpp"
#include "story/identity.hpp"
#include "story/parse.hpp"

namespace crier::test {
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check(const Story& story) {
  require(!story.id.empty() && story.id.size() <= max_id_bytes);
  require(is_valid_utf8(boost::json::serialize(to_json(story))));
  for (const auto* text : {&story.title, &story.body_text, &story.body_html, &story.summary, &story.id})
    require(text->find('\0') == std::string::npos);
  require(story.title.find('\n') == std::string::npos);
}

}  // namespace

void fuzz_parse(std::string_view format, const std::uint8_t* data, std::size_t size) {
  static const Vocabulary vocabulary{{"politics", "art"}, {"East Asia", "Africa"}};
  ParseOptions options;
  options.file_name = "fuzz";
  options.format = format;
  options.vocabulary = &vocabulary;
  options.now = Time(std::chrono::hours(500'000));
  const auto source = parse_stories({reinterpret_cast<const char*>(data), size}, options);
  if (!source) return require(is_valid_utf8(source.error().message));
  require(source->stories.size() <= max_stories && source->warnings.size() <= max_warnings + 1);
  for (const auto& story : source->stories) check(story);
  const auto written = boost::json::serialize(to_json(*source));
  require(is_valid_utf8(written));

  options.format = "json";
  options.now.reset();
  const auto again = parse_stories(written, options);
  require(again && again->stories.size() == source->stories.size());
  for (std::size_t i = 0; i < again->stories.size(); ++i)
    require(to_json(again->stories[i]) == to_json(source->stories[i]));
}

}  // namespace crier::test
