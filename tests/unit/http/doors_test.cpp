// The handlers behind the doors: story push, share page, unsubscribe.
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <catch2/catch.hpp>

#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "channel/webhook.hpp"
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

asio::awaitable<Result<PushedBody>> parse_title(Submission submission) {
  const auto& body = submission.body;
  if (body == "broken") co_return Error{"line 1: expected a title"};
  PushedBody pushed;
  pushed.story.id = submission.format;
  pushed.story.title = body;
  pushed.story.language = header_value(submission.headers, "content-language");
  if (body == "no date") pushed.warnings = {"published: cannot be read"};
  co_return pushed;
}

asio::awaitable<Result<PushedStory>> store(std::vector<Story>& stored, Story story) {
  if (story.title == "disk full") co_return Error{"disk full on /var/lib/crier"};
  stored.push_back(story);
  co_return PushedStory{story.id, 3, "updated"};
}

const Time noon = *parse_rfc3339("2026-11-23T12:00:00Z");

std::shared_ptr<PushGate> gate_of(const std::vector<std::string>& tokens,
                                  const std::vector<std::string>& keys = {}) {
  return std::make_shared<PushGate>(tokens, keys, [] { return noon; });
}

StoryPush push_into(std::vector<Story>& stored, std::shared_ptr<PushGate> gate) {
  StoryPush push;
  push.gate = std::move(gate);
  push.formats = {{"application/json", "ninjs"}, {"text/plain", "text"}};
  push.parse = parse_title;
  push.accept = [&](Story story) { return store(stored, std::move(story)); };
  return push;
}

asio::awaitable<Result<std::optional<PushedStory>>> take_back(std::vector<std::string>& canceled,
                                                              std::string id) {
  if (id == "disk full") co_return Error{"disk full on /var/lib/crier"};
  if (id == "unknown") co_return std::optional<PushedStory>();
  canceled.push_back(id);
  co_return std::optional(PushedStory{id, 4, "canceled"});
}

Headers signed_headers(const std::string& key, const std::string& body, Time at = noon) {
  Headers headers;
  headers.add("Content-Type", "text/plain");
  headers.add("webhook-id", "msg_1");
  headers.add("webhook-timestamp", std::to_string(at.time_since_epoch() / std::chrono::seconds(1)));
  headers.add("webhook-signature", sign_webhook("msg_1", at, body, std::vector{key}));
  return headers;
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
  auto push = push_into(stored, gate_of({"newsroom"}));
  push.body_bytes = 20;
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

  push.gate = gate_of({});
  REQUIRE(call(story_push(push), "POST", "/v1/stories", push_headers("newsroom", "text/plain"), "x").status ==
          403);
}

TEST_CASE("story push: of a multipart body the first part that can be one is the story") {
  std::vector<Story> stored;
  const auto handler = story_push(push_into(stored, gate_of({"newsroom"})));
  const auto post = [&](const std::string& body) {
    return call(handler, "POST", "/v1/stories", push_headers("newsroom", "multipart/mixed; boundary=b"),
                body);
  };
  const auto accepted = post(
      "--b\r\nContent-Type: image/jpeg\r\nContent-Disposition: form-data; name=photo\r\n\r\n\xff\xd8\r\n"
      "--b\r\nContent-Type: text/plain\r\nContent-Language: sw\r\n\r\nDam breach\r\n"
      "--b\r\n\r\nno headers\r\n--b--\r\n");
  REQUIRE(accepted.status == 202);
  REQUIRE(stored.size() == 1);
  CHECK(stored[0].title == "Dam breach");
  CHECK(stored[0].language == "sw");
  CHECK(json::parse(accepted.body).at("warnings") ==
        json::parse(R"(["the part \"photo\" (image/jpeg) is left out", "the part \"\" is left out"])"));
  CHECK(post("--b\r\nContent-Type: image/jpeg\r\n\r\nx\r\n--b--").status == 415);
  CHECK(post("--b\r\nContent-Type: text/plain\r\n\r\nnever ends").status == 400);
  CHECK(stored.size() == 1);
}

