#include "http/message.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "http/head.hpp"
#include "http/page.hpp"

using namespace crier;
using namespace crier::http;

TEST_CASE("a request target is split first and decoded once") {
  Request request;
  REQUIRE(set_target(request, "/share/a%2Fb%20c/%2541?format=html&q=x+y%2B&q=second&empty&=v&&"));
  REQUIRE(request.path == "/share/a/b c/%41");
  REQUIRE(request.segments == std::vector<std::string>{"share", "a/b c", "%41"});
  REQUIRE(request.query["format"] == "html");
  REQUIRE(request.query["q"] == "x y+");
  REQUIRE(request.query["empty"].empty());
  REQUIRE(request.query[""] == "v");
}

TEST_CASE("absolute-form and odd targets") {
  Request request;
  REQUIRE(set_target(request, "http://example.org:80/u/x?a=1#top"));
  REQUIRE(request.path == "/u/x");
  REQUIRE(request.query["a"] == "1");
  REQUIRE(set_target(request, "https://example.org"));
  REQUIRE(request.path == "/");
  REQUIRE(set_target(request, "HTTP://example.org?a=2"));
  REQUIRE(request.path == "/");
  REQUIRE(request.query["a"] == "2");
  REQUIRE(set_target(request, "*"));
  REQUIRE(request.segments.empty());
  REQUIRE(set_target(request, "//evil.example/x"));
  REQUIRE(request.segments == std::vector<std::string>{"", "evil.example", "x"});

  for (const std::string_view bad :
       {"", "u/x", "example.org:443", "ftp://example.org/", "http:///x", "/a b", "/%", "/%4", "/%zz", "/%00",
        "/a?b=%f", "/a\r\nX: y", "javascript:alert(1)"}) {
    CAPTURE(bad);
    REQUIRE_FALSE(set_target(request, bad));
  }
}

TEST_CASE("a query of more than a hundred fields is refused") {
  std::string query;
  for (int i = 0; i < 100; ++i) query += "a=" + std::to_string(i) + "&";
  REQUIRE(parse_urlencoded(query));
  REQUIRE_FALSE(parse_urlencoded(query + "b=1"));
}

TEST_CASE("forms are read in both encodings") {
  Request request;
  request.headers.add("content-type", "application/x-www-form-urlencoded; charset=utf-8");
  request.body = "List-Unsubscribe=One-Click&name=J%C3%B3zef+W";
  auto form = parse_form(request);
  REQUIRE(form);
  REQUIRE((*form)["List-Unsubscribe"] == "One-Click");
  REQUIRE((*form)["name"] == "Józef W");

  request.headers.set("Content-Type", "Multipart/Form-Data; boundary=\"x y\"");
  request.body =
      "ignored\r\n--x y\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n"
      "--x y \r\nContent-Type: text/plain\r\ncontent-disposition: form-data; name=b\r\n\r\n\r\n--x y--\r\n";
  form = parse_form(request);
  REQUIRE(form);
  REQUIRE((*form)["List-Unsubscribe"] == "One-Click");
  REQUIRE((*form)["b"].empty());
}

TEST_CASE("broken forms are refused") {
  Request request;
  REQUIRE_FALSE(parse_form(request));
  request.headers.set("Content-Type", "application/json");
  REQUIRE_FALSE(parse_form(request));
  request.headers.set("Content-Type", "application/x-www-form-urlencoded");
  request.body = "a=%";
  REQUIRE_FALSE(parse_form(request));
  request.headers.set("Content-Type", "multipart/form-data; boundary=b");
  for (const auto* body : {"", "--b", "--b\r\n", "--b\r\n\r\n", "--b\r\n--b--",
                           "--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--",
                           "--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx", "--bb\r\n\r\n--b"}) {
    CAPTURE(body);
    request.body = body;
    REQUIRE_FALSE(parse_form(request));
  }
  request.headers.set("Content-Type", "multipart/form-data");
  REQUIRE_FALSE(parse_form(request));
}

TEST_CASE("no header can smuggle another") {
  Headers headers;
  headers.add("X-One", "1");
  headers.add("x-one", "2");
  REQUIRE(headers.count("X-ONE") == 2);
  REQUIRE(headers.get("x-One") == "1");
  headers.set("X-one", "3");
  REQUIRE(headers.count("X-One") == 1);
  REQUIRE_THROWS(headers.add("Location", "https://example.org\r\nSet-Cookie: a=b"));
  REQUIRE_THROWS(headers.add("Location", "a\nb"));
  REQUIRE_THROWS(headers.add("X: y\r\nZ", "1"));
  REQUIRE_THROWS(headers.add("", "1"));
}

TEST_CASE("the head of a response") {
  auto response = text_response(200, "hello");
  response.headers.set("Cache-Control", "no-store");
  const Time time = *parse_rfc3339("2026-03-01T07:05:09Z");
  REQUIRE(response_head(response, {}, time) ==
          "HTTP/1.1 200 OK\r\nDate: Sun, 01 Mar 2026 07:05:09 GMT\r\nConnection: keep-alive\r\n"
          "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 5\r\nCache-Control: no-store\r\n\r\n");
  const auto empty = response_head({204, {}, {}, {}}, {.keep_alive = false}, time);
  REQUIRE(empty.find("Content-Length") == std::string::npos);
  REQUIRE(empty.find("Connection: close") != std::string::npos);
}

TEST_CASE("answers are safe by default, and a handler may choose otherwise") {
  auto page = html_response(200, html_page("a <b>", "<p>c</p>"));
  add_security_headers(page);
  REQUIRE(page.headers.get("X-Content-Type-Options") == "nosniff");
  REQUIRE(page.headers.get("Content-Security-Policy").find("default-src 'none'") == 0);
  REQUIRE(page.body.find("a &lt;b&gt;") != std::string::npos);
  Response chosen = text_response(200, "");
  chosen.headers.set("Referrer-Policy", "no-referrer");
  add_security_headers(chosen);
  REQUIRE(chosen.headers.get("Referrer-Policy") == "no-referrer");
  REQUIRE(chosen.headers.count("Referrer-Policy") == 1);
  REQUIRE_FALSE(chosen.headers.find("Content-Security-Policy"));
}

TEST_CASE("a problem quotes hostile bytes as valid JSON") {
  const auto response = problem(400, "not \"that\" \xff\n");
  REQUIRE(response.content_type == "application/problem+json");
  REQUIRE(response.body ==
          "{\"status\":400,\"title\":\"Bad Request\",\"detail\":\"not \\\"that\\\" \xef\xbf\xbd\\n\"}\n");
}
