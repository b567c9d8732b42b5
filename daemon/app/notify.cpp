#include "app/notify.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include <fmt/core.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

namespace crier {
namespace {

// The variable's value; it is then no longer passed on to children.
std::string take_variable(const char* name) {
  const char* value = std::getenv(name);
  std::string out = value == nullptr ? "" : value;
  ::unsetenv(name);
  return out;
}

std::uint64_t to_number(const std::string& text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// One status is one line.
std::string one_line(std::string_view text) {
  std::string out(text);
  std::ranges::replace(out, '\n', ' ');
  return out;
}

}  // namespace

Notify::Notify() : socket_(take_variable("NOTIFY_SOCKET")) {
  const auto period = to_number(take_variable("WATCHDOG_USEC"));
  const auto pid = take_variable("WATCHDOG_PID");
  const bool is_ours = pid.empty() || to_number(pid) == static_cast<std::uint64_t>(::getpid());
  if (period > 0 && is_ours)
    watchdog_period_ =
        std::chrono::ceil<Duration>(std::chrono::microseconds(static_cast<std::int64_t>(period / 2)));
}

void Notify::ready(std::string_view text) const {
  send("READY=1\nSTATUS=" + one_line(text));
}

void Notify::reloading() const {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", now.tv_sec * 1'000'000 + now.tv_nsec / 1000));
}

void Notify::stopping() const {
  send("STOPPING=1");
}

void Notify::status(std::string_view text) const {
  send("STATUS=" + one_line(text));
}

void Notify::alive() const {
  send("WATCHDOG=1");
}

void Notify::send(const std::string& message) const {
  sockaddr_un address{};
  if (socket_.empty() || socket_.size() >= sizeof address.sun_path) return;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';  // an abstract name
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  // A supervisor that does not listen must not stop the daemon.
  [[maybe_unused]] const auto sent = ::sendto(fd, message.data(), message.size(), MSG_NOSIGNAL,
                                              reinterpret_cast<const sockaddr*>(&address), size);
  ::close(fd);
}

}  // namespace crier
