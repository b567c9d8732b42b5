#include "sink_server.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <deque>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

namespace crier::bench {
namespace {

std::runtime_error failure(const char* what) {
  return std::runtime_error(std::string(what) + ": " + std::strerror(errno));
}

class Descriptor {
 public:
  explicit Descriptor(int fd, const char* what) : fd_(fd) {
    if (fd < 0) throw failure(what);
  }
  ~Descriptor() { ::close(fd_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  operator int() const { return fd_; }  // NOLINT(google-explicit-constructor): for system calls

 private:
  int fd_;
};

struct FreeTls {
  void operator()(SSL* tls) const { SSL_free(tls); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using TlsContext = std::unique_ptr<SSL_CTX, FreeTls>;

TlsContext make_tls(const SinkOptions& options) {
  if (options.certificate_pem.empty()) return nullptr;
  TlsContext context(SSL_CTX_new(TLS_server_method()));
  const auto memory = [](const std::string& text) {
    return std::unique_ptr<BIO, decltype(&BIO_free)>(
        BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free);
  };
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(
      PEM_read_bio_X509(memory(options.certificate_pem).get(), nullptr, nullptr, nullptr), &X509_free);
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      PEM_read_bio_PrivateKey(memory(options.key_pem).get(), nullptr, nullptr, nullptr), &EVP_PKEY_free);
  if (!certificate || !key || SSL_CTX_use_certificate(context.get(), certificate.get()) != 1 ||
      SSL_CTX_use_PrivateKey(context.get(), key.get()) != 1)
    throw std::runtime_error("the sink cannot use this certificate and key");
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return context;
}

}  // namespace

class SinkServer::Loop {
 public:
  Loop(SinkOptions options, std::function<std::unique_ptr<Dialogue>()> accept)
      : options_(std::move(options)),
        accept_(std::move(accept)),
        tls_(make_tls(options_)),
        listener_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket") {
    const int on = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(options_.port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      throw failure("bind");
    if (::listen(listener_, 1024) != 0) throw failure("listen");
  }

  std::uint16_t port() const {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin_port);
  }

  void run();

 private:
  struct Connection {
    Connection(int its_fd, std::uint64_t its_id, std::unique_ptr<Dialogue> its_dialogue)
        : fd(its_fd, "accept"), id(its_id), dialogue(std::move(its_dialogue)) {}
    Descriptor fd;
    std::uint64_t id;
    std::unique_ptr<Dialogue> dialogue;
    std::unique_ptr<SSL, FreeTls> tls;
    std::string held;     // read, but not yet taken
    std::string answers;  // to be written now
    bool waits_to_write = false;
  };
  struct Later {
    std::int64_t due;
    std::uint64_t connection;
    std::string answers;
    bool is_last = false;  // then the connection is closed
  };

  void watch(int fd, std::uint64_t id, std::uint32_t events, int how) const;
  void accept_all();
  bool read_from(Connection& connection);
  std::ptrdiff_t read_some(Connection& connection, char* to, std::size_t room);
  void answer(Connection& connection, std::string answers, std::int64_t now);
  bool write_to(Connection& connection);
  void write_due();
  void arm();
  void drop(std::uint64_t id) { connections_.erase(id); }

  // Ids of what is waited for; connections count on from there.
  enum : std::uint64_t { listener_id, timer_id, signal_id, first_connection };

  SinkOptions options_;
  std::function<std::unique_ptr<Dialogue>()> accept_;
  TlsContext tls_;
  Descriptor listener_;
  Descriptor epoll_{::epoll_create1(EPOLL_CLOEXEC), "epoll"};
  Descriptor timer_{::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), "timerfd"};
  std::uint64_t next_id_ = first_connection;
  std::unordered_map<std::uint64_t, std::unique_ptr<Connection>> connections_;
  std::deque<Later> later_;  // all wait equally long, so the first is due first
  std::vector<char> buffer_ = std::vector<char>(256U << 10);
};

void SinkServer::Loop::watch(int fd, std::uint64_t id, std::uint32_t events, int how) const {
  epoll_event event{};
  event.events = events;
  event.data.u64 = id;
  if (::epoll_ctl(epoll_, how, fd, &event) != 0) throw failure("epoll_ctl");
}

void SinkServer::Loop::run() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  const Descriptor stopped(::signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC), "signalfd");
  watch(listener_, listener_id, EPOLLIN, EPOLL_CTL_ADD);
  watch(timer_, timer_id, EPOLLIN, EPOLL_CTL_ADD);
  watch(stopped, signal_id, EPOLLIN, EPOLL_CTL_ADD);
  std::array<epoll_event, 256> events;
  for (;;) {
    const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
    if (count < 0 && errno != EINTR) throw failure("epoll_wait");
    for (int i = 0; i < count; ++i) {
      const auto id = events[static_cast<std::size_t>(i)].data.u64;
      if (id == signal_id) return;
      if (id == listener_id) {
        accept_all();
      } else if (id == timer_id) {
        write_due();
      } else if (const auto found = connections_.find(id); found != connections_.end()) {
        auto& connection = *found->second;
        const auto what = events[static_cast<std::size_t>(i)].events;
        bool is_open = (what & EPOLLOUT) == 0 || write_to(connection);
        if (is_open && (what & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) is_open = read_from(connection);
        if (!is_open) drop(id);
      }
    }
  }
}

void SinkServer::Loop::accept_all() {
  for (;;) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const auto id = next_id_++;
    auto connection = std::make_unique<Connection>(fd, id, accept_());
    if (tls_) {
      connection->tls.reset(SSL_new(tls_.get()));
      SSL_set_fd(connection->tls.get(), fd);
      SSL_set_accept_state(connection->tls.get());
    }
    watch(fd, id, EPOLLIN, EPOLL_CTL_ADD);
    auto& added = *connections_.emplace(id, std::move(connection)).first->second;
    answer(added, added.dialogue->greeting(), monotonic_now());
    if (!write_to(added)) drop(id);
  }
}

