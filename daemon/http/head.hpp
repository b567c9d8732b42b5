// The head of an HTTP/1.1 response as bytes. Pure functions, used by the public listener.
#pragma once

#include <string>

#include "base/time.hpp"
#include "http/message.hpp"

namespace crier::http {

struct ResponseFraming {
  bool without_body = false;  ///< the answer to HEAD: the length of the body, not the body
  bool keep_alive = true;
};

/// Status line, the response's headers, Date, Content-Length and Connection, and the empty line.
std::string response_head(const Response& response, ResponseFraming framing, Time now);

/// False for HEAD and for statuses that have no body (RFC 9110 §6.4.1).
bool sends_body(const Response& response, ResponseFraming framing);

/// "Wed, 18 Oct 2023 19:37:00 GMT" (RFC 9110 §5.6.7).
std::string to_http_date(Time time);

}  // namespace crier::http