TEST_CASE("story push: a signature over the body stands for a token, once") {
  const std::string key(32, 'k');
  std::vector<Story> stored;
  const auto handler = story_push(push_into(stored, gate_of({"newsroom"}, {std::string(32, 'n'), key})));
  const auto post = [&](const Headers& headers, const std::string& body) {
    return call(handler, "POST", "/v1/stories", headers, body);
  };
  CHECK(post(signed_headers(key, "Dam breach"), "Dam breech").status == 401);
  CHECK(post(signed_headers(std::string(32, 'x'), "Dam breach"), "Dam breach").status == 401);
  CHECK(post(signed_headers(key, "Dam breach", noon - std::chrono::minutes(6)), "Dam breach").status == 401);
  CHECK(stored.empty());
  CHECK(post(signed_headers(key, "disk full"), "disk full").status == 503);
  CHECK(post(signed_headers(key, "Dam breach"), "Dam breach").status == 202);
  CHECK(post(signed_headers(key, "Dam breach"), "Dam breach").status == 409);
  CHECK(post(signed_headers(key, "Dam holds", noon + std::chrono::seconds(1)), "Dam holds").status == 202);
  CHECK(stored.size() == 2);
  // A bad signature is not made good by a token.
  auto both = signed_headers(std::string(32, 'x'), "Dam breach", noon + std::chrono::seconds(2));
  both.add("Authorization", "Bearer newsroom");
  CHECK(post(both, "Dam breach").status == 401);
  CHECK(call(story_push(push_into(stored, gate_of({"newsroom"}))), "POST", "/v1/stories",
             signed_headers(key, "Dam breach"), "Dam breach")
            .status == 403);
}

TEST_CASE("story push: of two copies of a signed request one is taken, also while it is on its way") {
  auto now = noon;
  const std::string key(32, 'k');
  PushGate gate({"newsroom"}, {key}, [&now] { return now; });
  const auto request =
      test::make_request("POST", "/v1/stories", signed_headers(key, "Dam breach"), "Dam breach");
  const auto status = [](const std::variant<PushGate::Pass, Response>& admitted) {
    const auto* refusal = std::get_if<Response>(&admitted);
    return refusal ? refusal->status : 0;
  };
  {
    const auto first = gate.admit(request);
    CHECK(status(first) == 0);
    CHECK(status(gate.admit(request)) == 409);
  }
  // The first came to nothing; another attempt may be made.
  {
    auto again = gate.admit(request);
    REQUIRE(status(again) == 0);
    std::get<PushGate::Pass>(again).keep();
  }
  CHECK(status(gate.admit(request)) == 409);
  // After a restart nothing is remembered, and what was signed before it is not believed.
  now += std::chrono::seconds(1);
  PushGate restarted({"newsroom"}, {key}, [&now] { return now; });
  CHECK(status(restarted.admit(request)) == 401);
  CHECK(status(restarted.admit(test::make_request(
            "POST", "/v1/stories", signed_headers(key, "Dam breach", now), "Dam breach"))) == 0);
}

TEST_CASE("a story is taken back by its id, by those who may") {
  const std::string key(32, 'k');
  std::vector<std::string> canceled;
  const auto handler = story_order(
      {gate_of({"newsroom"}, {key}), "cancel", [&](std::string id) { return take_back(canceled, id); }});
  const auto post = [&](const std::string& id, const Headers& headers, const std::string& body = {}) {
    auto request = test::make_request("POST", "/v1/stories/s1/cancel", headers, body);
    request.parameters["id"] = id;
    return call(handler, std::move(request));
  };
  const auto with_token = push_headers("newsroom", "");
  CHECK(json::parse(post("s1", with_token).body) ==
        json::parse(R"({"id":"s1","version":4,"result":"canceled"})"));
  CHECK(post("s 2", with_token, R"({"cancel": "s 2"})").status == 202);
  CHECK(post("s1", push_headers("wrong", "")).status == 401);
  CHECK(post("unknown", with_token).status == 404);
  const auto unstored = post("disk full", with_token);
  CHECK(unstored.status == 503);
  CHECK(unstored.body.find("/var/lib") == std::string::npos);
  // The address is not signed: a signed request for one story is none for another.
  const std::string body = R"({"cancel": "s3"})";
  CHECK(post("s1", signed_headers(key, body), body).status == 400);
  CHECK(post("s1", signed_headers(key, ""), "").status == 400);
  CHECK(post("s3", signed_headers(key, body), body).status == 202);
  CHECK(canceled == std::vector<std::string>{"s1", "s 2", "s3"});
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
