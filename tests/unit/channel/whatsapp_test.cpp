#include "channel/whatsapp.hpp"

#include <optional>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <catch2/catch.hpp>
#include <fmt/core.h>

#include "net/resolver.hpp"
#include "support/fake_http_server.hpp"
#include "support/manual_clock.hpp"
#include "support/run_loop.hpp"
#include "support/silent_port.hpp"

using namespace crier;
using namespace crier::test;
using namespace std::chrono_literals;

namespace {

const Time now = parse_rfc3339("2026-11-23T12:00:00Z").value();

WhatsAppMessage alert() {
  return {.to = "+2348012345678",
          .delivery_id = "d-17",
          .template_name = "breaking_v3",
          .language = "en_US",
          .body_parameters = {"Dam breach\nnear Ulm"},
          .header_image = {},
          .button_suffix = {}};
}

HttpResponse response(int status, std::string body) {
  HttpResponse out;
  out.status = status;
  out.body = std::move(body);
  return out;
}

Outcome judge_code(int code, int attempt = 0) {
  return judge_whatsapp(response(400, R"({"error":{"message":"m","code":)" + std::to_string(code) +
                                          R"(,"error_subcode":1,"fbtrace_id":"Abc"}})"),
                        attempt, now);
}

}  // namespace

TEST_CASE("a template message is the JSON that the API documents") {
  auto message = alert();
  message.header_image = "https://img.example.org/a.jpg";
  message.button_suffix = "s/9fK2aQ7x";
  REQUIRE(boost::json::parse(whatsapp_request_body(message).value()) == boost::json::parse(R"({
    "messaging_product":"whatsapp","recipient_type":"individual","to":"2348012345678","type":"template",
    "template":{"name":"breaking_v3","language":{"code":"en_US"},"components":[
      {"type":"header","parameters":[{"type":"image","image":{"link":"https://img.example.org/a.jpg"}}]},
      {"type":"body","parameters":[{"type":"text","text":"Dam breach near Ulm"}]},
      {"type":"button","sub_type":"url","index":"0","parameters":[{"type":"text","text":"s/9fK2aQ7x"}]}]},
    "biz_opaque_callback_data":"d-17"})"));
}

TEST_CASE("a template without parameters has no components, and a user id is a recipient") {
  auto message = alert();
  message.body_parameters.clear();
  message.to = "US.13491208655302741918";
  const auto body = boost::json::parse(whatsapp_request_body(message).value()).as_object();
  REQUIRE(body.at("recipient").as_string() == "US.13491208655302741918");
  REQUIRE_FALSE(body.contains("to"));
  REQUIRE_FALSE(body.at("template").as_object().contains("components"));
}

TEST_CASE("template parameters are one line without gaps") {
  REQUIRE(clean_template_parameter("  a \t\r\n  b\xC2\xA0\xE2\x80\xA8 c\x01") == "a b c");
  REQUIRE(clean_template_parameter("\xD0\x9F\xD1\x83\xD1\x82\xD0\xB8\xD0\xBD") ==
          "\xD0\x9F\xD1\x83\xD1\x82\xD0\xB8\xD0\xBD");
  REQUIRE(clean_template_parameter("\n\t ").empty());
  REQUIRE(clean_template_parameter("a\xFF") == "a\xEF\xBF\xBD");
}

TEST_CASE("what the API would refuse is refused here, with the right one at fault") {
  auto empty = alert();
  empty.body_parameters = {"one", " \n"};
  const auto refused = whatsapp_request_body(empty);
  REQUIRE_FALSE(refused);
  REQUIRE(refused.error().message.find("{{2}}") != std::string::npos);
  REQUIRE(refused.error().blames_sender);
  for (const auto* to :
       {"", "+", "12345", "+0123456789", "+1234567890123456", "+23480abc5678", "us.123", "US."}) {
    CAPTURE(to);
    auto message = alert();
    message.to = to;
    const auto bad_number = whatsapp_request_body(message);
    REQUIRE_FALSE(bad_number);
    REQUIRE_FALSE(bad_number.error().blames_sender);
  }
  auto long_id = alert();
  long_id.delivery_id = std::string(513, 'x');
  REQUIRE_FALSE(whatsapp_request_body(long_id));
}

TEST_CASE("an accepted message is known by its wamid") {
  const auto outcome = judge_whatsapp(
      response(
          200,
          R"({"contacts":[{"input":"+1","wa_id":"1"}],"messages":[{"id":"wamid.A","message_status":"accepted"}]})"),
      0, now);
  REQUIRE(outcome.kind == OutcomeKind::delivered);
  REQUIRE(outcome.remote_id == "wamid.A");
}

TEST_CASE("success without a message id is in doubt") {
  for (const auto* body :
       {"", "<html>", "[]", "{}", R"({"messages":[]})", R"({"messages":[7]})", R"({"messages":[{"id":7}]})",
        R"({"messages":{"id":"x"}})", R"({"messages":[{"id":"wam)"}) {
    CAPTURE(body);
    REQUIRE(judge_whatsapp(response(200, body), 0, now).kind == OutcomeKind::ambiguous);
  }
}

