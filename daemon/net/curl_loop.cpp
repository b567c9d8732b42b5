#include "net/curl_loop.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <unordered_map>
#include <vector>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <curl/curl.h>
#include <sys/epoll.h>
#include <unistd.h>

namespace crier {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr int most_at_once = 64;

// A socket of libcurl's, from its first use to its end: libcurl takes its eyes off between two requests.
struct Watched {
  std::uint32_t wanted = 0;  // by libcurl, in epoll's terms
  std::uint32_t polled = 0;
};

}  // namespace

// Shared with the handlers of its waits. The sockets have a poll set of their own, which Asio watches as one:
// its own would be changed once for each request.
struct CurlLoop::State : std::enable_shared_from_this<State> {
  State(asio::any_io_executor on, const Limits& limits, Finished tell);
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  static int on_socket(CURL* easy, curl_socket_t socket, int what, void* self, void* unused);
  static int on_timer(CURLM* multi, long timeout_ms, void* self);
  static int on_close(void* self, curl_socket_t socket);
  bool watch(curl_socket_t socket, int what);
  void forget(curl_socket_t socket);
  void want(Watched& watched, std::uint32_t events);
  bool poll(curl_socket_t socket, Watched& watched, std::uint32_t events);
  void wait();
  void look();
  void ready(curl_socket_t socket, std::uint32_t events);
  void set_timer(long timeout_ms);
  void act_soon();
  void act(curl_socket_t socket, int events);

  asio::any_io_executor executor;
  Finished finished;
  asio::steady_timer timer;
  asio::posix::stream_descriptor poll_set;
  std::unordered_map<curl_socket_t, Watched> sockets;
  std::size_t wanted = 0;   // of them
  bool waiting = false;     // for the poll set
  std::vector<CURL*> idle;  // handles without a request: to make one anew costs more
  bool acts_soon = false;
  CURLM* multi = nullptr;
};

CurlLoop::State::State(asio::any_io_executor on, const Limits& limits, Finished tell)
    : executor(std::move(on)),
      finished(tell),
      timer(executor),
      poll_set(executor, ::epoll_create1(EPOLL_CLOEXEC)) {
  static const auto started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started == CURLE_OK) multi = curl_multi_init();
  if (multi == nullptr) throw std::runtime_error("libcurl: cannot start");
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &State::on_socket);
  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &State::on_timer);
  curl_multi_setopt(multi, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
  curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, limits.connections);
  curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, limits.connections_per_host);
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, limits.idle_connections);
}

CurlLoop::State::~State() {
  // Closing its idle connections, libcurl would call back into what is being destroyed.
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, nullptr);
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, nullptr);
  for (auto* easy : idle) curl_easy_cleanup(easy);
  curl_multi_cleanup(multi);
}

int CurlLoop::State::on_socket(CURL*, curl_socket_t socket, int what, void* self, void*) {
  return static_cast<State*>(self)->watch(socket, what) ? 0 : -1;
}

int CurlLoop::State::on_timer(CURLM*, long timeout_ms, void* self) {
  static_cast<State*>(self)->set_timer(timeout_ms);
  return 0;
}

int CurlLoop::State::on_close(void* self, curl_socket_t socket) {
  static_cast<State*>(self)->forget(socket);
  return ::close(socket);  // which takes it out of the poll set
}

bool CurlLoop::State::watch(curl_socket_t socket, int what) {
  auto& watched = sockets[socket];
  want(watched, what == CURL_POLL_REMOVE
                    ? 0
                    : (what & CURL_POLL_IN ? EPOLLIN : 0U) | (what & CURL_POLL_OUT ? EPOLLOUT : 0U));
  // The next request on it will wait for its answer again.
  return poll(socket, watched, watched.wanted | (watched.polled & EPOLLIN));
}

void CurlLoop::State::forget(curl_socket_t socket) {
  const auto entry = sockets.find(socket);
  if (entry == sockets.end()) return;
  want(entry->second, 0);
  sockets.erase(entry);
}

// Waits while there is something to wait for, and no longer: the loop may have nothing else to do.
void CurlLoop::State::want(Watched& watched, std::uint32_t events) {
  if (watched.wanted == 0 && events != 0) ++wanted;
  if (watched.wanted != 0 && events == 0) --wanted;
  watched.wanted = events;
  if (wanted == 0 && waiting)
    poll_set.cancel();
  else
    wait();
}

