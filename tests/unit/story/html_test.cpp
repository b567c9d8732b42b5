#include "story/html.hpp"

#include <catch2/catch.hpp>

#include "story/plain_text.hpp"
#include "story/url_reference.hpp"
#include "support/html_check.hpp"

using Catch::Matchers::Contains;
using crier::clean_html;
using crier::html_line;
using crier::resolve_url;
using crier::tidy_line;
using crier::tidy_text;

namespace {

constexpr std::string_view base = "https://news.example.org/politics/council.html";

std::string html_of(std::string_view html) {
  return clean_html(html, base).html;
}

std::string text_of(std::string_view html) {
  return clean_html(html, base).text;
}

}  // namespace

TEST_CASE("html: what readers see of a body stays", "[html]") {
  CHECK(html_of("<p class=lead>The <b>council</b> met &amp; voted.</p><p>It rained.") ==
        "<p>The <b>council</b> met &amp; voted.</p>\n<p>It rained.</p>");
  CHECK(html_of("<h2 id=x>Votes</h2><ul><li>Yes: 4<li>No: 3</ul>") ==
        "<h2>Votes</h2>\n<ul><li>Yes: 4</li>\n<li>No: 3</li>\n</ul>");
  CHECK(html_of("<figure><img src=/a.jpg alt='A \"boat\"' width=640 height=480 onerror=x()><figcaption>Boat"
                "</figcaption></figure>") ==
        "<figure><img src=\"https://news.example.org/a.jpg\" alt=\"A &quot;boat&quot;\" width=\"640\" "
        "height=\"480\"><figcaption>Boat</figcaption>\n</figure>");
  CHECK(
      html_of("<table><tr><th>Party<th>Seats<tr><td>Blue<td colspan=2>4</table>") ==
      "<table><tr><th>Party</th>\n<th>Seats</th>\n</tr>\n<tr><td>Blue</td>\n<td colspan=\"2\">4</td>\n</tr>\n"
      "</table>");
  CHECK(html_of("<pre>\n  a\n    b &lt; c</pre>") == "<pre>  a\n    b &lt; c</pre>");
  CHECK(html_of("<p dir=rtl lang=ar>سلام</p>") == "<p lang=\"ar\" dir=\"rtl\">سلام</p>");
}

TEST_CASE("html: links are absolute or gone, their text stays", "[html]") {
  const auto link = [](std::string_view url) {
    return "<a href=\"" + std::string(url) + "\" rel=\"nofollow noopener\">x</a>";
  };
  CHECK(html_of("<a href='../sport/?a=1&amp;b=2#top' target=_blank>x</a>") ==
        link("https://news.example.org/sport/?a=1&amp;b=2#top"));
  CHECK(html_of("<a href='//other.example.org/y'>x</a>") == link("https://other.example.org/y"));
  CHECK(html_of("<a href='https://example.org/a b/é?q=ü|'>x</a>") ==
        link("https://example.org/a%20b/%C3%A9?q=%C3%BC%7C"));
  CHECK(html_of("<a href=mailto:desk@example.org>x</a>") == link("mailto:desk@example.org"));
  CHECK(html_of("<a href='?page=2&copy=1'>x</a>") ==
        link("https://news.example.org/politics/council.html?page=2&amp;copy=1"));
  CHECK(clean_html("<a href=/y>x</a><img src=/a.jpg>", "").html == "x");
  CHECK(html_of("<a href=#note>x</a>") == "x");
  CHECK(html_of("<a href=https://bank.example.org@evil.example.org/>x</a>") == "x");
  CHECK(clean_html("<p><img src=/pixel.gif width=1 height=1><img data-src=/b.jpg src=data:x>", base).image ==
        "https://news.example.org/b.jpg");
}

