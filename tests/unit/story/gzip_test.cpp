// Files that come compressed.
#include <catch2/catch.hpp>
#include <zlib.h>

#include "base/compression.hpp"
#include "story/parse.hpp"

using namespace crier;

namespace {

std::string gzip(const std::string& text) {
  z_stream stream{};
  REQUIRE(::deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string packed(::deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  REQUIRE(::deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(packed.size() - stream.avail_out);
  ::deflateEnd(&stream);
  return packed;
}

const std::string feed =
    "<rss version=\"2.0\"><channel><title>F</title><item><title>Dam breaks</title></item></channel></rss>";

}  // namespace

TEST_CASE("a file in gzip is read as what is in it") {
  const auto source = parse_stories(gzip(feed), {.file_name = "feed.xml.gz"});
  REQUIRE(source);
  REQUIRE(source->format == "rss20");
  REQUIRE(source->stories.at(0).title == "Dam breaks");
  // The name tells the format as it does without .gz; several members are one text; padding is none.
  const auto markdown =
      parse_stories(gzip("# Dam *breaks*\n") + gzip("\nWater came.\n") + std::string(512, '\0'),
                    {.file_name = "story.md.gz"});
  REQUIRE(markdown);
  REQUIRE(markdown->format == "markdown");
  REQUIRE(markdown->stories.at(0).title == "Dam breaks");
  REQUIRE(markdown->stories.at(0).body_text == "Water came.");
}

TEST_CASE("gzip that is damaged, cut off or too large is refused") {
  const auto packed = gzip(feed);
  for (const auto& bad : {packed.substr(0, packed.size() - 9), packed.substr(0, 12), packed + "\x1F\x8B\x08",
                          std::string("\x1F\x8B\x08\x00rubbish", 11)}) {
    const auto source = parse_stories(bad, {.file_name = "feed.xml.gz"});
    REQUIRE_FALSE(source);
    REQUIRE(source.error().message == "feed.xml.gz: gzip: damaged or cut off");
  }
  const auto bomb = parse_stories(gzip(std::string(max_story_bytes + 1, 'a')), {.file_name = "bomb.gz"});
  REQUIRE_FALSE(bomb);
  REQUIRE(bomb.error().message.find("inflates to more than the limit") != std::string::npos);
  REQUIRE(gunzip(gzip(std::string(max_story_bytes, 'a')), max_story_bytes)->size() == max_story_bytes);
}
