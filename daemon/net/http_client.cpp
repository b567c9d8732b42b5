#include "net/http_client.hpp"

#include <algorithm>
#include <array>
#include <new>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/multiple_exceptions.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <curl/curl.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/bell.hpp"
#include "base/encoding.hpp"
#include "net/curl_loop.hpp"
#include "net/resolver.hpp"

namespace crier {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t max_header_bytes = 65536;
// Longer than any request waits for its turn; a re-resolution by libcurl would meet open_checked_socket
// anyway.
constexpr long pin_seconds = 600;
// Below it libcurl asks nobody whether a body may come.
constexpr std::size_t expect_above = 1024UL * 1024;

bool is_token(std::string_view text) {
  static constexpr std::string_view others = "!#$%&'*+-.^_`|~";  // RFC 9110 §5.6.2
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           others.find(c) != std::string_view::npos;
  });
}

bool is_field_value(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

std::string_view trim(std::string_view text) {
  const auto start = text.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(" \t\r\n") - start + 1);
}

HttpFailure::Kind kind_of(CURLcode code) {
  switch (code) {
    case CURLE_URL_MALFORMAT:
      return HttpFailure::Kind::bad_request;
    case CURLE_COULDNT_RESOLVE_HOST:
      return HttpFailure::Kind::unresolved;
    case CURLE_COULDNT_CONNECT:
      return HttpFailure::Kind::unreachable;
    case CURLE_OPERATION_TIMEDOUT:
      return HttpFailure::Kind::timed_out;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
      return HttpFailure::Kind::tls;
    default:
      return HttpFailure::Kind::lost;
  }
}

}  // namespace

std::optional<std::string_view> HttpResponse::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::string_view to_string(HttpFailure::Kind kind) {
  switch (kind) {
    case HttpFailure::Kind::bad_request:
      return "bad-request";
    case HttpFailure::Kind::forbidden:
      return "forbidden";
    case HttpFailure::Kind::unresolved:
      return "unresolved";
    case HttpFailure::Kind::unreachable:
      return "unreachable";
    case HttpFailure::Kind::tls:
      return "tls";
    case HttpFailure::Kind::timed_out:
      return "timeout";
    case HttpFailure::Kind::stopping:
      return "stopping";
    case HttpFailure::Kind::lost:
      return "connection-lost";
  }
  return "unknown";
}

namespace {

asio::awaitable<void> resolve(Resolver& resolver, std::string host, Duration timeout,
                              std::optional<Result<std::vector<IpAddress>>>& found) {
  found.emplace(co_await resolver.resolve(std::move(host), timeout));
}

}  // namespace

// What a stop has to know of.
struct HttpClient::UnderWay {
  explicit UnderWay(const asio::any_io_executor& executor) : stop(executor), patience(executor) {}

  std::vector<Transfer*> transfers;
  bool is_stopping = false;
  Bell stop;  // for lookups
  asio::steady_timer patience;
};

// One request in libcurl's hands. Destroying it takes it back, finished or not.
struct HttpClient::Transfer {
  Transfer(std::shared_ptr<CurlLoop> curl_loop, std::shared_ptr<UnderWay> all,
           const HttpClientOptions& options, HttpRequest what);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  void make_handle(const HttpClientOptions& options);
  void set_options(const UrlTarget& target, Duration time_left);
  void set_method();
  void set_headers();
  void pin(const UrlTarget& target);
  /// Whether the other side may have all of it.
  bool is_sent() const;
  void give_up();
  Result<HttpResponse, HttpFailure> result(const UrlTarget& target);

