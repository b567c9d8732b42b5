#include "http/operator_listener.hpp"

#include <atomic>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <future>
#include <mutex>
#include <set>
#include <thread>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/core.h>
#include <httplib.h>

#include "base/log.hpp"
#include "base/tasks.hpp"
#include "http/deadline_socket.hpp"
#include "http/header_values.hpp"

namespace crier::http {

namespace asio = boost::asio;

namespace {

constexpr int backlog = 128;
constexpr std::size_t requests_per_connection = 1000;

// A request on its way to the loop and its answer on the way back. Shared, because a thread whose deadline
// has passed leaves while the loop still works on it.
struct Exchange {
  Request request;
  std::promise<Response> answer;
};

class HttplibStream final : public httplib::Stream {
 public:
  explicit HttplibStream(DeadlineSocket& socket) : socket_(socket), remote_(socket.remote_address()) {}

  bool is_readable() const override { return true; }
  bool is_writable() const override { return true; }
  ssize_t read(char* out, std::size_t size) override { return socket_.read(out, size); }
  ssize_t write(const char* bytes, std::size_t size) override { return socket_.write(bytes, size); }
  void get_remote_ip_and_port(std::string& ip, int& port) const override {
    ip = remote_;
    port = 0;
  }
  void get_local_ip_and_port(std::string& ip, int& port) const override {
    ip.clear();
    port = 0;
  }
  // Debian's build answers 500 to descriptors select() cannot hold, though nothing here uses select().
  socket_t socket() const override { return 0; }

 private:
  DeadlineSocket& socket_;
  std::string remote_;
};

// The names httplib routes by: requests are vetted before routing, and the real path is ours to match.
constexpr const char* accepted_path = "/accepted";
constexpr const char* refused_prefix = "/refused/";

bool has_body(const httplib::Request& request) {
  return request.has_header("Transfer-Encoding") ||
         (request.has_header("Content-Length") && request.get_header_value("Content-Length") != "0");
}

bool takes_body(const std::string& method) {
  return method == "POST" || method == "PUT" || method == "PATCH" || method == "DELETE";
}

// 0 when httplib may read this request; else the status to refuse it with, before any of its body is read.
int vet(const httplib::Request& request, std::size_t body_bytes) {
  const auto lengths = request.get_header_value_count("Content-Length");
  const auto codings = request.get_header_value_count("Transfer-Encoding");
  if (lengths + codings > 1) return 400;
  if (codings == 1 && !equal_ignoring_case(request.get_header_value("Transfer-Encoding"), "chunked"))
    return 501;
  if (request.has_header("Content-Encoding")) return 415;
  if (request.has_header("Expect") && request.get_header_value("Expect") != "100-continue") return 417;
  if (lengths == 1) {
    const auto text = request.get_header_value("Content-Length");
    std::uint64_t length = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
    if (error == std::errc::result_out_of_range) return 413;
    if (error != std::errc{} || end != text.data() + text.size()) return 400;
    if (length > body_bytes) return 413;
  }
  return has_body(request) && !takes_body(request.method) ? 400 : 0;
}

// What is said to a request that was refused before its body was read.
std::string refusal_sentence(int status, std::size_t body_bytes) {
  switch (status) {
    case 413:
      return too_large("The request's body is", body_bytes);
    case 415:
      return "crier reads no Content-Encoding.";
    case 417:
      return "Only 100-continue can be expected.";
    case 501:
      return "The transfer coding is not one crier reads.";
    default:
      return "The request does not say in one way where its body ends, or has one where none is read.";
  }
}

// What is said to a request whose head httplib itself refused.
std::string head_sentence(int status) {
  constexpr std::size_t longest = CPPHTTPLIB_HEADER_MAX_LENGTH;
  if (status == 414) return too_large("The request's target is", CPPHTTPLIB_REQUEST_URI_MAX_LENGTH);
  return fmt::format("The request's head is not valid, or a line of it is more than {} bytes.", longest);
}

}  // namespace

// What requests on the loop need; they hold it, so that a listener that is gone leaves nothing dangling.
struct OperatorListener::State {
  State(const asio::any_io_executor& executor, OperatorListenerOptions the_options, Handler the_handler)
      : loop(executor),
        options(std::move(the_options)),
        handler(std::move(the_handler)),
        tasks(executor,
              [](const std::string& task, const std::string& what) {
                log::error("http.failed", {{"listener", "operator"}, {"task", task}, {"what", what}});
              }),
        ended(executor) {
    ended.expires_at(asio::steady_timer::time_point::max());
  }

