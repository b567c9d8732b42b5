#include "http/public_listener.hpp"

#include <algorithm>
#include <array>
#include <list>
#include <map>
#include <set>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <fmt/core.h>

#include "base/log.hpp"
#include "base/tasks.hpp"
#include "http/head.hpp"
#include "http/header_values.hpp"

namespace crier::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;

namespace {

constexpr auto as_values = asio::as_tuple(asio::use_awaitable);
// When descriptors run out, accept() fails at once and for ever: pause instead of spinning.
constexpr auto accept_pause = std::chrono::milliseconds(100);
constexpr std::string_view continue_line = "HTTP/1.1 100 Continue\r\n\r\n";

using Parser = beast::http::request_parser<beast::http::string_body>;

asio::ip::address unmapped(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  return address;
}

// What is counted as one client: whoever has one IPv6 address has its whole /64.
asio::ip::address client_key(const asio::ip::address& address) {
  if (!address.is_v6()) return address;
  auto bytes = address.to_v6().to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), static_cast<unsigned char>(0));
  return asio::ip::address_v6(bytes);
}

IpAddress plain(const asio::ip::address& address) {
  if (address.is_v4()) return ip_address_from_v4(address.to_v4().to_bytes().data());
  return {address.to_v6().to_bytes()};
}

// The status for what the parser complained about; 0 when the connection itself failed.
int status_of(const beast::error_code& code) {
  using beast::http::error;
  if (code == error::end_of_stream || code == error::partial_message) return 0;
  if (code == error::header_limit || code == error::buffer_overflow) return 431;
  if (code == error::body_limit) return 413;
  if (code == error::bad_version) return 505;
  return code.category() == make_error_code(error::bad_target).category() ? 400 : 0;
}

}  // namespace

struct PublicListener::State : std::enable_shared_from_this<PublicListener::State> {
  // One accepted socket, counted from accept to close.
  struct Connection {
    Connection(State& listener, tcp::socket socket, const asio::ip::address& remote)
        : state(listener), address(remote.to_string()), key(client_key(remote)), stream(std::move(socket)) {
      state.connections.insert(this);
      ++state.per_address[key];
    }
    ~Connection() {
      state.connections.erase(this);
      const auto count = state.per_address.find(key);
      if (--count->second == 0) state.per_address.erase(count);
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    State& state;
    std::string address;
    asio::ip::address key;
    beast::tcp_stream stream;
    beast::flat_buffer buffer;  // what was read and not yet used: pipelined requests wait here
    bool idle = true;           // no request has begun: may be closed at any time
    bool answered_one = false;
  };
  using ConnectionPtr = std::unique_ptr<Connection>;

  State(const asio::any_io_executor& executor, const Clock& the_clock, PublicListenerOptions the_options,
        Handler the_handler)
      : loop(executor),
        clock(the_clock),
        options(std::move(the_options)),
        handler(std::move(the_handler)),
        tasks(executor, [](const std::string& task, const std::string& what) {
          log::error("http.failed", {{"listener", "public"}, {"task", task}, {"what", what}});
        }) {}

  Result<void> bind(const ListenAddress& where);
  std::size_t most_from(const asio::ip::address& address) const;
  void admit(tcp::socket socket);
  void refuse(tcp::socket socket);
  asio::awaitable<void> accept_all(std::shared_ptr<State> self, tcp::acceptor& acceptor);
  asio::awaitable<void> serve(std::shared_ptr<State> self, ConnectionPtr connection);
  asio::awaitable<bool> await_request(Connection& connection);
  asio::awaitable<bool> answer_one(Connection& connection);
  asio::awaitable<bool> read_body(Connection& connection, Parser& parser, std::uint64_t limit);
  asio::awaitable<bool> give_up(Connection& connection, const beast::error_code& error,
                                std::string_view otherwise);
  asio::awaitable<bool> give_up(Connection& connection, int status, std::string_view sentence);
  asio::awaitable<bool> send(Connection& connection, Response response, ResponseFraming framing);
  asio::awaitable<void> linger(Connection& connection);
  void close_acceptors();
  void close_idle();
  void cut_off();