  static void end(void* self, int code);
  static std::size_t give_body(char* out, std::size_t size, std::size_t count, void* self);
  static std::size_t take_body(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t take_header(char* data, std::size_t size, std::size_t count, void* self);
  static curl_socket_t open_checked_socket(void* self, curlsocktype purpose, curl_sockaddr* address);

  std::shared_ptr<CurlLoop> loop;  // shared: a transfer may be destroyed with the loop's last handlers
  std::shared_ptr<UnderWay> under_way;
  HttpRequest request;
  CURL* easy;
  bool added = false;
  std::vector<std::string> lines;
  std::vector<curl_slist> headers;  // the lines; libcurl only reads them
  curl_slist* pins = nullptr;
  std::vector<IpAddress> checked;  // the only addresses this request may connect to
  std::size_t body_given = 0;
  std::size_t header_bytes = 0;
  HttpResponse response;
  std::array<char, CURL_ERROR_SIZE> error_text{};
  asio::steady_timer finished_wait;  // cancelled when the transfer ends
  bool finished = false;
  bool given_up = false;
  CURLcode code = CURLE_OK;
};

HttpClient::Transfer::Transfer(std::shared_ptr<CurlLoop> curl_loop, std::shared_ptr<UnderWay> all,
                               const HttpClientOptions& options, HttpRequest what)
    : loop(std::move(curl_loop)),
      under_way(std::move(all)),
      request(std::move(what)),
      easy(loop->take_idle()),
      finished_wait(loop->executor(), asio::steady_timer::time_point::max()) {
  if (easy == nullptr) make_handle(options);
  under_way->transfers.push_back(this);
}

HttpClient::Transfer::~Transfer() {
  std::erase(under_way->transfers, this);
  if (under_way->transfers.empty()) under_way->patience.cancel();
  if (added) loop->remove(easy);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, nullptr);
  if (pins != nullptr) {
    curl_easy_setopt(easy, CURLOPT_RESOLVE, nullptr);
    curl_slist_free_all(pins);
  }
  loop->give_back(easy);
}

void HttpClient::Transfer::end(void* self, int code) {
  auto& transfer = *static_cast<Transfer*>(self);
  transfer.code = static_cast<CURLcode>(code);
  transfer.finished = true;
  transfer.finished_wait.cancel();
}

std::size_t HttpClient::Transfer::give_body(char* out, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const auto& body = transfer.request.body;
  const auto step = std::min(size * count, body.size() - transfer.body_given);
  std::copy_n(body.data() + transfer.body_given, step, out);
  transfer.body_given += step;
  return step;
}

std::size_t HttpClient::Transfer::take_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  auto& body = transfer.response.body;
  const auto room = transfer.request.max_response_bytes - body.size();
  const auto got = size * count;
  body.append(data, std::min(got, room));
  if (got <= room) return got;
  transfer.response.truncated = true;
  return 0;  // ends the transfer: nobody has to send us the rest
}

std::size_t HttpClient::Transfer::take_header(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::string_view line(data, size * count);
  transfer.header_bytes += line.size();
  if (transfer.header_bytes > max_header_bytes) return 0;
  if (line.starts_with("HTTP/")) {  // a new head: an interim one (1xx) came before
    transfer.response.headers.clear();
  } else if (const auto colon = line.find(':'); colon != std::string_view::npos) {
    transfer.response.headers.emplace_back(to_lower_ascii(trim(line.substr(0, colon))),
                                           trim(line.substr(colon + 1)));
  }
  return line.size();
}

// The last word on where a connection goes: whatever libcurl made of the URL, it is an address we checked.
curl_socket_t HttpClient::Transfer::open_checked_socket(void* self, curlsocktype, curl_sockaddr* address) {
  const auto& transfer = *static_cast<Transfer*>(self);
  const auto& checked = transfer.checked;
  IpAddress wanted;
  if (address->family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&address->addr);
    wanted = ip_address_from_v4(reinterpret_cast<const std::uint8_t*>(&v4->sin_addr));
  } else if (address->family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address->addr);
    std::copy_n(v6->sin6_addr.s6_addr, wanted.bytes.size(), wanted.bytes.begin());
  } else {
    return CURL_SOCKET_BAD;
  }
  if (std::ranges::find(checked, wanted) == checked.end()) return CURL_SOCKET_BAD;
  const int socket = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (socket >= 0) transfer.loop->opened(socket);
  return socket;
}

