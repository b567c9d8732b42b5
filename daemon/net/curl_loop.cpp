#include "net/curl_loop.hpp"

#include <stdexcept>
#include <unordered_map>
#include <vector>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <curl/curl.h>
#include <unistd.h>

namespace crier {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// A socket of libcurl's, from its first use to its end: libcurl takes its eyes off between two requests.
struct Watched {
  explicit Watched(const asio::any_io_executor& executor) : descriptor(executor) {}

  asio::posix::stream_descriptor descriptor;
  bool want_read = false;
  bool want_write = false;
  bool reading = false;
  bool writing = false;
  bool closed = false;
};

}  // namespace

// Shared with the handlers of its waits.
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
  void wait(curl_socket_t socket, const std::shared_ptr<Watched>& watched);
  void ready(curl_socket_t socket, const std::shared_ptr<Watched>& watched, error_code ec, int events);
  void set_timer(long timeout_ms);
  void act_soon();
  void act(curl_socket_t socket, int events);

  asio::any_io_executor executor;
  Finished finished;
  asio::steady_timer timer;
  std::unordered_map<curl_socket_t, std::shared_ptr<Watched>> sockets;
  std::vector<CURL*> idle;  // handles without a request: to make one anew costs more
  bool acts_soon = false;
  CURLM* multi = nullptr;
};

CurlLoop::State::State(asio::any_io_executor on, const Limits& limits, Finished tell)
    : executor(std::move(on)), finished(tell), timer(executor) {
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
  return ::close(socket);
}

void CurlLoop::State::forget(curl_socket_t socket) {
  const auto entry = sockets.find(socket);
  if (entry == sockets.end()) return;
  entry->second->closed = true;
  entry->second->descriptor.release();
  sockets.erase(entry);
}

bool CurlLoop::State::watch(curl_socket_t socket, int what) {
  if (what == CURL_POLL_REMOVE) {
    const auto entry = sockets.find(socket);
    if (entry == sockets.end()) return true;
    // libcurl closes one that never connected without a word (7.88): only what is idle is kept.
    if (entry->second->reading || entry->second->writing)
      forget(socket);
    else
      entry->second->want_read = entry->second->want_write = false;
    return true;
  }
  auto& watched = sockets[socket];
  if (!watched) {
    watched = std::make_shared<Watched>(executor);
    error_code failed;
    watched->descriptor.assign(socket, failed);
    if (failed) {
      sockets.erase(socket);
      return false;
    }
  }
  watched->want_read = what == CURL_POLL_IN || what == CURL_POLL_INOUT;
  watched->want_write = what == CURL_POLL_OUT || what == CURL_POLL_INOUT;
  wait(socket, watched);
  return true;
}

void CurlLoop::State::wait(curl_socket_t socket, const std::shared_ptr<Watched>& watched) {
  if (watched->want_read && !watched->reading) {
    watched->reading = true;
    watched->descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                                   [self = shared_from_this(), socket, watched](error_code ec) {
                                     watched->reading = false;
                                     self->ready(socket, watched, ec,
                                                 watched->want_read ? CURL_CSELECT_IN : 0);
                                   });
  }
  if (watched->want_write && !watched->writing) {
    watched->writing = true;
    watched->descriptor.async_wait(asio::posix::stream_descriptor::wait_write,
                                   [self = shared_from_this(), socket, watched](error_code ec) {
                                     watched->writing = false;
                                     self->ready(socket, watched, ec,
                                                 watched->want_write ? CURL_CSELECT_OUT : 0);
                                   });
  }
}

void CurlLoop::State::ready(curl_socket_t socket, const std::shared_ptr<Watched>& watched, error_code ec,
                            int events) {
  // `closed`: the number may be another socket's by now.
  if (watched->closed || ec == asio::error::operation_aborted) return;
  if (ec) events = CURL_CSELECT_ERR;
  if (events != 0) act(socket, events);
  if (!watched->closed) wait(socket, watched);
}

void CurlLoop::State::set_timer(long timeout_ms) {
  timer.cancel();
  if (timeout_ms < 0) return;
  if (timeout_ms == 0) return act_soon();
  timer.expires_after(std::chrono::milliseconds(timeout_ms));
  timer.async_wait([self = shared_from_this()](error_code ec) {
    if (!ec) self->act(CURL_SOCKET_TIMEOUT, 0);
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

CurlLoop::~CurlLoop() {
  state_->timer.cancel();  // its handler would keep the state alive
}

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