  static asio::awaitable<void> run(std::shared_ptr<State> state, std::shared_ptr<Exchange> exchange) {
    try {
      exchange->answer.set_value(co_await answer_safely(state->handler, std::move(exchange->request)));
    } catch (const boost::system::system_error&) {
      exchange->answer.set_value(problem(503, "The daemon is stopping."));
      throw;
    }
  }

  // On an httplib thread.
  static Response ask_loop(const std::shared_ptr<State>& state, Request request) {
    const auto exchange = std::make_shared<Exchange>();
    exchange->request = std::move(request);
    auto answer = exchange->answer.get_future();
    asio::post(state->loop,
               [state, exchange] { state->tasks.start("operator request", run(state, exchange)); });
    if (answer.wait_for(state->options.answer_time) != std::future_status::ready)
      return problem(503, "The daemon is too busy to answer; try again later.");
    return answer.get();
  }

  asio::any_io_executor loop;
  const OperatorListenerOptions options;
  const Handler handler;
  TaskGroup tasks;           // on the loop only, as are the next two
  asio::steady_timer ended;  // cancelled when the threads have ended
  bool has_ended = true;
};

class OperatorListener::Server final : public httplib::Server {
 public:
  explicit Server(std::shared_ptr<State> state);
  ~Server() override { join(); }

  Result<void> open();
  std::uint16_t port() const { return port_; }
  /// Idempotent; from any thread.
  void stop_accepting();
  void cut_off();
  void join();

 private:
  void listen();
  bool process_and_close_socket(socket_t socket) override;
  bool answer_next(DeadlineSocket& socket, HttplibStream& stream, bool last);
  HandlerResponse route(const httplib::Request& from, httplib::Response& to);
  void read_and_answer(const httplib::Request& from, httplib::Response& to,
                       const httplib::ContentReader& reader);
  Response answer(const httplib::Request& from, std::string body);
  void send(Response response, httplib::Response& to);

