// What systemd is told, read from a socket as it reads it.
#include "app/notify.hpp"

#include <array>
#include <cstdlib>
#include <cstring>

#include <catch2/catch.hpp>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/temp_folder.hpp"

using namespace crier;
using namespace crier::test;
using namespace std::chrono_literals;

namespace {

// The service manager's end.
class Supervisor {
 public:
  explicit Supervisor(const std::string& name) : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name.front() == '@') address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    REQUIRE(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), size) == 0);
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
  }
  ~Supervisor() { ::close(fd_); }
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  /// The next datagram; empty when there is none.
  std::string hear() const {
    std::array<char, 4096> buffer{};
    const auto size = ::recv(fd_, buffer.data(), buffer.size(), 0);
    return size < 0 ? std::string() : std::string(buffer.data(), static_cast<std::size_t>(size));
  }

 private:
  int fd_;
};

}  // namespace

TEST_CASE("systemd hears of readiness, reloads and the end, one datagram each") {
  TempFolder folder;
  const bool is_abstract = GENERATE(false, true);
  const auto name =
      is_abstract ? "@crier-test-" + folder.path().filename().string() : folder.path().string() + "/notify";
  const Supervisor systemd(name);
  const Notify notify;
  notify.ready("3 subscribers\nREADY=0");
  CHECK(systemd.hear() == "READY=1\nSTATUS=3 subscribers READY=0");
  notify.reloading();
  const auto reloading = systemd.hear();
  CHECK(reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="));
  CHECK(std::stoll(reloading.substr(reloading.rfind('=') + 1)) > 0);
  notify.status("reading");
  CHECK(systemd.hear() == "STATUS=reading");
  notify.alive();
  CHECK(systemd.hear() == "WATCHDOG=1");
  notify.stopping();
  CHECK(systemd.hear() == "STOPPING=1");
  CHECK(systemd.hear().empty());
}

TEST_CASE("children do not inherit the line to systemd") {
  TempFolder folder;
  const Supervisor systemd(folder.path().string() + "/notify");
  ::setenv("WATCHDOG_USEC", "30000000", 1);
  const Notify notify;
  CHECK(std::getenv("NOTIFY_SOCKET") == nullptr);
  CHECK(std::getenv("WATCHDOG_USEC") == nullptr);
  CHECK(notify.watchdog_period() == 15s);
}

TEST_CASE("a watchdog that is meant for another process, or is none, is left alone") {
  const auto [period, pid, expected] = GENERATE(table<const char*, std::string, bool>({
      {"30000000", std::to_string(::getpid()), true},
      {"30000000", "1", false},
      {"0", "", false},
      {"", "", false},
      {"soon", "", false},
      {"-5", "", false},
  }));
  ::setenv("WATCHDOG_USEC", period, 1);
  if (!pid.empty()) ::setenv("WATCHDOG_PID", pid.c_str(), 1);
  CHECK(Notify().watchdog_period().has_value() == expected);
}

TEST_CASE("without systemd, or with one that is gone, nothing happens") {
  Notify().ready("fine");
  for (const std::string& name : {std::string("/nonexistent/notify"), std::string(500, 'x'), std::string("@"),
                                  std::string("relative")}) {
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
    const Notify notify;
    notify.ready("fine");
    notify.stopping();
  }
  SUCCEED();
}