  asio::any_io_executor loop;
  const Clock& clock;
  const PublicListenerOptions options;
  const Handler handler;
  std::list<tcp::acceptor> acceptors;
  std::set<Connection*> connections;
  std::map<asio::ip::address, std::size_t> per_address;
  bool stopping = false;
  TaskGroup tasks;
};

Result<void> PublicListener::State::bind(const ListenAddress& where) {
  boost::system::error_code error;
  const auto address = asio::ip::make_address(where.address, error);
  if (error) return Error{fmt::format("cannot listen on {}: not a numeric address", where.address)};
  const tcp::endpoint endpoint(address, where.port);
  tcp::acceptor acceptor(loop);
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error && address.is_v6()) acceptor.set_option(asio::ip::v6_only(false), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error)
    return Error{fmt::format("cannot listen on {} port {}: {}", where.address, where.port, error.message())};
  acceptors.push_back(std::move(acceptor));
  return {};
}

asio::awaitable<void> PublicListener::State::accept_all(std::shared_ptr<State> /*keeps this alive*/,
                                                        tcp::acceptor& acceptor) {
  asio::steady_timer pause(loop);
  while (acceptor.is_open()) {
    auto [error, socket] = co_await acceptor.async_accept(as_values);
    if (!error) {
      admit(std::move(socket));
    } else if (error != asio::error::operation_aborted && error != asio::error::connection_aborted) {
      log::warn("http.not_accepted", {{"listener", "public"}, {"what", error.message()}});
      pause.expires_after(accept_pause);
      co_await pause.async_wait(as_values);
    }
  }
}

std::size_t PublicListener::State::most_from(const asio::ip::address& address) const {
  const auto is_proxy = [from = plain(address)](const IpNetwork& network) { return network.contains(from); };
  return std::ranges::any_of(options.trusted_proxies, is_proxy) ? options.limits.connections_per_proxy
                                                                : options.limits.connections_per_address;
}

void PublicListener::State::admit(tcp::socket socket) {
  boost::system::error_code error;
  const auto remote = socket.remote_endpoint(error);
  if (error || stopping) return;
  socket.set_option(tcp::no_delay(true), error);
  const auto address = unmapped(remote.address());
  const auto same = per_address.find(client_key(address));
  const auto count = same == per_address.end() ? 0 : same->second;
  if (connections.size() >= options.limits.connections || count >= most_from(address))
    return refuse(std::move(socket));
  tasks.start("connection",
              serve(shared_from_this(), std::make_unique<Connection>(*this, std::move(socket), address)));
}

// A refused client gets no coroutine, no buffer and no time: one write into an empty socket buffer.
void PublicListener::State::refuse(tcp::socket socket) {
  auto response = problem(503, "There are too many connections; try again later.");
  response.headers.set("Retry-After", "30");
  add_security_headers(response);
  const auto bytes = response_head(response, {.keep_alive = false}, clock.now()) + response.body;
  boost::system::error_code ignored;
  socket.non_blocking(true, ignored);
  socket.write_some(asio::buffer(bytes), ignored);
  socket.shutdown(tcp::socket::shutdown_send, ignored);
  // Closing over unread bytes resets the connection and may destroy the answer: take what is here.
  std::array<char, 4096> scrap;
  socket.read_some(asio::buffer(scrap), ignored);
  if (options.on_answer) options.on_answer(503);
}

asio::awaitable<void> PublicListener::State::serve(std::shared_ptr<State> /*keeps this alive*/,
                                                   ConnectionPtr connection) {
  while (co_await await_request(*connection)) {
    const bool more = co_await answer_one(*connection);
    // Only here can input be left unread; a connection that ended while idle is just closed.
    if (!more) co_return co_await linger(*connection);
  }
}