TEST_CASE("html: nothing executable survives", "[html]") {
  const auto vector = GENERATE(
      as<std::string>{}, "<script>alert(1)</script>", "<SCRIPT/x>alert(1)</SCRIPT >",
      "<img src=x onerror=alert(1)>", "<a href='javascript:alert(1)'>x</a>",
      "<a href='JaVa\tScript\n:alert(1)'>x</a>", "<a href='&#1;java&#115;cript&colon;alert(1)'>x</a>",
      "<a href='java&Tab;script&colon;alert(1)'>x</a>",
      "<a href=' data:text/html,<script>alert(1)</script>'>x</a>", "<a href='vbscript:x'>x</a>",
      "<svg><script>alert(1)</script></svg>", "<svg onload=alert(1)><p>",
      "<math><mi xlink:href=javascript:1>", "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
      "<object data=x><embed src=y></object>",
      "<style>@import 'x'</style><p style='background:url(javascript:1)'>", "<base href=//evil.example.org/>",
      "<meta http-equiv=refresh content='0;javascript:1'>",
      "<form action=javascript:1><input autofocus onfocus=1>",
      "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
      "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
      "<svg></p><style><a id='</style><img src=1 onerror=alert(1)>'>", "<!--><img src=x onerror=alert(1)>-->",
      "<!--a--!><img src=x onerror=alert(1)>", "<?xml <img src=x onerror=alert(1)>?>",
      "<template><img onerror=1>", "<p title='\"><img src=x onerror=alert(1)>'>x</p>",
      "<img src='x\" onerror=\"alert(1)'>", "<textarea><img src=x onerror=alert(1)></textarea>",
      "<title><img onerror=1></title>", "<xmp><img src=x onerror=alert(1)></xmp>",
      "<plaintext><img src=x onerror=1>", "<<script>alert(1)<</script>",
      "<a id=location name=cookie href=https://example.org/>x</a>", "<p/onclick=alert(1)>x",
      "<img src=`x`onerror=alert(1)>", "<a href=\"https://e.example.org/'onclick='alert(1)\">x</a>",
      "<video><source onerror=alert(1)></video>", "<details open ontoggle=alert(1)>x</details>",
      "<a href='https://example.org/\u202Egpj.exe' title='\u202Ex'>x</a>",
      "<select><style></select><img onerror=1>");
  INFO(vector);
  const auto once = clean_html(vector, base);
  INFO(once.html);
  CHECK(crier::test::find_html_fault(once.html).empty());
  CHECK_THAT(once.html, !Contains("<script") && !Contains("javascript:"));
  CHECK(clean_html(once.html, base).html == once.html);
}

TEST_CASE("html: sloppy markup is read like a browser reads it", "[html]") {
  CHECK(html_of("<p>a<p>b<div>c</p>d</div>e") == "<p>a</p>\n<p>b</p>\n<div>cd</div>\ne");
  CHECK(html_of("<b>a<i>b</b>c</i>") == "<b>a<i>b</i></b>c");
  CHECK(html_of("<a href=/1>a<a href=/2>b</a>") ==
        "<a href=\"https://news.example.org/1\" rel=\"nofollow noopener\">a</a><a "
        "href=\"https://news.example.org/2\" rel=\"nofollow noopener\">b</a>");
  CHECK(html_of("<table>text<tr><td>a<table><tr><td>b</table>c</table>") ==
        "<table><tr><td>text</td>\n</tr>\n<tr><td>a<table><tr><td>b</td>\n</tr>\n</table>\nc</td>\n</tr>\n</"
        "table>");
  CHECK(html_of("5 < 6 && 7 > 3 &unknown; <3") == "5 &lt; 6 &amp;&amp; 7 &gt; 3 &amp;unknown; &lt;3");
  CHECK(html_of("<ul><li>a<ul><li>b</ul><li>c</ul>") ==
        "<ul><li>a<ul><li>b</li>\n</ul>\n</li>\n<li>c</li>\n</ul>");
  CHECK(html_of("<ruby>a<rt>b<b>c<rt>d</ruby>") == html_of(html_of("<ruby>a<rt>b<b>c<rt>d</ruby>")));
  CHECK(html_of("<p></p><div><span> </span></div>x<b></b>") == "x");
  CHECK(html_of("<svg><path d=x><p>after") == "<p>after</p>");
  CHECK(html_of("<title>never closed <p>but read") == "never closed<p>but read</p>");
}

