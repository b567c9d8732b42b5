// Router: a small table of method and path pattern → Handler.
// Filled at start-up, then only read; on the loop. Holds no state a crash could lose.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/message.hpp"

namespace crier::http {

class Router {
 public:
  /// `pattern` is "/share/{story}": each segment is literal or ends in a {name} that takes one non-empty
  /// segment ("v{version}" takes what follows the v). The first pattern added that fits counts. A GET route
  /// answers HEAD, too. A malformed pattern is a broken invariant (std::invalid_argument).
  void add(std::string method, std::string_view pattern, Handler handler);

  /// 404 when no pattern fits the path, 405 with Allow when one does for another method.
  boost::asio::awaitable<Response> answer(Request request) const;

  /// answer() of this router, which must outlive the Handler.
  Handler handler() const;

 private:
  struct Segment {
    std::string literal;    // what the segment starts with
    std::string parameter;  // empty = the segment is the literal
  };
  struct Route {
    std::string method;
    std::vector<Segment> segments;
    Handler handler;
  };
  static bool fits(const Route& route, const Request& request, Parameters& parameters);

  std::vector<Route> routes_;
};

}  // namespace crier::http
