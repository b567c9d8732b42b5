// What a hub gets to hear at the public listener.
#include "http/websub.hpp"

#include <catch2/catch.hpp>

#include "http/router.hpp"
#include "support/http_call.hpp"

using namespace crier;
using namespace crier::test;

namespace {

struct Door {
  Door() {
    http::WebSubDoor door;
    door.confirm = [](std::string_view token, const http::Parameters& query) {
      return token == "known" && query.contains("hub.mode");
    };
    door.deliver = [this](std::string_view token, std::string_view signature, std::string_view type,
                          std::string body) {
      if (token == "known") taken += std::string(signature) + "|" + std::string(type) + "|" + body;
      return token == "known";
    };
    const auto page = http::websub_page(std::move(door));
    router.add("GET", "/websub/{token}", page);
    router.add("POST", "/websub/{token}", page);
  }
  http::Router router;
  std::string taken;
};

}  // namespace

TEST_CASE("a hub's challenge comes back when it was meant, as text that is no page") {
  Door door;
  const auto answer =
      call(door.router.handler(), "GET", "/websub/known?hub.mode=subscribe&hub.challenge=%3Cb%3Ehi");
  CHECK(answer.status == 200);
  CHECK(answer.body == "<b>hi");
  CHECK(answer.content_type.starts_with("text/plain"));
  CHECK(answer.headers.get("X-Content-Type-Options") == "nosniff");
  const auto other =
      call(door.router.handler(), "GET", "/websub/unknown?hub.mode=subscribe&hub.challenge=hi");
  CHECK(other.status == 404);
  CHECK(other.body.find("hi") == std::string::npos);
}

TEST_CASE("a delivery is taken for a token that is known") {
  Door door;
  http::Headers headers;
  headers.add("X-Hub-Signature", "sha256=00");
  headers.add("Content-Type", "application/rss+xml");
  CHECK(call(door.router.handler(), "POST", "/websub/known", headers, "<rss/>").status == 202);
  CHECK(door.taken == "sha256=00|application/rss+xml|<rss/>");
  CHECK(call(door.router.handler(), "POST", "/websub/unknown", headers, "<rss/>").status == 404);
}