TEST_CASE("html: players that XHTML closes at once do not take the rest of the text with them", "[html]") {
  for (const auto* player : {"<iframe src=\"/p\" />", "<video src=\"/p.mp4\"/>", "<script src=\"/p.js\"/>",
                             "<object data=\"/p\" />"})
    CHECK(html_of("<p>One.</p>" + std::string(player) + "<p>Two.</p>") == "<p>One.</p>\n<p>Two.</p>");
  CHECK(text_of("<p>One.</p><script />var x;</script><style />p{}</style>") == "One.");
}

TEST_CASE("html: only an end tag of its own keeps a script open whose start tag looks closed", "[html]") {
  for (const auto* more : {"</scripts>", "<a title=\"</script>\">b</a>", "<!-- </script> -->"})
    CHECK(text_of("<p>One.</p><script src=\"/p.js\"/><p>Two.</p>" + std::string(more))
              .starts_with("One.\n\nTwo."));
}

TEST_CASE("html: a script whose start tag only looks closed keeps what is in it", "[html]") {
  CHECK(html_of("<p>One.</p><script src=\"/p.js\"/>var two = 2;</script><p>Three.</p>") ==
        "<p>One.</p>\n<p>Three.</p>");
  CHECK(html_of("<p>One.</p><script src=\"/p.js\"/><p>Two.</p><script>var three = 3;</script>") ==
        "<p>One.</p>\n<p>Two.</p>");
}

TEST_CASE("html: the text has paragraphs, items and rows", "[html]") {
  CHECK(text_of("<p>One  two\n three.</p><p>Four<br>five<br><br>six</p>") ==
        "One two three.\n\nFour\nfive\n\nsix");
  CHECK(text_of("<ul><li>a</li><li><p>b</p><p>more</p></li></ul><ol start=3><li>c<li>d</ol>") ==
        "• a\n\n• b\n\nmore\n\n3. c\n\n4. d");
  CHECK(text_of("<table><tr><th>Party<th>Seats<tr><td>Blue<td>4</table>After") ==
        "Party | Seats\nBlue | 4\n\nAfter");
  CHECK(text_of("<table><tr><td><p>Layout</p><p>table</p></td></tr></table>") == "Layout\n\ntable");
  CHECK(text_of("<pre>a\n  b</pre>") == "a\nb");
  CHECK(text_of("&ldquo;caf&eacute;&rdquo; &#8212; &#x20AC;5 &#150; &nbsp; &eacute &hellip;") ==
        "“café” — €5 – é …");
  CHECK(text_of("a<!-- not this -->b<script>nor()</script>c<style>this</style>") == "abc");
  CHECK(text_of("<figure><img src=a.jpg alt=Boat><figcaption>The boat.</figcaption></figure>") ==
        "The boat.");
  CHECK(text_of("<ruby>漢<rt>かん</rt>字<rt>じ</rt></ruby>") == "漢字");
  CHECK(
      text_of(
          "<form><label>Mail</label> <input value=x><select><option>A</select><button>Go</button></form>") ==
      "Mail Go");
  const auto clean = clean_html("<h1>A <i>big</i><br>day</h1><p>Text.</p><h2>More</h2><p>Text.</p>", base);
  CHECK(clean.headings == std::vector<std::string>{"A big day", "More"});
}

TEST_CASE("html: a line has no markup", "[html]") {
  CHECK(html_line("AT&amp;T <b>wins</b>\n<br>again") == "AT&T wins again");
  CHECK(html_line("Plain  text\twith 5 < 6") == "Plain text with 5 < 6");
  CHECK(html_line("<p>a</p><p>b</p>") == "a b");
  CHECK(html_line("&amp;lt;b&amp;gt;") == "&lt;b&gt;");
}