/// True when the first byte of a next request is there.
asio::awaitable<bool> PublicListener::State::await_request(Connection& connection) {
  if (stopping) co_return false;
  if (connection.buffer.size() > 0) co_return true;
  connection.idle = true;
  connection.stream.expires_after(connection.answered_one ? options.limits.idle_time
                                                          : options.limits.header_time);
  constexpr std::size_t first_read = 2048;
  const auto [error, count] =
      co_await connection.stream.async_read_some(connection.buffer.prepare(first_read), as_values);
  if (error) co_return false;
  connection.buffer.commit(count);
  connection.idle = false;
  co_return true;
}

namespace {

Result<Request> make_request(const Parser& parser, const std::string& address) {
  const auto& message = parser.get();
  Request request;
  request.method = message.method_string();
  request.remote_address = address;
  for (const auto& field : message) request.headers.add(field.name_string(), field.value());
  if (auto understood = set_target(request, message.target()); !understood) return understood.error();
  const auto hosts = request.headers.count("Host");
  if (hosts > 1 || (hosts == 0 && message.version() >= 11)) return Error{"a request names one Host"};
  // Beast refuses Content-Length beside "chunked"; any other coding would hide where the body ends.
  const auto coding = request.headers.find("Transfer-Encoding");
  if (coding && (!equal_ignoring_case(*coding, "chunked") || message.version() < 11))
    return Error{"the transfer coding is not one crier reads"};
  return request;
}

}  // namespace

/// True when the connection may carry another request.
asio::awaitable<bool> PublicListener::State::answer_one(Connection& connection) {
  Parser parser;
  parser.header_limit(options.limits.header_bytes);
  parser.body_limit(boost::none);  // until the head tells
  connection.stream.expires_after(options.limits.header_time);
  const auto [error, count] =
      co_await beast::http::async_read_header(connection.stream, connection.buffer, parser, as_values);
  if (error) co_return co_await give_up(connection, error, "The request's head is not valid.");
  auto request = make_request(parser, connection.address);
  if (!request) co_return co_await give_up(connection, 400, "Bad request: " + request.error().message + ".");
  const auto limit = options.body_bytes ? options.body_bytes(*request) : options.limits.body_bytes;
  if (parser.content_length().value_or(0) > limit)
    co_return co_await give_up(connection, 413, too_large("The request's body is", limit));
  parser.body_limit(limit);
  const bool body_read = co_await read_body(connection, parser, limit);
  if (!body_read) co_return false;
  request->body = std::move(parser.get().body());

  connection.stream.expires_never();
  const bool is_head = request->method == "HEAD";
  auto response = co_await answer_safely(handler, std::move(*request));
  connection.answered_one = true;
  const ResponseFraming framing{.without_body = is_head, .keep_alive = parser.keep_alive() && !stopping};
  co_return co_await send(connection, std::move(response), framing);
}

asio::awaitable<bool> PublicListener::State::read_body(Connection& connection, Parser& parser,
                                                       std::uint64_t limit) {
  const auto& message = parser.get();
  if (const auto expect = message.find(beast::http::field::expect);
      expect != message.end() && message.version() >= 11) {
    if (!equal_ignoring_case(expect->value(), "100-continue"))
      co_return co_await give_up(connection, 417, "Only 100-continue can be expected.");
    // A client that already began to send the body waits for nothing (RFC 9110 §10.1.1).
    if (!parser.is_done() && connection.buffer.size() == 0) {
      connection.stream.expires_after(options.limits.write_time);
      const auto [error, count] =
          co_await asio::async_write(connection.stream, asio::buffer(continue_line), as_values);
      if (error) co_return false;
    }
  }
  if (parser.is_done()) co_return true;
  connection.stream.expires_after(options.limits.body_time);
  const auto [error, count] =
      co_await beast::http::async_read(connection.stream, connection.buffer, parser, as_values);
  if (error == beast::http::error::body_limit)
    co_return co_await give_up(connection, 413, too_large("The request's body is", limit));
  if (error) co_return co_await give_up(connection, error, "The request's body is not valid.");
  co_return true;
}

