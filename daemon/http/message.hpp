// Request and Response: what every handler sees, whichever listener carried it.
// Values without I/O; used on the loop, built also on the threads of the operator's listener.
// Everything in a Request is hostile; it is complete (body included) before a handler is called.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/result.hpp"

namespace boost::json {
class value;
}

namespace crier::http {

using Parameters = std::map<std::string, std::string, std::less<>>;

/// Header fields in the order added; names compare without regard to case (RFC 9110 §5.1).
class Headers {
 public:
  using Field = std::pair<std::string, std::string>;

  /// A broken invariant (std::invalid_argument) when the name is no token or the value holds CR, LF or NUL:
  /// nothing may smuggle a second header or response.
  void add(std::string_view name, std::string_view value);
  /// Removes every field of that name, then adds.
  void set(std::string_view name, std::string_view value);
  /// The first value of that name.
  std::optional<std::string_view> find(std::string_view name) const;
  /// The first value of that name, or empty.
  std::string_view get(std::string_view name) const { return find(name).value_or(std::string_view()); }
  std::size_t count(std::string_view name) const;
  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }

 private:
  std::vector<Field> fields_;
};

struct Request {
  std::string method;                 ///< as sent, e.g. "GET"
  std::string target;                 ///< as sent: "/share/a%20b?format=html"
  std::string path;                   ///< percent-decoded once, without NUL: "/share/a b"
  std::vector<std::string> segments;  ///< split before decoding, so %2F stays inside one: {"share", "a b"}
  Parameters query;                   ///< decoded as a form; of equal names the first counts
  Parameters parameters;              ///< what the router's pattern named: {"story": "a b"}
  Headers headers;
  std::string body;
  std::string remote_address;  ///< of the socket; X-Forwarded-For is not believed
};

/// Splits and decodes `target` (origin-form, absolute-form or "*"; RFC 9112 §3.2) into target, path, segments
/// and query. Errors: anything else, broken escapes, NUL.
Result<void> set_target(Request& request, std::string_view target);

/// Reads `a=1&b=2` with "+" as a space. Errors: a broken escape, more than 100 fields.
Result<Parameters> parse_urlencoded(std::string_view text);

/// The fields of a form body, application/x-www-form-urlencoded or multipart/form-data (RFC 7578); of equal
/// names the first counts. Errors: another content type, a body that does not parse, more than 100 fields.
Result<Parameters> parse_form(const Request& request);

struct Response {
  int status = 200;
  std::string content_type;  ///< empty = no such header
  std::string body;
  Headers headers;  ///< all others; framing (Content-Length, Connection, Date) belongs to the listener
};

Response json_response(int status, const boost::json::value& value);
Response text_response(int status, std::string text);
Response html_response(int status, std::string html);
/// application/problem+json (RFC 9457) with the sentence as its detail.
Response problem(int status, std::string_view sentence);

/// The sentence for a part of a request that is larger than its limit; `what` with its verb: "The body is".
std::string too_large(std::string_view what, std::uint64_t limit);

/// "Not Found" for 404; "Unknown" when there is no such status.
std::string_view reason_phrase(int status);

/// Adds what every answer carries unless the handler chose otherwise: nosniff, Referrer-Policy, and for HTML
/// a Content-Security-Policy that allows our page style and nothing else.
void add_security_headers(Response& response);

/// Runs on the loop. Owns its Request, so nothing can go away while it waits.
using Handler = std::function<boost::asio::awaitable<Response>(Request)>;

/// A Handler of a function that has nothing to wait for.
Handler immediate(std::function<Response(const Request&)> function);

/// Runs `handler`; an exception becomes a logged 500 without its text, cancellation is passed on.
boost::asio::awaitable<Response> answer_safely(const Handler& handler, Request request);

/// Told of each answer's status, for metrics. Called on the listener's own executor.
using OnAnswer = std::function<void(int status)>;

}  // namespace crier::http