bool CurlLoop::State::poll(curl_socket_t socket, Watched& watched, std::uint32_t events) {
  if (events == watched.polled) return true;
  const auto change = events == 0 ? EPOLL_CTL_DEL : watched.polled == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  watched.polled = events;
  epoll_event event{events, {.fd = socket}};
  return ::epoll_ctl(poll_set.native_handle(), change, socket, &event) == 0 || change == EPOLL_CTL_DEL;
}

void CurlLoop::State::wait() {
  if (waiting || wanted == 0) return;
  waiting = true;
  poll_set.async_wait(asio::posix::stream_descriptor::wait_read, [weak = weak_from_this()](error_code ec) {
    const auto self = weak.lock();
    if (!self) return;
    if (!ec) self->look();
    self->waiting = false;
    self->wait();
  });
}

void CurlLoop::State::look() {
  std::array<epoll_event, most_at_once> events{};
  const auto count = ::epoll_wait(poll_set.native_handle(), events.data(), most_at_once, 0);
  for (const auto& event : std::span(events).first(static_cast<std::size_t>(std::max(count, 0))))
    ready(event.data.fd, event.events);
}

// Of a socket that was closed meanwhile, whose number another one has, libcurl finds that it was nothing.
void CurlLoop::State::ready(curl_socket_t socket, std::uint32_t events) {
  const auto entry = sockets.find(socket);
  if (entry == sockets.end()) return;
  auto& watched = entry->second;
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) events |= EPOLLIN | EPOLLOUT;
  events &= watched.wanted;
  if (events == 0)
    poll(socket, watched, watched.wanted);
  else
    act(socket, (events & EPOLLIN ? CURL_CSELECT_IN : 0) | (events & EPOLLOUT ? CURL_CSELECT_OUT : 0));
}

void CurlLoop::State::set_timer(long timeout_ms) {
  timer.cancel();
  if (timeout_ms < 0) return;
  if (timeout_ms == 0) return act_soon();
  timer.expires_after(std::chrono::milliseconds(timeout_ms));
  timer.async_wait([weak = weak_from_this()](error_code ec) {
    if (const auto self = weak.lock(); self && !ec) self->act(CURL_SOCKET_TIMEOUT, 0);
  });
}

// libcurl must not be entered from its own callback. Cheaper than a timer.
void CurlLoop::State::act_soon() {
  if (acts_soon) return;
  acts_soon = true;
  asio::post(executor, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->acts_soon = false;
    self->act(CURL_SOCKET_TIMEOUT, 0);
  });
}

void CurlLoop::State::act(curl_socket_t socket, int events) {
  int running = 0;
  curl_multi_socket_action(multi, socket, events, &running);
  int left = 0;
  while (const auto* message = curl_multi_info_read(multi, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    void* private_data = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private_data);
    finished(private_data, message->data.result);
  }
}

CurlLoop::CurlLoop(asio::any_io_executor executor, const Limits& limits, Finished finished)
    : state_(std::make_shared<State>(std::move(executor), limits, finished)) {}

CurlLoop::~CurlLoop() = default;

const asio::any_io_executor& CurlLoop::executor() const {
  return state_->executor;
}

void* CurlLoop::take_idle() {
  auto& idle = state_->idle;
  if (idle.empty()) return nullptr;
  auto* const easy = idle.back();
  idle.pop_back();
  return easy;
}

void CurlLoop::give_back(void* easy) {
  constexpr std::size_t most_idle = 64;
  if (state_->idle.size() >= most_idle) return curl_easy_cleanup(easy);
  state_->idle.push_back(easy);
}

void CurlLoop::opened(int socket) {
  // libcurl closes one that never connected without a word (7.88).
  state_->forget(socket);
}

void CurlLoop::add(void* easy) {
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, &State::on_close);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, state_.get());
  if (curl_multi_add_handle(state_->multi, easy) != CURLM_OK)
    throw std::runtime_error("libcurl: cannot add a request");
}

void CurlLoop::remove(void* easy) {
  curl_multi_remove_handle(state_->multi, easy);
}

}  // namespace crier
