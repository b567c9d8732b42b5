#include "app/order_socket.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.hpp"
#include "base/finally.hpp"
#include "base/log.hpp"
#include "base/tasks.hpp"

namespace crier {

namespace asio = boost::asio;
using Local = asio::local::stream_protocol;

namespace {

constexpr auto socket_name = "crier.sock";
constexpr std::size_t longest_line = 64UL * 1024;

// A folder, through which its socket has a short name: an address holds 107 bytes, a path any number.
class OpenFolder {
 public:
  explicit OpenFolder(const std::filesystem::path& folder)
      : fd_(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {}
  ~OpenFolder() {
    if (fd_ >= 0) ::close(fd_);
  }
  OpenFolder(const OpenFolder&) = delete;
  OpenFolder& operator=(const OpenFolder&) = delete;

  std::string socket_path() const { return fmt::format("/proc/self/fd/{}/{}", fd_, socket_name); }

 private:
  int fd_;
};

asio::awaitable<void> answer(Local::socket socket, OrderSocket::Handler handler, Clock& clock) {
  using namespace asio::experimental::awaitable_operators;
  constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);
  std::string line;
  const auto read =
      co_await (asio::async_read_until(socket, asio::dynamic_buffer(line, longest_line), '\n', as_tuple) ||
                clock.sleep_for(std::chrono::seconds(10)));
  if (read.index() != 0 || std::get<0>(std::get<0>(read))) co_return;
  const auto said = co_await handler(line.substr(0, line.find('\n'))) + "\n";
  // Who asked may have gone; the order is carried out all the same.
  co_await asio::async_write(socket, asio::buffer(said), as_tuple);
}

}  // namespace

struct OrderSocket::State {
  State(const asio::any_io_executor& loop, Clock& its_clock, std::filesystem::path its_folder,
        Handler its_handler)
      : clock(its_clock), folder(std::move(its_folder)), handler(std::move(its_handler)), acceptor(loop) {}

  asio::awaitable<void> accept(TaskGroup& tasks) {
    for (;;) {
      auto [failed, socket] = co_await acceptor.async_accept(asio::as_tuple(asio::use_awaitable));
      if (failed == asio::error::operation_aborted) co_return;
      if (failed) {
        log::error("order_socket.failed", {{"what", failed.message()}});
        co_await clock.sleep_for(std::chrono::seconds(1));
        continue;
      }
      tasks.start("order", answer(std::move(socket), handler, clock));
    }
  }

  Clock& clock;
  std::filesystem::path folder;
  Handler handler;
  Local::acceptor acceptor;
};

OrderSocket::OrderSocket(asio::any_io_executor loop, Clock& clock, std::filesystem::path folder,
                         Handler handler)
    : state_(std::make_unique<State>(loop, clock, std::move(folder), std::move(handler))) {}

OrderSocket::~OrderSocket() {
  std::error_code ignored;
  if (state_->acceptor.is_open()) std::filesystem::remove(state_->folder / socket_name, ignored);
}

Result<void> OrderSocket::open() {
  const auto path = state_->folder / socket_name;
  std::error_code ignored;
  std::filesystem::remove(path, ignored);  // of a daemon that was killed
  const OpenFolder folder(state_->folder);
  boost::system::error_code failed;
  auto& acceptor = state_->acceptor;
  acceptor.open(Local(), failed);
  if (!failed) acceptor.bind(Local::endpoint(folder.socket_path()), failed);
  // Nobody is let in before listen().
  if (!failed && ::chmod(path.c_str(), 0600) != 0) failed.assign(errno, boost::system::system_category());
  if (!failed) acceptor.listen(asio::socket_base::max_listen_connections, failed);
  if (failed) return Error{fmt::format("{}: cannot listen: {}", path.string(), failed.message())};
  return {};
}

void OrderSocket::start(TaskGroup& tasks) {
  tasks.start("order socket", state_->accept(tasks));
}

Result<std::optional<std::string>> ask_daemon(const std::filesystem::path& folder,
                                              const std::string& question) {
  const auto path = (folder / socket_name).string();
  const auto failed = [&](std::string_view doing) {
    return Error{fmt::format("{}: cannot {}: {}", path, doing, std::strerror(errno))};
  };
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return failed("open");
  const Finally closed([fd] { ::close(fd); });
  const OpenFolder opened(folder);
  const auto short_path = opened.socket_path();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, short_path.data(), short_path.size());
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const bool is_nobody = errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR;
    if (is_nobody) return std::optional<std::string>();
    return failed("reach the daemon");
  }
  const timeval patience{120, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const auto line = question + "\n";
  for (std::size_t sent = 0; sent < line.size();) {
    const auto some = ::send(fd, line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
    if (some < 0) return failed("ask the daemon");
    sent += static_cast<std::size_t>(some);
  }
  std::string said;
  std::array<char, 4096> buffer{};
  while (!said.ends_with('\n')) {
    const auto some = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (some < 0) return failed("hear the daemon");
    if (some == 0) return Error{path + ": the daemon ended before it answered; ask again"};
    said.append(buffer.data(), static_cast<std::size_t>(some));
  }
  said.pop_back();
  return std::optional(std::move(said));
}

}  // namespace crier