// As ::read: the bytes, 0 at the end, -1 when there is nothing now.
std::ptrdiff_t SinkServer::Loop::read_some(Connection& connection, char* to, std::size_t room) {
  if (!connection.tls) {
    const auto got = ::recv(connection.fd, to, room, to == nullptr ? MSG_TRUNC : 0);
    return got >= 0 ? got : (errno == EAGAIN || errno == EINTR ? -1 : 0);
  }
  ERR_clear_error();
  const int got = SSL_read(connection.tls.get(), to, static_cast<int>(room));
  if (got > 0) return got;
  const int error = SSL_get_error(connection.tls.get(), got);
  return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? -1 : 0;
}

// False when the connection is at its end.
bool SinkServer::Loop::read_from(Connection& connection) {
  constexpr int most_reads = 16;  // then the others have their turn
  std::string answers;
  std::int64_t now = 0;
  bool is_open = true;
  for (int reads = 0; reads < most_reads || (connection.tls && SSL_pending(connection.tls.get()) > 0);
       ++reads) {
    // A read with MSG_TRUNC and without a buffer drops what TCP has received where it lies (tcp(7)).
    const auto skippable = connection.tls ? 0 : connection.dialogue->skippable();
    const auto held = connection.held.size();
    const auto room =
        skippable > 0 ? skippable : std::min(buffer_.size() - held, connection.dialogue->appetite());
    if (skippable == 0) std::ranges::copy(connection.held, buffer_.begin());
    const auto got = read_some(connection, skippable > 0 ? nullptr : buffer_.data() + held, room);
    if (got <= 0) {
      is_open = got < 0;
      break;
    }
    now = monotonic_now();
    if (skippable > 0) {
      connection.dialogue->skip(static_cast<std::size_t>(got), answers, now);
    } else {
      const std::string_view input(buffer_.data(), held + static_cast<std::size_t>(got));
      const auto taken = connection.dialogue->take(input, answers, now);
      connection.held.assign(input.substr(taken));
    }
    if (connection.dialogue->has_ended()) {
      is_open = false;
      break;
    }
    if (static_cast<std::size_t>(got) < room && !connection.tls) break;  // that was all there is
  }
  if (answers.empty() && is_open) {
    // A sender that writes the end of its message by itself waits for this ACK (Nagle); on loopback, where
    // one segment holds 64 KB, it would come 40 ms later.
    const int on = 1;
    ::setsockopt(connection.fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
  }
  if (!answers.empty()) answer(connection, std::move(answers), now);
  if (connection.dialogue->has_ended() && options_.reply_delay > Duration::zero()) {
    later_.back().is_last = true;
    watch(connection.fd, connection.id, 0, EPOLL_CTL_MOD);
    return true;
  }
  return write_to(connection) && is_open;
}

void SinkServer::Loop::answer(Connection& connection, std::string answers, std::int64_t now) {
  if (options_.reply_delay == Duration::zero()) {
    connection.answers += answers;
    return;
  }
  const auto delay = std::chrono::duration_cast<std::chrono::nanoseconds>(options_.reply_delay).count();
  later_.push_back({.due = now + delay, .connection = connection.id, .answers = std::move(answers)});
  if (later_.size() == 1) arm();
}

// False when the connection is broken.
bool SinkServer::Loop::write_to(Connection& connection) {
  auto& answers = connection.answers;
  while (!answers.empty()) {
    std::ptrdiff_t written = 0;
    if (connection.tls) {
      ERR_clear_error();
      written = SSL_write(connection.tls.get(), answers.data(), static_cast<int>(answers.size()));
      if (written <= 0) {
        const int error = SSL_get_error(connection.tls.get(), static_cast<int>(written));
        if (error == SSL_ERROR_WANT_READ) return true;  // written when more has come
        if (error != SSL_ERROR_WANT_WRITE) return false;
        written = -1;
      }
    } else {
      written = ::send(connection.fd, answers.data(), answers.size(), MSG_NOSIGNAL);
      if (written < 0 && errno != EAGAIN) return false;
    }
    if (written < 0) break;
    answers.erase(0, static_cast<std::size_t>(written));
  }
  if (connection.waits_to_write != !answers.empty()) {
    connection.waits_to_write = !answers.empty();
    const std::uint32_t events = connection.waits_to_write ? EPOLLIN | EPOLLOUT : EPOLLIN;
    watch(connection.fd, connection.id, events, EPOLL_CTL_MOD);
  }
  return true;
}

void SinkServer::Loop::write_due() {
  std::uint64_t expirations = 0;
  [[maybe_unused]] const auto got = ::read(timer_, &expirations, sizeof expirations);
  const auto now = monotonic_now();
  while (!later_.empty() && later_.front().due <= now) {
    const auto next = std::move(later_.front());
    later_.pop_front();
    const auto found = connections_.find(next.connection);
    if (found == connections_.end()) continue;
    found->second->answers += next.answers;
    if (!write_to(*found->second) || next.is_last) drop(next.connection);
  }
  if (!later_.empty()) arm();
}

void SinkServer::Loop::arm() {
  constexpr std::int64_t second = 1'000'000'000;
  itimerspec when{};
  when.it_value = {later_.front().due / second, later_.front().due % second};
  ::timerfd_settime(timer_, TFD_TIMER_ABSTIME, &when, nullptr);
}

SinkServer::SinkServer(SinkOptions options, std::function<std::unique_ptr<Dialogue>()> accept)
    : loop_(std::make_unique<Loop>(std::move(options), std::move(accept))) {}

SinkServer::~SinkServer() = default;
SinkServer::SinkServer(SinkServer&&) noexcept = default;

std::uint16_t SinkServer::port() const {
  return loop_->port();
}

void SinkServer::run() {
  loop_->run();
}

std::int64_t monotonic_now() {
  return std::chrono::steady_clock::now().time_since_epoch().count();
}

std::size_t KnownHashes::place_of(std::uint64_t hash) const {
  auto place = hash & (slots_.size() - 1);
  while (slots_[place] != 0 && slots_[place] != hash) place = (place + 1) & (slots_.size() - 1);
  return place;
}

bool KnownHashes::add(std::uint64_t hash) {
  const auto place = place_of(hash);
  if (slots_[place] == hash) return false;
  slots_[place] = hash;
  if (++size_ * 2 < slots_.size()) return true;
  const auto former = std::exchange(slots_, std::vector<std::uint64_t>(slots_.size() * 2));
  for (const auto each : former) {
    if (each != 0) slots_[place_of(each)] = each;
  }
  return true;
}

}  // namespace crier::bench
