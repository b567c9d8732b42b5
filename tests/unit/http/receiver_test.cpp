#include "http/receiver.hpp"

#include <sstream>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <catch2/catch.hpp>

#include "support/http_call.hpp"

using namespace crier;
using namespace crier::http;
using crier::test::call;
namespace json = boost::json;

TEST_CASE("receiver: what came in is shown harmlessly") {
  REQUIRE(printable("plain\n\tнет 習 👍") == "plain\n\tнет 習 👍");
  REQUIRE(printable("\x1b[2J\r\x07") == "\\x1b[2J\\x0d\\x07");
  REQUIRE(printable("a\u202eb\u009bc\u2028") == "a\\u{202e}b\\u{009b}c\\u{2028}");
  REQUIRE(printable("\xff") == "\xef\xbf\xbd");

  std::ostringstream out;
  Headers headers;
  headers.add("X-Evil", "\x1b[31m");
  headers.add("Authorization", "Bearer secret");
  REQUIRE(call(receiver(out, {}), "PUT", "/any%0Athing?x=1", headers, "one\n\x1b[2Jtwo").status == 404);
  REQUIRE(out.str() ==
          "PUT /any%0Athing?x=1  from 127.0.0.1\n  X-Evil: \\x1b[31m\n  Authorization: …\n"
          "  one\n  \\x1b[2Jtwo\n→ 404\n\n");
}

TEST_CASE("receiver: a long body is shown in part") {
  std::ostringstream out;
  call(receiver(out, {}), "POST", "/", {}, std::string(20'000, 'x'));
  REQUIRE(out.str().size() < 17'000);
  REQUIRE(out.str().find("and 3616 more bytes") != std::string::npos);
}

TEST_CASE("receiver: webhooks are verified when there is a secret") {
  std::ostringstream out;
  const ReceiverOptions options{[](const Request& request) -> Result<void> {
    if (request.headers.get("webhook-signature") == "v1,good") return {};
    return Error{"no signature matches"};
  }};
  Headers good;
  good.add("webhook-signature", "v1,good");
  REQUIRE(call(receiver(out, options), "POST", "/webhook", good, R"({"type":"story.created"})").status ==
          204);
  REQUIRE(out.str().find("signature: good") != std::string::npos);
  REQUIRE(out.str().find("  {\n    \"type\": \"story.created\"\n  }\n") != std::string::npos);
  REQUIRE(call(receiver(out, options), "POST", "/webhook").status == 401);
  REQUIRE(out.str().find("signature: BAD: no signature matches") != std::string::npos);
  REQUIRE(call(receiver(out, {}), "POST", "/webhook").status == 204);
}

TEST_CASE("receiver: answers like the Cloud API and shows the template") {
  std::ostringstream out;
  const auto response = call(receiver(out, {}), "POST", "/v25.0/1066/messages", {}, R"({
    "messaging_product": "whatsapp", "to": "+234 801", "type": "template",
    "template": {"name": "breaking", "language": {"code": "en_US"}, "components": [
      {"type": "header", "parameters": [{"type": "image", "image": {"link": "https://img.example.org/a.jpg"}}]},
      {"type": "body", "parameters": [{"type": "text", "text": "Dam breach"}, {"type": "text", "text": "Ulm"}]}]}})");
  REQUIRE(response.status == 200);
  const auto answer = json::parse(response.body);
  REQUIRE(answer.at("messaging_product") == "whatsapp");
  REQUIRE(answer.at("contacts").at(0).at("input") == "+234 801");
  REQUIRE(answer.at("contacts").at(0).at("wa_id") == "234801");
  REQUIRE(answer.at("messages").at(0).at("id").as_string().starts_with("wamid."));
  REQUIRE(out.str().find("template breaking (en_US) to +234 801\n"
                         "    header: image https://img.example.org/a.jpg\n"
                         "    body: Dam breach | Ulm\n") != std::string::npos);

  for (const auto* bad : {"", "[]", "{", R"({"messaging_product":"whatsapp"})", R"({"to":"1"})",
                          R"({"messaging_product":1,"to":[]})"}) {
    CAPTURE(bad);
    const auto refused = call(receiver(out, {}), "POST", "/v25.0/1066/messages", {}, bad);
    REQUIRE(refused.status == 400);
    REQUIRE(json::parse(refused.body).at("error").at("code") == 100);
  }
}
