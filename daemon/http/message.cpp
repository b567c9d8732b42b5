#include "http/message.hpp"

#include <algorithm>
#include <stdexcept>

#include <boost/beast/http/status.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/system/system_error.hpp>
#include <fmt/core.h>

#include "base/encoding.hpp"
#include "base/log.hpp"
#include "http/header_values.hpp"
#include "http/multipart.hpp"
#include "http/page.hpp"

namespace crier::http {
namespace {

constexpr std::size_t max_fields = 100;

std::optional<std::string> decode_form_value(std::string_view text) {
  std::string spaced(text);
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  return percent_decode(spaced);
}

// Drops "http://authority" of an absolute-form target; the authority is not ours to check, as we serve one
// site whatever its name.
std::optional<std::string_view> origin_form(std::string_view target) {
  if (target.starts_with('/') || target == "*") return target;
  const auto scheme_end = target.find("://");
  if (scheme_end == std::string_view::npos) return std::nullopt;
  const auto scheme = target.substr(0, scheme_end);
  if (!equal_ignoring_case(scheme, "http") && !equal_ignoring_case(scheme, "https")) return std::nullopt;
  const auto authority = target.substr(scheme_end + 3);
  const auto path = authority.find_first_of("/?");
  if (path == 0 || authority.empty()) return std::nullopt;
  if (path == std::string_view::npos) return "/";
  // "http://example.org?q" has an empty path, which the caller reads as "/".
  return authority.substr(path);
}

bool has_raw_control_or_space(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](unsigned char c) { return c <= ' ' || c == 0x7f; });
}

Result<Parameters> parse_form_data(std::string_view content_type, std::string_view body) {
  const auto parts = parse_multipart(content_type, body);
  if (!parts) return parts.error();
  Parameters fields;
  for (const auto& part : *parts) {
    auto name = part_name(part);
    if (name.empty()) return Error{"a part of the form has no name"};
    fields.emplace(std::move(name), part.content);
  }
  return fields;
}

boost::asio::awaitable<Response> answer_at_once(std::function<Response(const Request&)> function,
                                                Request request) {
  co_return function(request);
}

}  // namespace

void Headers::add(std::string_view name, std::string_view value) {
  if (!is_token(name)) throw std::invalid_argument("a header name is not a token");
  if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos)
    throw std::invalid_argument("the header " + std::string(name) + " holds a line break");
  fields_.emplace_back(name, value);
}

void Headers::set(std::string_view name, std::string_view value) {
  std::erase_if(fields_, [&](const Field& field) { return equal_ignoring_case(field.first, name); });
  add(name, value);
}

std::optional<std::string_view> Headers::find(std::string_view name) const {
  for (const auto& [key, value] : fields_) {
    if (equal_ignoring_case(key, name)) return value;
  }
  return std::nullopt;
}

std::size_t Headers::count(std::string_view name) const {
  return static_cast<std::size_t>(std::count_if(
      fields_.begin(), fields_.end(), [&](const Field& f) { return equal_ignoring_case(f.first, name); }));
}

Result<void> set_target(Request& request, std::string_view target) {
  const auto origin = origin_form(target);
  if (!origin || has_raw_control_or_space(target)) return Error{"the request target is not one crier serves"};
  const auto without_fragment = origin->substr(0, origin->find('#'));
  const auto question = std::min(without_fragment.find('?'), without_fragment.size());
  const auto raw_path = question == 0 ? "/" : without_fragment.substr(0, question);
  const auto path = percent_decode(raw_path);
  if (!path || path->find('\0') != std::string::npos) return Error{"the path holds a broken escape or a NUL"};
  request.segments.clear();
  for (auto rest = raw_path; rest.starts_with('/');) {
    rest.remove_prefix(1);
    const auto slash = std::min(rest.find('/'), rest.size());
    // Cannot fail: an escape holds no slash, so each segment of a decodable path decodes.
    request.segments.push_back(percent_decode(rest.substr(0, slash)).value_or(std::string()));
    rest.remove_prefix(slash);
  }
  auto query = parse_urlencoded(without_fragment.substr(std::min(question + 1, without_fragment.size())));
  if (!query) return query.error();
  request.target = target;
  request.path = *path;
  request.query = std::move(*query);
  return {};
}

Result<Parameters> parse_urlencoded(std::string_view text) {
  Parameters fields;
  for (std::size_t count = 0; !text.empty(); ++count) {
    if (count == max_fields) return Error{"the form has too many fields"};
    const auto end = std::min(text.find('&'), text.size());
    const auto pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) continue;
    const auto equals = std::min(pair.find('='), pair.size());
    auto name = decode_form_value(pair.substr(0, equals));
    auto value = decode_form_value(pair.substr(std::min(equals + 1, pair.size())));
    if (!name || !value) return Error{"the form holds a broken percent escape"};
    fields.emplace(std::move(*name), std::move(*value));
  }
  return fields;
}

Result<Parameters> parse_form(const Request& request) {
  const auto content_type = request.headers.get("Content-Type");
  const auto type = media_type(content_type);
  if (type == "application/x-www-form-urlencoded") return parse_urlencoded(request.body);
  if (type == "multipart/form-data") return parse_form_data(content_type, request.body);
  return Error{"the body is not a form"};
}

Response json_response(int status, const boost::json::value& value) {
  return {status, "application/json", boost::json::serialize(value) + "\n", {}};
}

Response text_response(int status, std::string text) {
  return {status, "text/plain; charset=utf-8", std::move(text), {}};
}

Response html_response(int status, std::string html) {
  return {status, "text/html; charset=utf-8", std::move(html), {}};
}

Response problem(int status, std::string_view sentence) {
  // The sentence may quote what came in: JSON must be UTF-8 whatever that was.
  auto response = json_response(status, boost::json::object{{"status", status},
                                                            {"title", std::string(reason_phrase(status))},
                                                            {"detail", repair_utf8(sentence)}});
  response.content_type = "application/problem+json";
  return response;
}

std::string too_large(std::string_view what, std::uint64_t limit) {
  return fmt::format("{} more than the limit of {} bytes.", what, limit);
}

std::string_view reason_phrase(int status) {
  namespace beast = boost::beast::http;
  const auto known = beast::int_to_status(static_cast<unsigned>(status));
  if (known == beast::status::unknown) return "Unknown";
  const auto phrase = beast::obsolete_reason(known);
  return {phrase.data(), phrase.size()};
}

void add_security_headers(Response& response) {
  const auto add_default = [&](std::string_view name, std::string_view value) {
    if (!response.headers.find(name)) response.headers.add(name, value);
  };
  add_default("X-Content-Type-Options", "nosniff");
  add_default("Referrer-Policy", "strict-origin-when-cross-origin");
  if (response.content_type.starts_with("text/html"))
    add_default("Content-Security-Policy", page_security_policy());
}

Handler immediate(std::function<Response(const Request&)> function) {
  return [function = std::move(function)](Request request) {
    return answer_at_once(function, std::move(request));
  };
}

boost::asio::awaitable<Response> answer_safely(const Handler& handler, Request request) {
  const auto method = request.method;
  std::string failure;
  try {
    co_return co_await handler(std::move(request));
  } catch (const boost::system::system_error& e) {
    if (e.code() == boost::system::errc::operation_canceled) throw;
    failure = e.what();
  } catch (const std::exception& e) {
    failure = e.what();
  }
  log::error("http.failed", {{"method", method}, {"what", failure}});
  co_return problem(500, "Something went wrong here; it is in the log.");
}

}  // namespace crier::http
