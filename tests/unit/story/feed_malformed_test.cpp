#include "base/encoding.hpp"
#include "support/feed_sample.hpp"

using namespace crier;
using namespace crier::test;

namespace {

ParsedSource malformed(const std::string& text) {
  auto source = parse_feed(text);
  REQUIRE(source.bozo);
  REQUIRE_FALSE(source.bozo_reason.empty());
  return source;
}

}  // namespace

TEST_CASE("what is wrong with a feed is said with its place") {
  const auto source =
      malformed("<rss version=\"2.0\"><channel>\n<item><title>a & b</title></item></channel></rss>");
  REQUIRE(source.bozo_reason.find("line 2, column") != std::string::npos);
  REQUIRE(source.stories.at(0).title == "a & b");
}

TEST_CASE("characters that HTML names are read without a declaration") {
  const auto source =
      malformed(rss("<item><title>caf&eacute;&nbsp;x</title><link>https://example.org/?a=&eacute;"
                    "</link></item>"));
  REQUIRE(source.stories.at(0).title == "café x");
}

TEST_CASE("entities of a feed's own DTD are read when they are plain text, and the DTD is not followed") {
  const auto source = parse_feed(
      "<!DOCTYPE rss [<!ENTITY post \"Harbour Post\"> <!ENTITY b \"&post;&post;\"> <!ENTITY c '&#169;'>"
      "<!ENTITY x SYSTEM \"file:///etc/passwd\">]>"
      "<rss version=\"2.0\"><channel><item><title>&post; &c;</title></item>"
      "<item><title>&b;&x;</title></item></channel></rss>");
  REQUIRE(source.stories.at(0).title == "Harbour Post ©");
  REQUIRE(source.stories.at(1).title == "&b;&x;");
}

TEST_CASE("elements that do not end, end where the next begins") {
  const auto source = malformed(
      "<rss version=\"2.0\"><channel><title>Post<link>https://example.org/"
      "<item><title>One<description>a<br>b & c<p>d<pubDate>2023-10-18T10:00:00Z</pubDate>"
      "<item><title>Two</titel><link>https://example.org/2");
  REQUIRE(source.title == "Post");
  REQUIRE(source.stories.size() == 2);
  REQUIRE(source.stories[0].title == "One");
  REQUIRE(source.stories[0].published);
  REQUIRE(source.stories[1].title == "Two");
  REQUIRE(source.stories[1].url == "https://example.org/2");
}

TEST_CASE("text before and after the document is left out") {
  const auto source = malformed("\n\nWarning: something\n<?xml version=\"1.0\"?>\n" +
                                rss("<item><title>x</title></item>").substr(38) + "<script>track()</script>");
  REQUIRE(source.stories.size() == 1);
  REQUIRE(source.title == "Harbour Post");
}

TEST_CASE("a program's warnings in HTML before the document are left out") {
  const auto source = malformed("<br />\n<b>Warning</b>: include() in <b>/srv/x.php</b><br />\n" +
                                rss("<item><title>x &lt;?xml y</title></item>"));
  REQUIRE(source.format == "rss20");
  REQUIRE(source.title == "Harbour Post");
  REQUIRE(source.stories.at(0).title == "x <?xml y");
  CHECK(malformed("<html><body>\n" + rss("<item><title>x</title></item>")).format == "rss20");
  // What stands in a feed is not taken for its beginning.
  const auto quoted = parse_feed(
      "<rss version=\"2.0\"><channel><title>a <![CDATA[<?xml version=\"1.0\"?><rss><channel>]]></title>"
      "<item><title>x</title></item></channel></rss>");
  REQUIRE_FALSE(quoted.bozo);
  REQUIRE(quoted.stories.size() == 1);
}

TEST_CASE("a tag that has lost its end is one when it begins a story or a field of it") {
  const auto source = malformed(
      "<rss version=\"2.0\"><channel><item<title>One</title><link>https://example.org/1</link></item>"
      "<item><title<b>Two</b></title></item><item><title>1 <2 and <three</title></item></channel></rss>");
  REQUIRE(source.stories.size() == 3);
  CHECK(source.stories[0].title == "One");
  CHECK(source.stories[0].url == "https://example.org/1");
  CHECK(source.stories[1].title == "Two");
  CHECK(source.stories[2].title == "1 <2 and <three");
}