  const std::shared_ptr<State> state_;
  std::uint16_t port_ = 0;
  std::thread thread_;
  std::mutex mutex_;    // guards the next three
  int listening_ = -1;  // what httplib listens on, closed by join()
  std::set<int> open_;
  bool stopping_ = false;
};

OperatorListener::Server::Server(std::shared_ptr<State> state) : state_(std::move(state)) {
  new_task_queue = [threads = state_->options.threads] { return new httplib::ThreadPool(threads); };
  set_tcp_nodelay(true);
  // httplib's default is SO_REUSEPORT, with which two daemons silently share a port.
  set_socket_options([](socket_t socket) {
    const int yes = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  });
  set_payload_max_length(state_->options.body_bytes);
  // Only announced to clients: answer_next() holds to both.
  set_keep_alive_timeout(std::chrono::ceil<std::chrono::seconds>(state_->options.idle_time).count());
  set_keep_alive_max_count(requests_per_connection);
  set_error_handler([this](const httplib::Request&, httplib::Response& to) {
    if (to.body.empty()) send(problem(to.status, head_sentence(to.status)), to);
  });
  set_pre_routing_handler(
      [this](const httplib::Request& from, httplib::Response& to) { return route(from, to); });
  const HandlerWithContentReader with_body = [this](const httplib::Request& from, httplib::Response& to,
                                                    const httplib::ContentReader& reader) {
    read_and_answer(from, to, reader);
  };
  Post(accepted_path, with_body);
  Put(accepted_path, with_body);
  Patch(accepted_path, with_body);
  Delete(accepted_path, with_body);
}

Result<void> OperatorListener::Server::open() {
  const auto& options = state_->options;
  errno = 0;
  const int bound = options.port == 0                             ? bind_to_any_port(options.address)
                    : bind_to_port(options.address, options.port) ? options.port
                                                                  : -1;
  if (bound <= 0)
    return Error{fmt::format("cannot listen on {} port {}: {}", options.address, options.port,
                             errno == 0 ? "no such address" : std::strerror(errno))};
  port_ = static_cast<std::uint16_t>(bound);
  listening_ = svr_sock_;
  ::listen(listening_, backlog);  // httplib asked for 5
  state_->has_ended = false;
  // Signals belong to the loop; one that interrupted accept() would end the listener. Threads inherit this.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { listen(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return {};
}

void OperatorListener::Server::listen() {
  if (!listen_after_bind()) {
    log::error("http.not_accepted", {{"listener", "operator"}, {"port", port_}});
    const std::lock_guard lock(mutex_);
    svr_sock_ = INVALID_SOCKET;
    listening_ = -1;  // httplib has closed it
  }
  asio::post(state_->loop, [state = state_] {
    state->has_ended = true;
    state->ended.cancel();
  });
}

// httplib's own stop() does nothing when its thread has not begun to listen yet.
void OperatorListener::Server::stop_accepting() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  if (svr_sock_.exchange(INVALID_SOCKET) != INVALID_SOCKET) ::shutdown(listening_, SHUT_RDWR);
  // Threads that wait for a next request see the end of input; answers can still be written.
  for (const int socket : open_) ::shutdown(socket, SHUT_RD);
}

void OperatorListener::Server::cut_off() {
  const std::lock_guard lock(mutex_);
  for (const int socket : open_) ::shutdown(socket, SHUT_RDWR);
}

void OperatorListener::Server::join() {
  if (!thread_.joinable()) return;
  stop_accepting();
  thread_.join();
  // Only now: a descriptor closed earlier could be given to another socket that accept() would then use.
  if (listening_ >= 0) ::close(listening_);
}

// Instead of httplib's own, which has no total deadline for a request and cannot be stopped from outside.
bool OperatorListener::Server::process_and_close_socket(socket_t socket) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return ::close(socket) == 0;
    open_.insert(socket);
  }
  DeadlineSocket deadline_socket(socket);
  HttplibStream stream(deadline_socket);
  for (std::size_t left = requests_per_connection; left > 0; --left) {
    deadline_socket.allow(state_->options.idle_time, 0);
    if (!deadline_socket.wait_for_input() || !answer_next(deadline_socket, stream, left == 1)) break;
  }
  const std::lock_guard lock(mutex_);
  open_.erase(socket);
  ::shutdown(socket, SHUT_RDWR);
  return ::close(socket) == 0;
}

// True when the connection may carry another request.
bool OperatorListener::Server::answer_next(DeadlineSocket& socket, HttplibStream& stream, bool last) {
  const auto& options = state_->options;
  bool close_after = last;
  bool head_is_complete = false;
  const auto after_head = [&](httplib::Request& request) {
    head_is_complete = true;
    // A chunk of one byte takes six on the wire; beyond that a body is hostile.
    socket.allow(options.body_time + options.answer_time + options.write_time,
                 6 * options.body_bytes + options.header_bytes);
    const int refusal = vet(request, options.body_bytes);
    request.path = refusal == 0 ? accepted_path : refused_prefix + std::to_string(refusal);
    if (refusal != 0) request.headers.erase("Expect");
    // A body that is not read to its end leaves the connection in the middle of nowhere.
    if (refusal != 0 || request.has_header("Transfer-Encoding") ||
        equal_ignoring_case(request.get_header_value("Connection"), "close"))
      close_after = true;
    request.headers.erase("Connection");
    if (close_after) request.headers.emplace("Connection", "close");
    // httplib would compress for the one and cut answers into pieces for the other.
    request.headers.erase("Accept-Encoding");
    request.ranges.clear();
    // What httplib adds here cannot be told from what the client sent.
    for (const auto* added : {"REMOTE_ADDR", "REMOTE_PORT", "LOCAL_ADDR", "LOCAL_PORT"})
      request.headers.erase(added);
  };
  socket.allow(options.header_time, options.header_bytes);
  bool connection_closed = false;
  const bool written = process_request(stream, last, connection_closed, after_head);
  return written && head_is_complete && !connection_closed && !close_after;
}

