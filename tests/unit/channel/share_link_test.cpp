#include "channel/share_link.hpp"

#include <boost/url.hpp>
#include <catch2/catch.hpp>

#include "base/encoding.hpp"

using namespace crier;

namespace {

// The decoded value of a query parameter, by a strict parser that is not ours.
std::string parameter(const std::string& url, std::string_view name) {
  const auto parsed = boost::urls::parse_uri(url);
  if (!parsed) FAIL("not a URL: " + url);
  std::string found = "(none)";
  for (const auto& entry : parsed->params())
    if (entry.key == name) found = found == "(none)" ? entry.value : "(several)";
  return found;
}

const std::vector<std::string> nasty_titles = {
    "Plain title",
    "100% of #1 & \"quotes\" 'too' + plus = equals ? question / slash",
    "اتفاق المدن الثلاث",
    "👨‍👩‍👧 family",
    "two\nlines",
    "<script>alert(1)</script>",
    "",
};

const std::string destination = "https://ledger.example.org/2024/03/tide?a=1&b=2#part";

}  // namespace

TEST_CASE("every target has a name that reads back") {
  for (const auto target : all_share_targets) CHECK(parse_share_target(to_string(target)) == target);
  CHECK(parse_share_target("x") == ShareTarget::x);
  CHECK_FALSE(parse_share_target("X"));
  CHECK_FALSE(parse_share_target("myspace"));
}

TEST_CASE("the URL of every target is strict, and carries the link whole") {
  for (const auto& title : nasty_titles) {
    CAPTURE(title);
    for (const auto target : all_share_targets) {
      const auto url = share_url(target, {.title = title, .url = destination});
      CAPTURE(url);
      REQUIRE(boost::urls::parse_uri(url));
      CHECK(url.find('+') == std::string::npos);
      CHECK(url.find('\'') == std::string::npos);
      CHECK(url.find(percent_encode(destination)) != std::string::npos);
    }
  }
}

TEST_CASE("each target gets its own parameters") {
  const ShareInput input{
      .title = "A & B", .url = destination, .via = "@ledger", .hashtags = {"#tides", "north coast"}};
  const auto to = [&](ShareTarget target) { return share_url(target, input); };
  const auto x = to(ShareTarget::x);
  CHECK(x.starts_with("https://x.com/intent/post?text=A%20%26%20B&url=https%3A%2F%2F"));
  CHECK(parameter(x, "via") == "ledger");
  CHECK(parameter(x, "hashtags") == "tides,northcoast");
  CHECK(to(ShareTarget::email) ==
        "mailto:?subject=A%20%26%20B&body=A%20%26%20B%0D%0A%0D%0A" + percent_encode(destination));
  CHECK(to(ShareTarget::whatsapp) == "https://wa.me/?text=A%20%26%20B%0A" + percent_encode(destination));
  CHECK(parameter(to(ShareTarget::telegram), "url") == destination);
  CHECK(parameter(to(ShareTarget::telegram), "text") == "A & B");
  CHECK(parameter(to(ShareTarget::facebook), "u") == destination);
  CHECK(parameter(to(ShareTarget::linkedin), "url") == destination);
  CHECK(parameter(to(ShareTarget::bluesky), "text") == "A & B\n" + destination);
  CHECK(parameter(to(ShareTarget::threads), "tag") == "tides");
  CHECK(to(ShareTarget::mastodon) ==
        "https://share.joinmastodon.org/#text=A%20%26%20B%0A" + percent_encode(destination));
  CHECK(parameter(to(ShareTarget::reddit), "title") == "A & B");
  CHECK(to(ShareTarget::sms) == "sms:?&body=A%20%26%20B%0A" + percent_encode(destination));
}

TEST_CASE("an instance of Mastodon must be a host name") {
  const auto to = [](const char* instance) {
    return share_url(ShareTarget::mastodon,
                     {.title = "t", .url = destination, .mastodon_instance = instance});
  };
  CHECK(to("social.example").starts_with("https://social.example/share?text="));
  CHECK(to("evil.example/x?").starts_with("https://share.joinmastodon.org/"));
  CHECK(to("a@b.example").starts_with("https://share.joinmastodon.org/"));
}

TEST_CASE("X counts as its configuration says") {
  CHECK(x_weight("a") == 1);
  CHECK(x_weight("é") == 1);
  CHECK(x_weight("e\u0301") == 1);
  CHECK(x_weight("漢") == 2);
  CHECK(x_weight("👨‍👩‍👧") == 2);
  CHECK(x_weight("🇳🇬") == 2);
  CHECK(x_weight("👩🏽‍🚀") == 2);
  CHECK(x_weight("1️⃣") == 2);
  CHECK(x_weight("“…”") == 4);
  CHECK(x_weight("") == 0);
}

