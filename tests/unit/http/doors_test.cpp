// The handlers behind the doors: story push, share page, unsubscribe.
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <catch2/catch.hpp>

#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "http/share_page.hpp"
#include "http/story_push.hpp"
#include "http/unsubscribe.hpp"
#include "support/http_call.hpp"

using namespace crier;
using namespace crier::http;
using crier::test::call;
namespace asio = boost::asio;
namespace json = boost::json;

namespace {

asio::awaitable<Result<PushedBody>> parse_title(std::string format, std::string body) {
  if (body == "broken") co_return Error{"line 1: expected a title"};
  PushedBody pushed;
  pushed.story.id = format;
  pushed.story.title = body;
  if (body == "no date") pushed.warnings = {"published: cannot be read"};
  co_return pushed;
}

asio::awaitable<Result<PushedStory>> store(std::vector<Story>& stored, Story story) {
  if (story.title == "disk full") co_return Error{"disk full on /var/lib/crier"};
  stored.push_back(story);
  co_return PushedStory{story.id, 3, "updated"};
}

Headers push_headers(const std::string& token, const std::string& type) {
  Headers headers;
  if (!token.empty()) headers.add("Authorization", "Bearer " + token);
  if (!type.empty()) headers.add("Content-Type", type);
  return headers;
}

struct Subscription {
  bool subscribed = true;
  int changes = 0;
};

asio::awaitable<UnsubscribeDoor::About> about(const Subscription& subscription, std::string token) {
  if (token == "broken") co_return Error{"database is locked"};
  if (token != "good") co_return std::optional<Standing>();
  co_return Standing{"alerts about <chips>", !subscription.subscribed};
}

asio::awaitable<UnsubscribeDoor::About> change(Subscription& subscription, std::string token,
                                               UnsubscribeAction action) {
  if (token == "good") {
    subscription.subscribed = action == UnsubscribeAction::resume;
    ++subscription.changes;
  }
  return about(subscription, std::move(token));
}

Response at_door(Subscription& subscription, const std::string& method, const std::string& token,
                 const std::string& type = {}, const std::string& body = {}) {
  const auto handler = unsubscribe_page(
      {[&](std::string t) { return about(subscription, std::move(t)); },
       [&](std::string t, UnsubscribeAction action) { return change(subscription, std::move(t), action); }});
  auto request = test::make_request(method, "/u/" + token, push_headers({}, type), body);
  request.parameters["token"] = token;
  return call(handler, std::move(request));
}

constexpr const char* urlencoded = "application/x-www-form-urlencoded";

}  // namespace

TEST_CASE("story push: 202 comes after the story is stored") {
  std::vector<Story> stored;
  StoryPush push;
  push.tokens = {"newsroom"};
  push.formats = {{"application/json", "ninjs"}, {"text/plain", "text"}};
  push.body_bytes = 20;
  push.parse = parse_title;
  push.accept = [&](Story story) { return store(stored, std::move(story)); };
  const auto handler = story_push(push);
  const auto post = [&](const std::string& token, const std::string& type, const std::string& body) {
    return call(handler, "POST", "/v1/stories", push_headers(token, type), body);
  };

  const auto accepted = post("newsroom", "Application/JSON; charset=utf-8", "Dam breach");
  REQUIRE(accepted.status == 202);
  REQUIRE(json::parse(accepted.body) == json::parse(R"({"id":"ninjs","version":3,"result":"updated"})"));
  REQUIRE(stored.size() == 1);
  REQUIRE(stored[0].title == "Dam breach");

  REQUIRE(json::parse(post("newsroom", "text/plain", "no date").body).at("warnings") ==
          json::parse(R"(["published: cannot be read"])"));

  REQUIRE(post("", "text/plain", "x").status == 401);
  REQUIRE(post("wrong", "text/plain", "x").headers.get("WWW-Authenticate").find("invalid_token") !=
          std::string::npos);
  REQUIRE(post("newsroom", "", "x").status == 415);
  REQUIRE(post("newsroom", "image/png", "x").headers.get("Accept-Post") == "application/json, text/plain");
  REQUIRE(post("newsroom", "text/plain", std::string(21, 'x')).status == 413);
  const auto broken = post("newsroom", "text/plain", "broken");
  REQUIRE(broken.status == 400);
  REQUIRE(broken.body.find("line 1: expected a title") != std::string::npos);
  const auto unstored = post("newsroom", "text/plain", "disk full");
  REQUIRE(unstored.status == 503);
  REQUIRE(unstored.headers.find("Retry-After"));
  REQUIRE(unstored.body.find("/var/lib") == std::string::npos);
  REQUIRE(stored.size() == 2);

  push.tokens.clear();
  REQUIRE(call(story_push(push), "POST", "/v1/stories", push_headers("newsroom", "text/plain"), "x").status ==
          403);
}

