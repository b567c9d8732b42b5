// Short ways to an HTML page and to what is read from it, for the tests of pages.
#pragma once

#include <string>
#include <utility>

#include <catch2/catch.hpp>

#include "base/files.hpp"
#include "story/parse.hpp"

namespace crier::test {

inline ParsedSource parse_page(const std::string& text, const std::string& url = {},
                               ResponseHeaders headers = {}) {
  ParseOptions options;
  options.file_name = "page.html";
  options.url = url;
  options.headers = std::move(headers);
  options.default_zone = "Etc/UTC";
  auto source = parse_stories(text, options);
  if (!source) FAIL(source.error().message);
  if (source->format != "html") FAIL("read as " + source->format);
  return *std::move(source);
}

inline Story story_of_page(const std::string& text, const std::string& url = {}) {
  auto source = parse_page(text, url);
  if (source.stories.size() != 1) FAIL("has " + std::to_string(source.stories.size()) + " stories");
  return std::move(source.stories.front());
}

/// A file of tests/fixtures/pages.
inline std::string page_file(const std::string& name) {
  return read_file(CRIER_SOURCE_DIR "/tests/fixtures/pages/" + name, max_story_bytes).value();
}

inline std::string time_of(const std::optional<Time>& time) {
  return time ? to_rfc3339(*time) : "absent";
}

}  // namespace crier::test