TEST_CASE("each error code has its consequence, and senders' errors never blame the reader") {
  for (const int code : {1, 2, 131000, 131016, 133004, 131057, 130429, 4, 80007, 99999999}) {
    CAPTURE(code);
    REQUIRE(judge_code(code).kind == OutcomeKind::retry_later);
    REQUIRE_FALSE(judge_code(code).blames_sender);
  }
  for (const int code : {130472, 131050, 131026, 131047}) {
    CAPTURE(code);
    REQUIRE(judge_code(code).kind == OutcomeKind::refused);
    REQUIRE_FALSE(judge_code(code).blames_sender);
    REQUIRE(judge_code(code).reason == std::to_string(code));
  }
  for (const int code : {132000, 132001, 132005, 132007, 132012, 132015, 132016, 131048, 368, 131031, 131042,
                         0, 3, 10, 190, 200, 299}) {
    CAPTURE(code);
    REQUIRE(judge_code(code).kind == OutcomeKind::retry_later);
    REQUIRE(judge_code(code).blames_sender);
  }
  for (const int code : {100, 131008, 131009, 131021, 131030, 131051, 131053, 131062}) {
    CAPTURE(code);
    REQUIRE(judge_code(code).kind == OutcomeKind::refused);
    REQUIRE(judge_code(code).blames_sender);
  }
  REQUIRE(judge_code(131056, 0).retry_after == 1s);
  REQUIRE(judge_code(131056, 3).retry_after == 64s);
  REQUIRE(judge_code(131056, 1000).retry_after == 65536s);
  REQUIRE(judge_code(131049).retry_after == 24h);
  for (const int code : {131056, 131049}) REQUIRE(judge_code(code).about_delivery);  // of this reader alone
  REQUIRE_FALSE(judge_code(130429).about_delivery);
  REQUIRE(judge_code(190).reply.find("fbtrace_id=Abc") != std::string::npos);
}

TEST_CASE("answers without a code are judged by their status") {
  REQUIRE(judge_whatsapp(response(503, "<html>"), 0, now).kind == OutcomeKind::retry_later);
  REQUIRE(judge_whatsapp(response(503, "<html>"), 0, now).reason == "http-503");
  REQUIRE(judge_whatsapp(response(500, R"({"error":{"code":100}})"), 0, now).kind ==
          OutcomeKind::retry_later);
  REQUIRE(judge_whatsapp(response(401, "{}"), 0, now).blames_sender);
  REQUIRE(judge_whatsapp(response(400, R"({"error":{"code":"190"}})"), 0, now).kind ==
          OutcomeKind::retry_later);
  REQUIRE(judge_whatsapp(response(400, R"({"error":{"code":99999999999999999999}})"), 0, now).reason ==
          "http-400");
  auto slow = response(429, "");
  slow.headers = {{"retry-after", "30"}};
  REQUIRE(judge_whatsapp(slow, 0, now).retry_after == 30s);
  REQUIRE(judge_whatsapp(response(400, std::string(100000, '[')), 0, now).kind == OutcomeKind::retry_later);
}

TEST_CASE("the sender posts with its token, and a lost answer is in doubt") {
  boost::asio::io_context loop;
  FakeHttpServer server(
      loop, {http_answer(200, R"({"messages":[{"id":"wamid.B"}]})"), {"", FakeHttpAnswer::Then::close}});
  Resolver resolver(loop.get_executor());
  HttpClient client(
      loop.get_executor(), resolver,
      {.guard = AddressGuard::create({.allow_http = true, .allow = {"127.0.0.1"}}).value(), .ca_file = {}});
  const ManualClock clock(now);
  WhatsAppSender sender(client, clock, {server.url(""), "v25.0", "1234", "t0ken"});
  const auto sent = run_loop(loop, sender.send(alert(), 0));
  REQUIRE(sent.kind == OutcomeKind::delivered);
  REQUIRE(sent.remote_id == "wamid.B");
  const auto& request = server.requests().at(0);
  REQUIRE(request.starts_with("POST /v25.0/1234/messages HTTP/1.1\r\n"));
  REQUIRE(request.find("Authorization: Bearer t0ken\r\n") != std::string::npos);

  const auto lost = run_loop(loop, sender.send(alert(), 0));
  REQUIRE(lost.kind == OutcomeKind::ambiguous);
  REQUIRE(lost.reason == "connection-lost");
  REQUIRE(server.requests().size() == 2);

  auto nobody = alert();
  nobody.to = "nobody";
  const auto refused = run_loop(loop, sender.send(nobody, 0));
  REQUIRE(refused.kind == OutcomeKind::refused);
  REQUIRE_FALSE(refused.blames_sender);
}

TEST_CASE("a stop costs a message that nobody has no attempt, and one without an answer is in doubt") {
  boost::asio::io_context loop;
  FakeHttpServer server(loop, {{"", FakeHttpAnswer::Then::hang}});
  const SilentPort silent(loop);
  Resolver resolver(loop.get_executor());
  HttpClient client(
      loop.get_executor(), resolver,
      {.guard = AddressGuard::create({.allow_http = true, .allow = {"127.0.0.1"}}).value(), .ca_file = {}});
  const ManualClock clock(now);
  WhatsAppSender deaf(client, clock,
                      {fmt::format("http://127.0.0.1:{}", silent.port()), "v25.0", "1234", "t0ken"});
  WhatsAppSender mute(client, clock, {server.url(""), "v25.0", "1234", "t0ken"});
  std::optional<Outcome> unheard, unanswered;
  boost::asio::co_spawn(loop, keep(deaf.send(alert(), 0), unheard), [](std::exception_ptr) {});
  boost::asio::co_spawn(loop, keep(mute.send(alert(), 0), unanswered), [](std::exception_ptr) {});
  run_until(loop, [&] { return server.requests().size() == 1; });
  mute.wind_up(100ms);
  run_until(loop, [&] { return unheard.has_value(); });
  REQUIRE(unheard->kind == OutcomeKind::retry_later);
  REQUIRE(unheard->untried);
  run_until(loop, [&] { return unanswered.has_value(); });
  REQUIRE(unanswered->kind == OutcomeKind::ambiguous);
  REQUIRE_FALSE(unanswered->untried);
  REQUIRE(unanswered->reason == "stopping");
}