TEST_CASE("share page: JSON for programs, HTML for people, for every site") {
  const auto handler = share_page(
      {[](std::string_view id) -> std::optional<SharedStory> {
         if (id == "unknown") return std::nullopt;
         return SharedStory{"s1",
                            "Tea & \"talks\"",
                            "https://news.example.org/s1",
                            {{"x", "https://x.com/intent/post?text=Tea"}, {"email", "mailto:?subject=Tea"}},
                            id == "killed"};
       },
       [](const SharedStory& story) { return "<nav>" + story.id + "</nav>"; }, "p{}"});
  const auto get = [&](const std::string& target, const std::string& story, const std::string& accept) {
    Headers headers;
    if (!accept.empty()) headers.add("Accept", accept);
    auto request = test::make_request("GET", target, headers);
    request.parameters["story"] = story;
    return call(handler, std::move(request));
  };

  const auto found = get("/share/s1", "s1", "");
  REQUIRE(found.status == 200);
  REQUIRE(json::parse(found.body) ==
          json::parse(R"({"story":{"id":"s1","title":"Tea & \"talks\"","url":"https://news.example.org/s1"},
                          "links":{"x":"https://x.com/intent/post?text=Tea","email":"mailto:?subject=Tea"}})"));
  REQUIRE(found.headers.get("Access-Control-Allow-Origin") == "*");
  REQUIRE(found.headers.get("Cache-Control") == "public, max-age=60");
  REQUIRE(get("/share/s1", "s1", "text/html,*/*;q=0.8").body == "<nav>s1</nav>");
  REQUIRE(get("/share/s1?format=html", "s1", "").body == "<nav>s1</nav>");
  REQUIRE(get("/share/s1?format=html", "s1", "").headers.get("Content-Security-Policy") ==
          "default-src 'none'; style-src 'sha256-" + to_base64(sha256("p{}")) + "'; base-uri 'none'");
  REQUIRE(get("/share/s1?format=json", "s1", "text/html").content_type == "application/json");
  REQUIRE(get("/share/x", "unknown", "").status == 404);
  REQUIRE(get("/share/x", "killed", "text/html").status == 410);
  REQUIRE(get("/share/x", "killed", "").headers.get("Access-Control-Allow-Origin") == "*");
}

TEST_CASE("unsubscribe: looking changes nothing, a post does, and can be undone") {
  Subscription subscription;
  const auto shown = at_door(subscription, "GET", "good");
  REQUIRE(shown.status == 200);
  REQUIRE(shown.body.find("alerts about &lt;chips&gt;") != std::string::npos);
  REQUIRE(shown.body.find("<form method=\"post\">") != std::string::npos);
  REQUIRE(shown.headers.get("Referrer-Policy") == "no-referrer");
  REQUIRE(shown.headers.get("X-Robots-Tag") == "noindex");
  REQUIRE(at_door(subscription, "HEAD", "good").status == 200);
  REQUIRE(subscription.changes == 0);

  const auto left = at_door(subscription, "POST", "good", urlencoded, "List-Unsubscribe=One-Click");
  REQUIRE(left.status == 200);
  REQUIRE(left.body.find("You will get no more alerts about &lt;chips&gt;.") != std::string::npos);
  REQUIRE_FALSE(left.headers.find("Set-Cookie"));
  REQUIRE_FALSE(left.headers.find("Location"));
  REQUIRE_FALSE(subscription.subscribed);
  REQUIRE(at_door(subscription, "GET", "good").body == left.body);
  REQUIRE(at_door(subscription, "POST", "good", urlencoded, "undo=1").status == 200);
  REQUIRE(subscription.subscribed);
  REQUIRE(
      at_door(
          subscription, "POST", "good", "multipart/form-data; boundary=b",
          "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n")
          .status == 200);
  REQUIRE_FALSE(subscription.subscribed);
  REQUIRE(at_door(subscription, "POST", "good", urlencoded, "confirm=1").status == 200);
  REQUIRE_FALSE(subscription.subscribed);
}

TEST_CASE("unsubscribe: what is not a request to leave changes nothing") {
  Subscription subscription;
  for (const auto* body : {"", "List-Unsubscribe=", "confirm=0", "One-Click", "undo=yes", "a=%"}) {
    CAPTURE(body);
    REQUIRE(at_door(subscription, "POST", "good", urlencoded, body).status == 400);
  }
  REQUIRE(at_door(subscription, "POST", "good", "", "confirm=1").status == 400);
  REQUIRE(subscription.changes == 0);
  REQUIRE(at_door(subscription, "GET", "forged").status == 404);
  REQUIRE(at_door(subscription, "POST", "forged", urlencoded, "confirm=1").status == 404);
  const auto failed = at_door(subscription, "GET", "broken");
  REQUIRE(failed.status == 503);
  REQUIRE(failed.body.find("database") == std::string::npos);
}
