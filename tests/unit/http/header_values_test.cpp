#include "http/header_values.hpp"

#include <catch2/catch.hpp>

#include "http/bearer_tokens.hpp"

using namespace crier::http;

TEST_CASE("media types and parameters") {
  REQUIRE(media_type(" Text/HTML ; charset=utf-8") == "text/html");
  REQUIRE(media_type("application/ld+json") == "application/ld+json");
  for (const auto* bad : {"", "text", "text/", "/html", "te xt/html", "text/html/x", "\"a/b\""}) {
    CAPTURE(bad);
    REQUIRE(media_type(bad).empty());
  }
  REQUIRE(header_parameter("form-data; filename=\"a;name=x\"; Name=\"y\\\"z\"", "name") == "y\"z");
  REQUIRE(header_parameter("multipart/form-data; boundary = abc ", "boundary") == "abc");
  REQUIRE_FALSE(header_parameter("text/html; charset", "charset"));
  REQUIRE_FALSE(header_parameter("name=x", "name"));
  REQUIRE(header_parameter("a; b=\"", "b") == "\"");
  REQUIRE(header_parameter("a; b=\"\\", "b") == "\"\\");
}

TEST_CASE("Accept: browsers get HTML, programs JSON") {
  REQUIRE(prefers_html("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"));
  REQUIRE(prefers_html("text/html"));
  REQUIRE(prefers_html("text/*, application/json;q=0.5"));
  REQUIRE(prefers_html("*/*, application/json;q=0"));
  REQUIRE_FALSE(prefers_html(""));
  REQUIRE_FALSE(prefers_html("*/*"));
  REQUIRE_FALSE(prefers_html("application/json, text/html;q=0.9"));
  REQUIRE_FALSE(prefers_html("text/html;q=0, */*"));
  REQUIRE_FALSE(prefers_html("text/html;q=nonsense, application/json;q=0.1"));
  REQUIRE_FALSE(prefers_html("text/html;q=0.5;x=\",\", application/json"));
  REQUIRE(accepted_quality("text/html;q=0.85", "text/html") == 850);
  REQUIRE(accepted_quality("text/html;q=1.9", "text/html") == 1000);
  REQUIRE(accepted_quality("image/png", "text/html") == 0);
}

TEST_CASE("bearer tokens") {
  REQUIRE(bearer_token("Bearer abc.DEF-_~+/=") == "abc.DEF-_~+/=");
  REQUIRE(bearer_token("bearer   abc") == "abc");
  for (const auto* bad : {"", "Bearer", "Bearer ", "Basic abc", "Bearer a b", "Bearer \"x\"", "Bearerabc"}) {
    CAPTURE(bad);
    REQUIRE_FALSE(bearer_token(bad));
  }
}

TEST_CASE("any of several tokens opens, no token means nobody") {
  Request request;
  const BearerTokens tokens({"old-token", "", "new-token"});
  REQUIRE(tokens.refuse(request)->status == 401);
  REQUIRE(tokens.refuse(request)->headers.get("WWW-Authenticate") == "Bearer realm=\"crier\"");
  for (const auto* good : {"Bearer old-token", "bearer new-token"}) {
    request.headers.set("Authorization", good);
    REQUIRE_FALSE(tokens.refuse(request));
  }
  for (const auto* bad : {"Bearer old-toke", "Bearer old-token2", "Bearer ", "Bearer"}) {
    CAPTURE(bad);
    request.headers.set("Authorization", bad);
    REQUIRE(tokens.refuse(request)->status == 401);
  }
  request.headers.set("Authorization", "Bearer old-token");
  REQUIRE(BearerTokens({}).refuse(request)->status == 403);
  REQUIRE(BearerTokens({""}).refuse(request)->status == 403);
}