TEST_CASE("titles are cut between characters to what the target takes, URLs never") {
  std::string families;
  for (int i = 0; i < 600; ++i) families += "👨‍👩‍👧";
  const std::string kanji = [] {
    std::string text;
    for (int i = 0; i < 600; ++i) text += "漢";
    return text;
  }();
  for (const auto& title : {families, kanji, std::string(600, 'a')}) {
    const auto x =
        parameter(share_url(ShareTarget::x, {.title = title, .url = destination, .via = "ledger"}), "text");
    CHECK(x.ends_with("…"));
    CHECK(x_weight(x) <= 280 - 24 - 12);
    CHECK(x_weight(x) >= 280 - 24 - 12 - 2);
    CHECK((title != families || (x.size() - 3) % 18 == 0));
    const auto bluesky =
        parameter(share_url(ShareTarget::bluesky, {.title = title, .url = destination}), "text");
    CHECK(bluesky.ends_with("…\n" + destination));
  }
  CHECK(parameter(share_url(ShareTarget::x, {.title = std::string(256, 'a'), .url = destination}), "text") ==
        std::string(256, 'a'));
  const auto long_url = "https://ledger.example.org/" + std::string(400, 'p');
  CHECK(parameter(share_url(ShareTarget::bluesky, {.title = "Title", .url = long_url}), "text") == long_url);
}

TEST_CASE("an SMS stays one message when it can") {
  const std::string url = "https://l.example.org/s/abcdefgh";
  const auto body = [&](const std::string& title) {
    const auto text = share_url(ShareTarget::sms, {.title = title, .url = url});
    return percent_decode(text.substr(std::string_view("sms:?&body=").size())).value();
  };
  const auto cut = body(std::string(300, 'a'));
  CHECK(cut.size() == 160);
  CHECK(cut.ends_with("...\n" + url));
  CHECK(body(std::string(5000, 'a')) == cut);
  CHECK(body("short").size() < 160);
  CHECK(body("漢字の見出し") == "漢字の見出し\n" + url);
}

TEST_CASE("campaign tags go before the fragment and never replace one") {
  const Utm utm{.source = "Morning Brief", .medium = "email", .campaign = "Lagos/2024-03-15"};
  CHECK(tag_url("https://a.example/x", utm) ==
        "https://a.example/x?utm_source=morning-brief&utm_medium=email&utm_campaign=lagos-2024-03-15");
  CHECK(tag_url("https://a.example/x?b=2&a=1#f", {.source = "s"}) ==
        "https://a.example/x?b=2&a=1&utm_source=s#f");
  CHECK(tag_url("https://a.example/x?", {.source = "s"}) == "https://a.example/x?utm_source=s");
  CHECK(tag_url("https://a.example/x?a=1&", {.source = "s"}) == "https://a.example/x?a=1&utm_source=s");
  CHECK(tag_url("https://a.example/x?utm_source=theirs&z=1", utm) ==
        "https://a.example/x?utm_source=theirs&z=1&utm_medium=email&utm_campaign=lagos-2024-03-15");
  CHECK(tag_url("https://a.example/x?utm%5Fsource=theirs", {.source = "s"}) ==
        "https://a.example/x?utm%5Fsource=theirs");
  CHECK(tag_url("https://a.example/#?utm_source=no", {.source = "s"}) ==
        "https://a.example/?utm_source=s#?utm_source=no");
  CHECK(tag_url("https://a.example/x", {.source = "習近平", .medium = "&x=1#y"}) ==
        "https://a.example/x?utm_medium=x-1-y");
  CHECK(tag_url("mailto:a@example.org", utm) == "mailto:a@example.org");
  CHECK(tag_url("https://a.example/x", {}) == "https://a.example/x");
}

TEST_CASE("the snippet for a page has three links that look like buttons without any help") {
  const auto html =
      share_snippet_html({.title = "\"><script>alert('x')</script>", .url = "https://a.example/?q='\"<>"});
  CHECK(html.find("<script") == std::string::npos);
  CHECK(html.starts_with("<style>" + std::string(share_snippet_style()) +
                         "</style>\n<ul class=\"crier-share\">"));
  CHECK(html.find(" style=") == std::string::npos);  // no policy could allow that by a hash
  CHECK(share_snippet_style().find("url(") == std::string::npos);
  CHECK(html.find(">Post</a>") != std::string::npos);
  CHECK(html.find(">Email</a>") != std::string::npos);
  CHECK(html.find(">WhatsApp</a>") != std::string::npos);
  CHECK(html.find("&amp;url=") != std::string::npos);
  std::size_t links = 0;
  for (auto at = html.find("rel=\"noopener\""); at != std::string::npos;
       at = html.find("rel=\"noopener\"", at + 1))
    ++links;
  CHECK(links == 3);
}