httplib::Server::HandlerResponse OperatorListener::Server::route(const httplib::Request& from,
                                                                 httplib::Response& to) {
  if (from.path != accepted_path) {
    const int status = std::atoi(from.path.c_str() + std::string_view(refused_prefix).size());
    send(problem(status, refusal_sentence(status, state_->options.body_bytes)), to);
    return HandlerResponse::Handled;
  }
  if (has_body(from)) return HandlerResponse::Unhandled;
  send(answer(from, {}), to);
  return HandlerResponse::Handled;
}

void OperatorListener::Server::read_and_answer(const httplib::Request& from, httplib::Response& to,
                                               const httplib::ContentReader& reader) {
  std::string body;
  bool is_too_large = false;
  // httplib's own limit does not see chunked bodies.
  const bool complete = reader([&](const char* bytes, std::size_t size) {
    is_too_large = body.size() + size > state_->options.body_bytes;
    if (!is_too_large) body.append(bytes, size);
    return !is_too_large;
  });
  if (is_too_large) return send(problem(413, refusal_sentence(413, state_->options.body_bytes)), to);
  if (!complete) return send(problem(400, "The body is not complete."), to);
  send(answer(from, std::move(body)), to);
}

Response OperatorListener::Server::answer(const httplib::Request& from, std::string body) {
  Request request;
  request.method = from.method;
  request.remote_address = from.remote_addr;
  request.body = std::move(body);
  try {
    for (const auto& [name, value] : from.headers) request.headers.add(name, value);
  } catch (const std::invalid_argument&) {
    return problem(400, "Bad request: a header is not valid.");
  }
  if (const auto understood = set_target(request, from.target); !understood)
    return problem(400, "Bad request: " + understood.error().message + ".");
  try {
    return State::ask_loop(state_, std::move(request));
  } catch (const std::future_error&) {
    return problem(503, "The daemon has stopped.");
  }
}

void OperatorListener::Server::send(Response response, httplib::Response& to) {
  add_security_headers(response);
  to.status = response.status;
  for (const auto& [name, value] : response.headers) to.headers.emplace(name, value);
  if (response.content_type.empty())
    to.body = std::move(response.body);
  else
    to.set_content(response.body, response.content_type);
  if (state_->options.on_answer) state_->options.on_answer(response.status);
}

OperatorListener::OperatorListener(asio::any_io_executor loop, OperatorListenerOptions options,
                                   Handler handler)
    : state_(std::make_shared<State>(std::move(loop), std::move(options), std::move(handler))),
      server_(std::make_unique<Server>(state_)) {}

OperatorListener::~OperatorListener() {
  server_->stop_accepting();
  server_->cut_off();
}

Result<void> OperatorListener::open() {
  return server_->open();
}

std::uint16_t OperatorListener::port() const {
  return server_->port();
}

asio::awaitable<void> OperatorListener::stop(std::chrono::milliseconds grace) {
  const auto state = state_;
  server_->stop_accepting();
  asio::steady_timer deadline(state->loop, grace);
  deadline.async_wait([state, server = server_.get()](const boost::system::error_code& error) {
    if (error || state->has_ended) return;
    state->tasks.stop();
    server->cut_off();
  });
  while (!state->has_ended) co_await state->ended.async_wait(asio::as_tuple(asio::use_awaitable));
  deadline.cancel();
  server_->join();
  co_await state->tasks.join();
}

}  // namespace crier::http
