// Short ways to a feed and to what is read from it, for the tests of feeds.
#pragma once

#include <string>
#include <utility>

#include <catch2/catch.hpp>

#include "story/parse.hpp"

namespace crier::test {

inline ParsedSource parse_feed(const std::string& text, ParseOptions options = {}) {
  options.file_name = "feed.xml";
  options.default_zone = "Etc/UTC";
  auto source = parse_stories(text, options);
  if (!source) FAIL(source.error().message);
  return *std::move(source);
}

inline std::string rss(const std::string& inside) {
  return "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
         "<rss version=\"2.0\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\""
         " xmlns:content=\"http://purl.org/rss/1.0/modules/content/\""
         " xmlns:media=\"http://search.yahoo.com/mrss/\""
         " xmlns:itunes=\"http://www.itunes.com/dtds/podcast-1.0.dtd\">"
         "<channel><title>Harbour Post</title><link>https://example.org/</link>" +
         inside + "</channel></rss>";
}

inline std::string atom(const std::string& inside) {
  return "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>Harbour Post</title>" + inside + "</feed>";
}

inline Story story_of_item(const std::string& inside) {
  return parse_feed(rss("<item>" + inside + "</item>")).stories.at(0);
}

inline Story story_of_entry(const std::string& inside) {
  return parse_feed(atom("<entry>" + inside + "</entry>")).stories.at(0);
}

}  // namespace crier::test
