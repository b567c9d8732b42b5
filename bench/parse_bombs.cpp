#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "parse_workload.hpp"

namespace crier::bench {
namespace {

std::string repeat(std::string_view piece, std::size_t count) {
  std::string out;
  out.reserve(piece.size() * count);
  for (std::size_t i = 0; i < count; ++i) out += piece;
  return out;
}

std::string in_rss(std::string_view inner, std::string_view doctype = {}) {
  return fmt::format(
      "<?xml version=\"1.0\"?>{}<rss version=\"2.0\"><channel><title>t</title><item><title>a</title>"
      "<description>{}</description></item></channel></rss>",
      doctype, inner);
}

std::string in_page(std::string_view inner) {
  return fmt::format("<!DOCTYPE html><html><head><title>t</title></head><body><article><h1>t</h1>{}", inner);
}

std::string in_json(std::string_view inner) {
  return fmt::format("{{\"version\":\"https://jsonfeed.org/version/1.1\",\"title\":\"t\",\"items\":[{}]}}",
                     inner);
}

std::string laughs(std::size_t levels, std::size_t width) {
  std::string doctype = "<!DOCTYPE rss [<!ENTITY e0 \"ha\">";
  for (std::size_t level = 1; level < levels; ++level)
    doctype += fmt::format("<!ENTITY e{} \"{}\">", level, repeat(fmt::format("&e{};", level - 1), width));
  return in_rss(fmt::format("&e{};", levels - 1), doctype + "]>");
}

std::string quadratic_entity(std::size_t length) {
  return in_rss(repeat("&e;", length),
                fmt::format("<!DOCTYPE rss [<!ENTITY e \"{}\">]>", repeat("x", length)));
}

std::string parameter_entities(std::size_t count) {
  std::string doctype = "<!DOCTYPE rss [<!ENTITY % p0 \"<!ENTITY x 'y'>\">";
  for (std::size_t i = 1; i < count; ++i)
    doctype += fmt::format("<!ENTITY % p{} \"%p{};%p{};\">", i, i - 1, i - 1);
  return in_rss("&x;", doctype + fmt::format("%p{};]>", count - 1));
}

std::string many_entities(std::size_t count) {
  std::string doctype = "<!DOCTYPE rss [";
  for (std::size_t i = 0; i < count; ++i) doctype += fmt::format("<!ENTITY e{} \"{}\">", i, repeat("x", 150));
  return in_rss(repeat("&e0;&e299;", count), doctype + "]>");
}

// A stored or run-length block after a gzip header (RFC 1952): what unpacks it would fill its memory.
std::string gzip(std::size_t size) {
  std::string out("\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\xec\xc1", 12);
  out += "\x01\x01\x00\x00\x00\x80\x90\xfe\xaf\xee\x08\x0a";
  out.append(size, '\0');
  return out;
}

std::string attributes(std::string_view pattern, std::size_t count) {
  std::string out = "<a";
  for (std::size_t i = 0; i < count; ++i) out += fmt::format(fmt::runtime(pattern), i);
  return out + ">";
}

std::string nested(std::string_view open, std::size_t depth, std::string_view close = {}) {
  return repeat(open, depth) + "x" + repeat(close, depth);
}

using Make = std::string (*)(std::size_t size);

struct Family {
  std::string_view kind;
  std::string_view name;
  Make make;
  std::array<std::size_t, 3> sizes;  // 0 = no more
};

// In bytes for the most part; a reader takes 16 MB at most.
constexpr std::array families{
    Family{"entity", "laughs", [](std::size_t n) { return laughs(n, 10); }, {10, 50, 1000}},
    Family{"entity", "wide-laughs", [](std::size_t n) { return laughs(5, n); }, {100, 10'000, 100'000}},
    Family{"entity", "quadratic", quadratic_entity, {10'000, 100'000, 1'000'000}},
    Family{"entity", "parameter", parameter_entities, {30, 1000, 50'000}},
    Family{"entity", "many", many_entities, {1000, 50'000, 0}},
    Family{"entity",
           "undeclared",
           [](std::size_t n) { return in_rss(repeat("&nbsp;&x;", n)); },
           {100'000, 1'000'000, 0}},
    Family{"entity",
           "stray-ampersands",
           [](std::size_t n) { return in_rss(repeat("&", n)); },
           {1'000'000, 10'000'000, 0}},
    Family{"entity",
           "html",
           [](std::size_t n) { return in_page(repeat("&CounterClockwiseContourIntegra", n)); },
           {10'000, 400'000, 0}},
    Family{"gzip", "gzip", gzip, {1000, 1'000'000, 10'000'000}},
    Family{"depth",
           "xml",
           [](std::size_t n) { return in_rss(nested("<b>", n, "</b>")); },
           {10'000, 1'000'000, 2'000'000}},
    Family{"depth",
           "xml-open",
           [](std::size_t n) { return in_rss(nested("<b>", n)); },
           {10'000, 1'000'000, 5'000'000}},
    Family{"depth",
           "items",
           [](std::size_t n) { return in_rss(nested("<item><title>", n)); },
           {10'000, 1'000'000, 0}},
    Family{"depth",
           "escaped-html",
           [](std::size_t n) { return in_rss(nested("&lt;div&gt;", n)); },
           {10'000, 1'000'000, 0}},
    Family{"depth",
           "html-div",
           [](std::size_t n) { return in_page(nested("<div>", n)); },
           {10'000, 1'000'000, 3'000'000}},
    Family{"depth",
           "html-formatting",
           [](std::size_t n) { return in_page(nested("<b><i><p>", n)); },
           {10'000, 100'000, 1'500'000}},
    Family{"depth",
           "html-table",
           [](std::size_t n) { return in_page(nested("<table><tr><td>", n)); },
           {10'000, 100'000, 1'000'000}},
    Family{"depth",
           "json",
           [](std::size_t n) { return in_json(nested("[", n, "]")); },
           {10'000, 1'000'000, 7'000'000}},
    Family{"depth",
           "json-objects",
           [](std::size_t n) { return in_json(nested("{\"a\":", n)); },
           {10'000, 1'000'000, 2'000'000}},
    Family{"depth",
           "json-ld",
           [](std::size_t n) {
             return in_page("<script type=\"application/ld+json\">" + nested("{\"@graph\":[", n) +
                            "</script>");
           },
           {10'000, 1'000'000, 0}},
    Family{"depth",
           "markdown-quotes",
           [](std::size_t n) { return "---\ntitle: t\n---\n" + nested(">", n); },
           {10'000, 1'000'000, 0}},
    Family{"depth",
           "markdown-lists",
           [](std::size_t n) { return "---\ntitle: t\n---\n" + nested("* ", n); },
           {10'000, 500'000, 0}},
    Family{"depth",
           "yaml",
           [](std::size_t n) { return "---\ntitle: " + nested("[", n) + "\n---\nx\n"; },
           {10'000, 1'000'000, 0}},
    Family{"attribute",
           "xml",
           [](std::size_t n) { return in_rss(attributes(" a{}=\"x\"", n)); },
           {1000, 100'000, 1'000'000}},
    Family{"attribute",
           "xml-namespaces",
           [](std::size_t n) { return in_rss(attributes(" xmlns:a{}=\"x\"", n)); },
           {1000, 100'000, 700'000}},
    Family{"attribute",
           "nested-namespaces",
           [](std::size_t n) {
             std::string out;
             for (std::size_t i = 0; i < n; ++i) out += fmt::format("<a{0}:b xmlns:a{0}=\"urn:{0}\">", i);
             return in_rss(out);
           },
           {1000, 300'000, 0}},
    Family{"attribute",
           "xml-same",
           [](std::size_t n) { return in_rss(attributes(" a=\"{}\"", n)); },
           {1000, 1'000'000, 0}},
    Family{"attribute",
           "html",
           [](std::size_t n) { return in_page(attributes(" a{}=x", n)); },
           {1000, 100'000, 1'000'000}},
    Family{"attribute",
           "html-same",
           [](std::size_t n) { return in_page(attributes(" class={}", n)); },
           {1000, 1'000'000, 0}},
    Family{"attribute",
           "long-value",
           [](std::size_t n) { return in_rss("<a href=\"" + repeat("http://", n) + "\"/>"); },
           {100'000, 2'000'000, 0}},
    Family{"quadratic",
           "open-comments",
           [](std::size_t n) { return in_rss(repeat("<!--", n)); },
           {100'000, 3'000'000, 0}},
    Family{"quadratic",
           "open-cdata",
           [](std::size_t n) { return in_rss(repeat("<![CDATA[", n)); },
           {100'000, 1'500'000, 0}},
    Family{"quadratic",
           "open-tags",
           [](std::size_t n) { return in_rss(repeat("<a b='", n)); },
           {100'000, 2'000'000, 0}},
    Family{"quadratic",
           "open-instructions",
           [](std::size_t n) { return in_rss(repeat("<?a", n)); },
           {100'000, 3'000'000, 0}},
    Family{"quadratic",
           "stray-ends",
           [](std::size_t n) { return in_rss(repeat("<b>", 150) + repeat("</c>", n)); },
           {100'000, 3'000'000, 0}},
    Family{"quadratic",
           "doctypes",
           [](std::size_t n) { return repeat("<!DOCTYPE a [", n); },
           {100'000, 1'000'000, 0}},
    Family{"quadratic",
           "html-comments",
           [](std::size_t n) { return in_page(repeat("<!--", n)); },
           {100'000, 3'000'000, 0}},
    Family{"quadratic",
           "html-stray-ends",
           [](std::size_t n) { return in_page(repeat("<div><b>", 100) + repeat("</p></i>", n)); },
           {100'000, 1'500'000, 0}},
    Family{"quadratic",
           "html-scripts",
           [](std::size_t n) { return in_page(repeat("<script><style>", n)); },
           {100'000, 1'000'000, 0}},
    Family{"quadratic",
           "html-links",
           [](std::size_t n) { return in_page(repeat("<a href='/a'>x</a><img src='b'>", n)); },
           {10'000, 400'000, 0}},
    Family{"quadratic",
           "markdown-brackets",
           [](std::size_t n) { return "# t\n\n" + repeat("[a](", n); },
           {10'000, 250'000, 0}},
    Family{"quadratic",
           "markdown-emphasis",
           [](std::size_t n) { return "# t\n\n" + repeat("*a _b ", n); },
           {10'000, 150'000, 0}},
    Family{"quadratic",
           "markdown-ticks",
           [](std::size_t n) {
             std::string out = "# t\n\n";
             for (std::size_t i = 1; i < n; ++i) out += repeat("`", i) + "a";
             return out;
           },
           {300, 1400, 0}},
    Family{"quadratic",
           "dates",
           [](std::size_t n) { return in_rss("</description><pubDate>" + repeat("1 ", n) + "</pubDate>"); },
           {100'000, 5'000'000, 0}},
    Family{"quadratic",
           "json-names",
           [](std::size_t n) {
             std::string out = "{\"id\":\"a\"";
             for (std::size_t i = 0; i < n; ++i) out += fmt::format(",\"a{}\":1", i);
             return in_json(out + "}");
           },
           {10'000, 1'000'000, 0}},
    Family{"quadratic",
           "categories",
           [](std::size_t n) {
             std::string out = "</description>";
             for (std::size_t i = 0; i < n; ++i) out += fmt::format("<category>c{}</category>", i);
             return in_rss(out);
           },
           {10'000, 500'000, 0}},
    Family{"quadratic",
           "base-urls",
           [](std::size_t n) {
             return in_rss(repeat("<a xml:base=\"a/\">", 150) + repeat("<link>b</link>", n));
           },
           {10'000, 500'000, 0}},
};

}  // namespace

std::vector<Bomb> parse_bombs() {
  std::vector<Bomb> bombs;
  for (const auto& family : families)
    for (const auto size : family.sizes)
      if (size > 0)
        bombs.push_back({std::string(family.kind), fmt::format("{}-{}", family.name, size),
                         [make = family.make, size] { return make(size); }});
  return bombs;
}

}  // namespace crier::bench
