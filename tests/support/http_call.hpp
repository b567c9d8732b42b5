// Calls a Handler as a listener would, without a socket.
#pragma once

#include <string>

#include "http/message.hpp"

namespace crier::test {

/// An invalid `target` is a broken test (std::logic_error).
http::Request make_request(const std::string& method, const std::string& target,
                           const http::Headers& headers = {}, std::string body = {});

http::Response call(const http::Handler& handler, http::Request request);
http::Response call(const http::Handler& handler, const std::string& method, const std::string& target,
                    const http::Headers& headers = {}, std::string body = {});

}  // namespace crier::test