// What all requests of a client have in common, and a handle keeps from one to the next.
void HttpClient::Transfer::make_handle(const HttpClientOptions& options) {
  easy = curl_easy_init();
  if (easy == nullptr) throw std::bad_alloc();
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");  // else it looks for variables each time
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!options.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, options.ca_file.c_str());
  curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, pin_seconds);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Transfer::take_body);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &Transfer::take_header);
  curl_easy_setopt(easy, CURLOPT_READFUNCTION, &Transfer::give_body);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &Transfer::open_checked_socket);
}

// All that a request may differ in from the one that had the handle before.
void HttpClient::Transfer::set_options(const UrlTarget& target, Duration time_left) {
  curl_easy_setopt(easy, CURLOPT_PRIVATE, this);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error_text.data());
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy, CURLOPT_READDATA, this);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this);
  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout.count()));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(time_left.count()));
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, request.accept_compressed ? "gzip, deflate, br" : nullptr);
  set_method();
  set_headers();
  if (!target.literal) pin(target);
}

void HttpClient::Transfer::set_method() {
  // Leaves with its head in one write; or is read by a callback that cannot go back: libcurl would otherwise
  // repeat a POST on a new connection when a kept-alive one answers nothing, and the first may have been
  // acted on.
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.may_repeat ? request.body.data() : nullptr);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  if (request.may_repeat) body_given = request.body.size();
  std::string_view usual = "GET";
  if (request.method == "HEAD")
    usual = "HEAD";
  else if (!request.body.empty() || request.method == "POST")
    usual = "POST";
  const auto how = usual == "GET" ? CURLOPT_HTTPGET : usual == "HEAD" ? CURLOPT_NOBODY : CURLOPT_POST;
  curl_easy_setopt(easy, how, 1L);
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method != usual ? request.method.c_str() : nullptr);
}

void HttpClient::Transfer::set_headers() {
  constexpr std::size_t most_added = 3;
  lines.reserve(request.headers.size() + most_added);
  bool is_typed = false;
  bool is_named = false;
  for (const auto& [name, value] : request.headers) {
    auto& line = lines.emplace_back();
    line.reserve(name.size() + value.size() + 2);
    line.append(name).append(value.empty() ? ";" : ": ").append(value);
    const auto key = to_lower_ascii(name);
    is_typed = is_typed || key == "content-type";
    is_named = is_named || key == "user-agent";
  }
  if (!is_named) lines.emplace_back("User-Agent: crier/" CRIER_VERSION);
  if (request.body.size() > expect_above) lines.emplace_back("Expect:");
  if (!is_typed) lines.emplace_back("Content-Type:");  // libcurl would call it a form
  headers.reserve(lines.size());
  for (auto& line : lines) headers.push_back({line.data(), nullptr});
  for (std::size_t i = 1; i < headers.size(); ++i) headers[i - 1].next = &headers[i];
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.data());
}

void HttpClient::Transfer::pin(const UrlTarget& target) {
  std::string line = fmt::format("+{}:{}:", target.host, target.port);
  for (const auto& address : checked)
    line +=
        fmt::format("{0}{2}{1},", address.is_v4() ? "" : "[", address.is_v4() ? "" : "]", to_string(address));
  line.pop_back();
  pins = curl_slist_append(pins, line.c_str());
  curl_easy_setopt(easy, CURLOPT_RESOLVE, pins);
}

bool HttpClient::Transfer::is_sent() const {
  long head_sent = 0;
  curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &head_sent);
  return head_sent > 0 && body_given == request.body.size();
}

// Before anything more of it leaves.
void HttpClient::Transfer::give_up() {
  if (finished) return;
  given_up = true;
  if (std::exchange(added, false)) loop->remove(easy);
  finished_wait.cancel();
}

Result<HttpResponse, HttpFailure> HttpClient::Transfer::result(const UrlTarget& target) {
  if (!finished)
    return HttpFailure{HttpFailure::Kind::stopping, target.origin() + ": given up, crier stops", is_sent()};
  const bool cut_short = code == CURLE_WRITE_ERROR && response.truncated;
  if (code == CURLE_OK || cut_short) {
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    response.status = static_cast<int>(status);
    return std::move(response);
  }
  HttpFailure failure{kind_of(code), {}, is_sent()};
  const char* what = error_text[0] != '\0' ? error_text.data() : curl_easy_strerror(code);
  failure.message = fmt::format("{}: {}", target.origin(), what);
  return failure;
}

