#include "support/http_peer.hpp"

#include <array>
#include <cstdlib>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/header_values.hpp"

namespace crier::test {

std::string PeerAnswer::header(std::string_view name) const {
  for (std::size_t at = head.find("\r\n"); at != std::string::npos; at = head.find("\r\n", at)) {
    at += 2;
    const auto line = std::string_view(head).substr(at, head.find("\r\n", at) - at);
    const auto colon = line.find(": ");
    if (colon != std::string_view::npos && http::equal_ignoring_case(line.substr(0, colon), name))
      return std::string(line.substr(colon + 2));
  }
  return {};
}

HttpPeer::HttpPeer(std::uint16_t port, const std::string& address) {
  descriptor_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval limit{std::chrono::seconds(patience).count(), 0};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  ::setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  const int yes = 1;
  ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  ::inet_pton(AF_INET, address.c_str(), &to.sin_addr);
  if (::connect(descriptor_, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0)
    throw std::runtime_error("cannot connect to port " + std::to_string(port));
}

HttpPeer::HttpPeer(HttpPeer&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), buffer_(std::move(other.buffer_)) {}

HttpPeer::~HttpPeer() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool HttpPeer::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool HttpPeer::fill() {
  std::array<char, 16384> chunk;
  const auto got = ::recv(descriptor_, chunk.data(), chunk.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) throw std::runtime_error("the peer said nothing");
  if (got <= 0) return false;
  buffer_.append(chunk.data(), static_cast<std::size_t>(got));
  return true;
}

PeerAnswer HttpPeer::read_answer(bool to_head_request) {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) return {};
  }
  PeerAnswer answer;
  answer.head = buffer_.substr(0, end);
  buffer_.erase(0, end + 4);
  answer.status = std::atoi(answer.head.c_str() + answer.head.find(' '));
  const auto length =
      to_head_request ? 0 : std::strtoul(answer.header("Content-Length").c_str(), nullptr, 10);
  while (buffer_.size() < length) {
    if (!fill()) return {};
  }
  answer.body = buffer_.substr(0, length);
  buffer_.erase(0, length);
  return answer;
}

std::string HttpPeer::read_to_end() {
  while (fill()) {
  }
  return std::move(buffer_);
}

PeerAnswer ask(std::uint16_t port, std::string_view request) {
  HttpPeer peer(port);
  peer.send(request);
  return peer.read_answer();
}

PeerAnswer get(std::uint16_t port, const std::string& target) {
  return ask(port, "GET " + target + " HTTP/1.1\r\nHost: crier.example.org\r\nConnection: close\r\n\r\n");
}

}  // namespace crier::test
