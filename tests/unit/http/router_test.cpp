#include "http/router.hpp"

#include <catch2/catch.hpp>

#include "support/http_call.hpp"

using namespace crier::http;
using crier::test::call;

namespace {

Handler says(std::string what) {
  return immediate([what](const Request& request) {
    std::string text = what;
    for (const auto& [name, value] : request.parameters) text += " " + name + "=" + value;
    return text_response(200, text);
  });
}

}  // namespace

TEST_CASE("routes by method and pattern") {
  Router router;
  router.add("GET", "/share/{story}", says("share"));
  router.add("GET", "/u/{token}", says("ask"));
  router.add("POST", "/u/{token}", says("leave"));
  router.add("POST", "/v{version}/{phone}/messages", says("message"));
  router.add("GET", "/", says("root"));

  REQUIRE(call(router.handler(), "GET", "/share/a%2Fb").body == "share story=a/b");
  REQUIRE(call(router.handler(), "HEAD", "/share/x").status == 200);
  REQUIRE(call(router.handler(), "POST", "/u/t").body == "leave token=t");
  REQUIRE(call(router.handler(), "POST", "/v25.0/123/messages").body == "message phone=123 version=25.0");
  REQUIRE(call(router.handler(), "GET", "/").body == "root");

  for (const auto* nothing : {"/share", "/share/", "/share/a/b", "/SHARE/a", "/v/1/messages", "*", "//"}) {
    CAPTURE(nothing);
    REQUIRE(call(router.handler(), "GET", nothing).status == 404);
  }
  const auto wrong = call(router.handler(), "DELETE", "/u/t");
  REQUIRE(wrong.status == 405);
  REQUIRE(wrong.headers.get("Allow") == "GET, HEAD, POST");
  REQUIRE(call(router.handler(), "POST", "/share/x").headers.get("Allow") == "GET, HEAD");
}

TEST_CASE("a malformed pattern is refused at start-up") {
  Router router;
  REQUIRE_THROWS(router.add("GET", "share", says("")));
  REQUIRE_THROWS(router.add("GET", "/{}", says("")));
  REQUIRE_THROWS(router.add("GET", "/{story}.html", says("")));
}

TEST_CASE("a handler's exception is answered without its text") {
  const auto response = call(
      immediate([](const Request&) -> Response { throw std::runtime_error("password=secret"); }), "GET", "/");
  REQUIRE(response.status == 500);
  REQUIRE(response.body.find("secret") == std::string::npos);
}
