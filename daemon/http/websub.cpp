#include "http/websub.hpp"

namespace crier::http {
namespace {

std::string_view parameter(const Parameters& parameters, std::string_view name) {
  const auto found = parameters.find(name);
  return found == parameters.end() ? std::string_view() : std::string_view(found->second);
}

Response unknown() {
  return text_response(404, "not known here\n");
}

Response answer_intent(const WebSubDoor& door, const Request& request) {
  if (!door.confirm(parameter(request.parameters, "token"), request.query)) return unknown();
  // The challenge is a stranger's text: nothing may take it for a page.
  auto response = text_response(200, std::string(parameter(request.query, "hub.challenge")));
  response.headers.set("X-Content-Type-Options", "nosniff");
  response.headers.set("Cache-Control", "no-store");
  return response;
}

Response answer_delivery(const WebSubDoor& door, const Request& request) {
  const bool is_known =
      door.deliver(parameter(request.parameters, "token"), request.headers.get("X-Hub-Signature"),
                   request.headers.get("Content-Type"), request.body);
  return is_known ? text_response(202, "taken\n") : unknown();
}

}  // namespace

Handler websub_page(WebSubDoor door) {
  return immediate([door = std::move(door)](const Request& request) {
    return request.method == "POST" ? answer_delivery(door, request) : answer_intent(door, request);
  });
}

}  // namespace crier::http