TEST_CASE("html: bombs end soon", "[html]") {
  const auto repeat = [](std::string_view part, std::size_t bytes) {
    std::string out;
    while (out.size() < bytes) out += part;
    return out;
  };
  const auto bomb = GENERATE_COPY(
      repeat("<div>", 1'000'000), "<p " + repeat("a=1 ", 1'000'000) + ">end",
      repeat("<a href=x><b>", 1'000'000), repeat("<", 1'000'000), repeat("<table>", 1'000'000),
      repeat("<b id=1>", 20'000) + repeat("<p>x", 500'000), repeat("<i>", 2'000) + repeat("</b>", 1'000'000),
      repeat("<title>", 1'000'000), repeat("<script><!--<script>", 500'000), repeat("<!--", 1'000'000),
      repeat("&#", 1'000'000), repeat("<li><dd>", 500'000), repeat("<svg><p>", 500'000));
  const auto clean = clean_html(bomb, base);
  CHECK(crier::test::find_html_fault(clean.html).empty());
  CHECK(clean_html(clean.html, base).html == clean.html);
}

TEST_CASE("what is not written before a line end in <pre> does not save it") {
  const auto once = clean_html(std::string_view("<pre>\0\0\n a</pre>", 17), "https://example.org/");
  CHECK(clean_html(once.html, "https://example.org/").html == once.html);
}

TEST_CASE("a link without a scheme is not read as another host") {
  CHECK(resolve_url("//example.org/x", "https://example.com/") == "https://example.org/x");
  CHECK(resolve_url("//127.0.0.1/x", "http://example.com/") == "http://127.0.0.1/x");
  CHECK_FALSE(resolve_url("//127.0.0.1.example.org/x", "https://example.com/"));
  CHECK_FALSE(resolve_url("//10.0.0.1evil/x", "https://example.com/"));
}

TEST_CASE("what must be cleaned is found at every place of a long text") {
  const std::string words =
      "the harbour was calm and the boats lay still, as they had for most of the year; ";
  const auto text = words + words;
  for (std::size_t at = 1; at + 1 < text.size(); ++at) {
    if (text[at] == ' ' || text[at - 1] == ' ') continue;
    const auto begin = text.substr(0, at);
    const auto rest = text.substr(at, text.size() - at - 1);
    CAPTURE(at);
    // No-break space and ideographic space, a run of spaces, controls and marks that nobody sees.
    for (const std::string space : {"\u00A0", "\u3000", "  ", "\n", " \t ", "\u2003"}) {
      REQUIRE(tidy_line(begin + space + rest) == begin + " " + rest);
      REQUIRE(clean_html(begin + space + rest, "").text == begin + " " + rest);
    }
    for (const std::string nothing : {"\x01", "\u00AD", "\u200B", "\u202E", "\uFEFF", "\x7F"}) {
      REQUIRE(tidy_line(begin + nothing + rest) == begin + rest);
      REQUIRE(clean_html(begin + nothing + rest, "").text == begin + rest);
    }
    REQUIRE(clean_html(begin + "\x02\u202E\u0085" + rest, "").html == begin + rest);
    REQUIRE(clean_html(begin + "&lt;b \">&amp;" + rest, "").html == begin + "&lt;b \"&gt;&amp;" + rest);
    REQUIRE(tidy_text(begin + "\x01\r\n" + rest) == begin + "\n" + rest);
  }
}

TEST_CASE("links are resolved alike however plain they are") {
  const auto link = [](const std::string& reference, const std::string& from) {
    return clean_html("<a href=\"" + reference + "\">x</a>", from).html;
  };
  const auto expected = [](const std::string& url) {
    return "<a href=\"" + url + "\" rel=\"nofollow noopener\">x</a>";
  };
  const std::string here = "https://example.org/a/b?c";
  REQUIRE(link("/d/e?f=g", here) == expected("https://example.org/d/e?f=g"));
  REQUIRE(link("/d/../e", here) == expected("https://example.org/e"));
  REQUIRE(link("d", here) == expected("https://example.org/a/d"));
  REQUIRE(link("//example.com/d", here) == expected("https://example.com/d"));
  REQUIRE(link("http://example.com/d", here) == expected("http://example.com/d"));
  REQUIRE(link("http://user@example.com/d", here) == "x");
  REQUIRE(link("http:///d", here) == "x");
  REQUIRE(link("/d e", here) == expected("https://example.org/d%20e"));
  REQUIRE(link("/d", "https://user@example.org/") == "x");
  REQUIRE(link("/d", "") == "x");
}
