#include "http/router.hpp"

#include <algorithm>
#include <set>
#include <stdexcept>

namespace crier::http {

void Router::add(std::string method, std::string_view pattern, Handler handler) {
  Route route{std::move(method), {}, std::move(handler)};
  if (!pattern.starts_with('/')) throw std::invalid_argument("a route's pattern starts with a slash");
  while (!pattern.empty()) {
    pattern.remove_prefix(1);
    const auto segment = pattern.substr(0, pattern.find('/'));
    pattern.remove_prefix(segment.size());
    const auto brace = segment.find('{');
    if (brace == std::string_view::npos) {
      route.segments.push_back({std::string(segment), {}});
      continue;
    }
    if (!segment.ends_with('}') || segment.size() - brace < 3)
      throw std::invalid_argument("a route's {name} ends its segment");
    route.segments.push_back({std::string(segment.substr(0, brace)),
                              std::string(segment.substr(brace + 1, segment.size() - brace - 2))});
  }
  routes_.push_back(std::move(route));
}

bool Router::fits(const Route& route, const Request& request, Parameters& parameters) {
  if (route.segments.size() != request.segments.size()) return false;
  parameters.clear();
  for (std::size_t i = 0; i < route.segments.size(); ++i) {
    const auto& [literal, parameter] = route.segments[i];
    const auto& segment = request.segments[i];
    if (parameter.empty()) {
      if (segment != literal) return false;
      continue;
    }
    if (!segment.starts_with(literal) || segment.size() == literal.size()) return false;
    parameters[parameter] = segment.substr(literal.size());
  }
  return true;
}

boost::asio::awaitable<Response> Router::answer(Request request) const {
  const std::string wanted = request.method == "HEAD" ? "GET" : request.method;
  std::set<std::string> allowed;
  for (const auto& route : routes_) {
    Parameters parameters;
    if (!fits(route, request, parameters)) continue;
    if (route.method == wanted || route.method == request.method) {
      request.parameters = std::move(parameters);
      co_return co_await route.handler(std::move(request));
    }
    allowed.insert(route.method);
    if (route.method == "GET") allowed.insert("HEAD");
  }
  if (allowed.empty()) co_return problem(404, "There is nothing at this address.");
  std::string allow;
  for (const auto& method : allowed) allow += (allow.empty() ? "" : ", ") + method;
  auto response = problem(405, "This address takes " + allow + ".");
  response.headers.set("Allow", allow);
  co_return response;
}

Handler Router::handler() const {
  return [this](Request request) { return answer(std::move(request)); };
}

}  // namespace crier::http