HttpClient::HttpClient(asio::any_io_executor executor, Resolver& resolver, HttpClientOptions options)
    : resolver_(resolver),
      options_(std::move(options)),
      loop_(std::make_shared<CurlLoop>(
          executor,
          CurlLoop::Limits{options_.max_connections, options_.max_connections_per_host,
                           options_.max_idle_connections},
          &Transfer::end)),
      under_way_(std::make_shared<UnderWay>(executor)) {}

HttpClient::~HttpClient() = default;

Result<UrlTarget, HttpFailure> HttpClient::target_of(const std::string& url) const {
  auto target = options_.guard.check_url(url);
  if (!target) return HttpFailure{HttpFailure::Kind::bad_request, target.error().message};
  return *std::move(target);
}

asio::awaitable<Result<HttpResponse, HttpFailure>> HttpClient::send(HttpRequest request) {
  auto target = target_of(request.url);
  if (!target) co_return target.error();
  co_return co_await send(std::move(request), *std::move(target));
}

// Finds nothing when crier stops meanwhile.
asio::awaitable<void> HttpClient::look_up(std::string host, Duration timeout, Addresses& found) {
  using namespace asio::experimental::awaitable_operators;
  try {
    co_await (resolve(resolver_, std::move(host), timeout, found) || under_way_->stop.wait());
  } catch (const asio::multiple_exceptions& both) {
    // A cancellation ends both sides; who waits knows it only as the operation_aborted of one.
    std::rethrow_exception(both.first_exception());
  }
}

void HttpClient::wind_up(Duration patience) {
  auto& all = *under_way_;
  if (std::exchange(all.is_stopping, true)) return;
  all.stop.ring();
  for (auto* transfer : all.transfers)
    if (!transfer->is_sent()) transfer->give_up();
  if (all.transfers.empty()) return;
  all.patience.expires_after(patience);
  all.patience.async_wait([weak = std::weak_ptr(under_way_)](error_code ec) {
    const auto kept = weak.lock();
    if (ec || !kept) return;
    for (auto* transfer : kept->transfers) transfer->give_up();
  });
}

asio::awaitable<Result<HttpResponse, HttpFailure>> HttpClient::send(HttpRequest request, UrlTarget target) {
  const auto started = std::chrono::steady_clock::now();
  const bool headers_fit = std::ranges::all_of(request.headers, [](const auto& header) {
    return is_token(header.first) && is_field_value(header.second);
  });
  if (!is_token(request.method) || !headers_fit)
    co_return HttpFailure{HttpFailure::Kind::bad_request, target.origin() + ": malformed method or header"};

  auto addresses = resolver_.known(target.host);
  if (!addresses && !under_way_->is_stopping) co_await look_up(target.host, request.total_timeout, addresses);
  if (under_way_->is_stopping || !addresses)
    co_return HttpFailure{HttpFailure::Kind::stopping, target.origin() + ": not tried, crier stops"};
  if (!*addresses) co_return HttpFailure{HttpFailure::Kind::unresolved, addresses->error().message};
  // One forbidden address condemns the name: the others may be bait.
  for (const auto& address : **addresses) {
    const auto allowed = options_.guard.check_address(target, address);
    if (!allowed) co_return HttpFailure{HttpFailure::Kind::forbidden, allowed.error().message};
  }
  const auto spent = std::chrono::floor<Duration>(std::chrono::steady_clock::now() - started);
  if (spent >= request.total_timeout)
    co_return HttpFailure{HttpFailure::Kind::timed_out, target.origin() + ": timed out"};

  Transfer transfer(loop_, under_way_, options_, std::move(request));
  transfer.checked = std::move(**addresses);
  transfer.set_options(target, transfer.request.total_timeout - spent);
  loop_->add(transfer.easy);
  transfer.added = true;
  error_code woken;
  co_await transfer.finished_wait.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  if (!transfer.finished && !transfer.given_up)
    throw boost::system::system_error(asio::error::operation_aborted);
  co_return transfer.result(target);
}

}  // namespace crier
