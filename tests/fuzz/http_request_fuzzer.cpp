// The first line is a target, the following lines are headers until an empty one, the rest is a form body.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

#include "http/message.hpp"
#include "http/receiver.hpp"

using namespace crier::http;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

std::string_view take_line(std::string_view& text) {
  const auto end = text.find('\n');
  const auto line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  Request request;
  if (set_target(request, take_line(rest))) {
    require(request.path.find('\0') == std::string::npos);
    require(request.path == "*" || request.path.starts_with('/'));
    require(request.query.size() <= 100);
  }
  for (auto line = take_line(rest); !line.empty(); line = take_line(rest)) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    try {
      request.headers.add(line.substr(0, colon), line.substr(colon + 1));
    } catch (const std::invalid_argument&) {
    }
  }
  for (const auto& [name, value] : request.headers) require(value.find_first_of("\r\n") == std::string::npos);
  request.body = rest;
  if (const auto form = parse_form(request)) require(form->size() <= 100);
  require(printable(request.body).find('\x1b') == std::string::npos);
  return 0;
}