TEST_CASE("references to what is no character: halves are joined, controls go") {
  const auto title = [](const std::string& text) {
    return malformed(rss("<item><title>" + text + "</title></item>")).stories.at(0).title;
  };
  CHECK(title("a&#xD83D;&#xDE00;b&#55357;&#56832;c") == "a😀b😀c");
  CHECK(title("a&#xD83D;b&#xDE00;c") == "a\uFFFDb\uFFFDc");
  CHECK(title("a&#8;b&#x1F;c&#X41;") == "abcA");
  CHECK(title("a&#x110000;b") == "a\uFFFDb");
}

TEST_CASE("control characters are a breach, and left out") {
  const auto source =
      malformed(rss(std::string("<item><title>a") + '\0' + "b\x08" + "c\x0B d</title></item>"));
  CHECK(source.bozo_reason.find("control") != std::string::npos);
  CHECK(source.stories.at(0).title == "abc d");
}

TEST_CASE("prefixes that are not declared mean what they mean everywhere") {
  const auto source = malformed(
      "<rss version=\"2.0\"><channel><item><title>x</title><dc:creator>Jane</dc:creator>"
      "<content:encoded>&lt;p&gt;y&lt;/p&gt;</content:encoded></item></channel></rss>");
  REQUIRE(source.stories.at(0).authors == std::vector<std::string>{"Jane"});
  REQUIRE(source.stories.at(0).body_text == "y");
}

TEST_CASE("a feed that breaks off keeps what came before") {
  const auto whole = rss("<item><title>One</title></item><item><title>Two</title></item><item><title>Three");
  REQUIRE(malformed(whole.substr(0, whole.find("Three") + 3)).stories.at(2).title == "Thr");
}

TEST_CASE("a root that closes too early does not lose stories") {
  REQUIRE(malformed("<rss version=\"2.0\"><channel><title>t</title></channel></rss>"
                    "<item><title>late</title></item>")
              .stories.at(0)
              .title == "late");
}

