#include "http/deadline_socket.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

namespace crier::http {

std::string DeadlineSocket::remote_address() const {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  std::array<char, NI_MAXHOST> text{};
  if (::getpeername(descriptor_, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
      ::getnameinfo(reinterpret_cast<sockaddr*>(&address), size, text.data(), text.size(), nullptr, 0,
                    NI_NUMERICHOST) != 0)
    return "unknown";
  return text.data();
}

void DeadlineSocket::allow(std::chrono::milliseconds time, std::size_t bytes) {
  deadline_ = std::chrono::steady_clock::now() + time;
  budget_ = bytes;
}

bool DeadlineSocket::wait_for(short events) {
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline_ - std::chrono::steady_clock::now()).count();
    if (left <= 0) return false;
    pollfd wanted{descriptor_, events, 0};
    const auto ready = ::poll(&wanted, 1, static_cast<int>(std::min<long long>(left, 60'000)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

bool DeadlineSocket::fill() {
  if (broken_ || !wait_for(POLLIN)) return false;
  ssize_t got = 0;
  do {
    got = ::recv(descriptor_, buffer_.data(), buffer_.size(), 0);
  } while (got < 0 && errno == EINTR);
  if (got <= 0) return false;
  begin_ = 0;
  end_ = static_cast<std::size_t>(got);
  return true;
}

bool DeadlineSocket::wait_for_input() {
  return begin_ < end_ || fill();
}

ssize_t DeadlineSocket::read(char* out, std::size_t size) {
  if (budget_ == 0 || (begin_ == end_ && !fill())) {
    broken_ = true;
    return -1;
  }
  const auto count = std::min({size, budget_, end_ - begin_});
  std::memcpy(out, buffer_.data() + begin_, count);
  begin_ += count;
  budget_ -= count;
  return static_cast<ssize_t>(count);
}

ssize_t DeadlineSocket::write(const char* bytes, std::size_t size) {
  if (!wait_for(POLLOUT)) return -1;
  return ::send(descriptor_, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace crier::http