/// Answers what the parser complained about.
asio::awaitable<bool> PublicListener::State::give_up(Connection& connection, const beast::error_code& error,
                                                     std::string_view otherwise) {
  const int status = status_of(error);
  std::string sentence(otherwise);
  if (status == 431)
    sentence = too_large("The request's first line and headers are", options.limits.header_bytes);
  co_return co_await give_up(connection, status, sentence);
}

/// Answers what cannot be read on; status 0 = there is nobody to answer. False always: the framing is lost.
asio::awaitable<bool> PublicListener::State::give_up(Connection& connection, int status,
                                                     std::string_view sentence) {
  if (status != 0) co_await send(connection, problem(status, sentence), {.keep_alive = false});
  co_return false;
}

/// True when the connection may carry another request.
asio::awaitable<bool> PublicListener::State::send(Connection& connection, Response response,
                                                  ResponseFraming framing) {
  add_security_headers(response);
  const auto head = response_head(response, framing, clock.now());
  const std::array<asio::const_buffer, 2> parts{
      asio::buffer(head),
      asio::buffer(response.body.data(), sends_body(response, framing) ? response.body.size() : 0)};
  if (options.on_answer) options.on_answer(response.status);
  connection.stream.expires_after(options.limits.write_time);
  const auto [error, count] = co_await asio::async_write(connection.stream, parts, as_values);
  co_return !error && framing.keep_alive;
}

/// Lets the client read the last answer: closing over its unread bytes would reset the connection.
asio::awaitable<void> PublicListener::State::linger(Connection& connection) {
  if (!connection.stream.socket().is_open()) co_return;
  boost::system::error_code ignored;
  connection.stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
  connection.stream.expires_after(options.limits.linger_time);
  std::array<char, 4096> scrap;
  for (std::uint64_t taken = 0; taken < options.limits.body_bytes;) {
    const auto [error, count] = co_await connection.stream.async_read_some(asio::buffer(scrap), as_values);
    if (error) co_return;
    taken += count;
  }
}

// They stay in the list: accept_all() still refers to them until it ends.
void PublicListener::State::close_acceptors() {
  boost::system::error_code ignored;
  for (auto& acceptor : acceptors) acceptor.close(ignored);
}

void PublicListener::State::close_idle() {
  for (auto* connection : connections) {
    if (connection->idle) connection->stream.cancel();
  }
}

void PublicListener::State::cut_off() {
  for (auto* connection : connections) connection->stream.close();
  tasks.stop();
}

PublicListener::PublicListener(asio::any_io_executor loop, const Clock& clock, PublicListenerOptions options,
                               Handler handler)
    : state_(std::make_shared<State>(std::move(loop), clock, std::move(options), std::move(handler))) {}

PublicListener::~PublicListener() {
  state_->stopping = true;
  state_->close_acceptors();
}

Result<void> PublicListener::open() {
  for (const auto& where : state_->options.addresses) {
    if (auto bound = state_->bind(where); !bound) return bound;
  }
  for (auto& acceptor : state_->acceptors)
    state_->tasks.start("accept", state_->accept_all(state_, acceptor));
  return {};
}

std::uint16_t PublicListener::port(std::size_t index) const {
  return std::next(state_->acceptors.begin(), static_cast<std::ptrdiff_t>(index))->local_endpoint().port();
}

std::size_t PublicListener::connections() const {
  return state_->connections.size();
}

asio::awaitable<void> PublicListener::stop(std::chrono::milliseconds grace) {
  const auto state = state_;
  state->stopping = true;
  state->close_acceptors();
  state->close_idle();
  asio::steady_timer deadline(state->loop, grace);
  deadline.async_wait([state](const boost::system::error_code& error) {
    if (!error) state->cut_off();
  });
  co_await state->tasks.join();
}

}  // namespace crier::http