TEST_CASE("bombs of depth, attributes and entities are read in no time") {
  std::string deep = "<rss><channel><item><title>x</title></item>";
  for (int i = 0; i < 100'000; ++i) deep += "<a>";
  REQUIRE(malformed(deep).stories.size() == 1);
  std::string wide = "<rss><channel><item><title>x</title></item><a";
  for (int i = 0; i < 100'000; ++i) wide += " a" + std::to_string(i) + "=\"\"";
  REQUIRE(malformed(wide + "/></channel></rss>").stories.size() == 1);
  std::string spaces = "<rss><channel>";
  for (int i = 0; i < 20'000; ++i) spaces += "<a xmlns:n" + std::to_string(i) + "=\"u\">";
  REQUIRE(malformed(spaces).stories.empty());
  std::string escapes = "<rss><channel><item><title>x</title><link>https://example.org/?";
  for (int i = 0; i < 400'000; ++i) escapes += "&amp;amp;";
  REQUIRE(malformed(escapes + "</link></item></channel></rss").stories.size() == 1);
}

TEST_CASE("entities of a feed's own that swell it are read as far as a megabyte") {
  std::string text = "<!DOCTYPE rss [<!ENTITY a \"" + std::string(150, 'x') + "\">]><rss><channel>";
  std::string references;
  for (int i = 0; i < 400; ++i) references += "&a;";
  for (int i = 0; i < 500; ++i)
    text += "<item><title>t</title><description>" + references + "</description></item>";
  const auto source = malformed(text + "</channel></rss>");
  REQUIRE(source.bozo_reason.find("expand too far") != std::string::npos);
  REQUIRE_FALSE(source.stories.empty());
  std::size_t bytes = 0;
  for (const auto& story : source.stories) bytes += story.summary.size() + story.body_text.size();
  REQUIRE(bytes < (2U << 20));
}

TEST_CASE("a text of nothing but mistakes is cut where repair would swell it") {
  const auto source = malformed("<rss><channel><item><title>t</title></item><item><title>u" +
                                std::string(6U << 20, '&') + "</title></item></channel></rss>");
  REQUIRE(source.stories.at(0).title == "t");
  REQUIRE(source.stories.at(1).title.starts_with("u&&"));
}

TEST_CASE("a DTD is not followed, whatever stands before it") {
  // Of a DTD that it sees, libxml2 would give each item the attribute.
  const std::string dtd = "<!DOCTYPE rss [<!ATTLIST guid isPermaLink CDATA \"false\">]>";
  const std::string body = "<rss><channel><item><guid>https://example.org/a</guid></item></channel></rss>";
  for (const auto* before : {"", "<!-- x -->", "<?x y?>", "<?xml version=\"1.0\"?><!-- x --><?x y?>"})
    CHECK(parse_feed(before + dtd + body).stories.at(0).url == "https://example.org/a");
}

TEST_CASE("end tags of what was never opened are passed over, however many") {
  std::string ends;
  for (int i = 0; i < 20'000; ++i) ends += "</b>";
  const auto source =
      malformed(rss("<item><title>One</title>" + ends + "<link>https://example.org/1</link></item>"));
  REQUIRE(source.stories.at(0).title == "One");
  REQUIRE(source.stories.at(0).url == "https://example.org/1");
}

TEST_CASE("stray ampersands stay, and names of HTML's characters among them are read") {
  const std::string one = "a & b &x; &eacute; &amp; ";
  const auto source = malformed(rss("<item><title>" + one + one + one + "</title></item>"));
  REQUIRE(source.stories.at(0).title == "a & b &x; é & a & b &x; é & a & b &x; é &");
}

TEST_CASE("a document that breaks off in its first tag is an empty feed") {
  const auto source = malformed("<rss");
  REQUIRE(source.format == "rss");
  REQUIRE(source.stories.empty());
}

TEST_CASE("what is said about a breach is text, whatever bytes it quotes") {
  const auto source = malformed(
      "<?xml version=\"1.0\" encoding=\"utf\xDB\x01\x7F-8\"?><rss><channel><title>t\xE9</title>"
      "</channel></rss>");
  REQUIRE(is_valid_utf8(source.bozo_reason));
  REQUIRE(source.bozo_reason.find("utf\uFFFD-8") != std::string::npos);
}

TEST_CASE("of too many items the first are read, and only then something is said to be left out") {
  const auto items = [](std::size_t count) {
    std::string all;
    for (std::size_t i = 0; i < count; ++i) all += "<item><guid>" + std::to_string(i) + "</guid></item>";
    return parse_feed(rss(all));
  };
  REQUIRE(items(max_stories).stories.size() == max_stories);
  REQUIRE(items(max_stories).warnings.empty());
  const auto more = items(max_stories + 2);
  REQUIRE(more.stories.size() == max_stories);
  REQUIRE(more.stories.back().id == "9999");
  REQUIRE(more.warnings.size() == 1);
}

TEST_CASE("attributes longer than any are left out, and the story stays") {
  const auto source =
      malformed(rss("<item><title>One</title><description><a href=\"" + std::string(3U << 20, 'x') +
                    "\">text</a></description><link>https://example.org/1</link></item>"));
  REQUIRE(source.bozo_reason.find("too long attributes") != std::string::npos);
  REQUIRE(source.stories.at(0).title == "One");
  REQUIRE(source.stories.at(0).summary == "text");
  REQUIRE(source.stories.at(0).url == "https://example.org/1");
}

TEST_CASE("a feed that is served as something else is read, and said to be") {
  const auto served = [](const ResponseHeaders& headers) {
    ParseOptions options;
    options.headers = headers;
    return parse_stories("<rss version=\"2.0\"><channel><item><title>x</title></item></channel></rss>",
                         options)
        .value();
  };
  CHECK(served({{"content-type", "text/plain"}}).bozo);
  CHECK(served({{"content-type", "text/plain"}}).stories.size() == 1);
  CHECK_FALSE(served({{"content-location", "https://example.org/feed"}}).bozo);
}

TEST_CASE("a file of comments alone is no story") {
  const auto source = parse_stories("<?xml version=\"1.0\"?>\n<!-- nothing yet -->\n", {});
  REQUIRE(source);
  REQUIRE(source->bozo);
  REQUIRE(source->stories.empty());
}
