// HttpClient: every outgoing HTTP request (webhooks, WhatsApp, feeds). libcurl's multi interface on the loop.
// HTTP/1.1 with keep-alive; follows no redirects, ignores proxy variables, and connects only to addresses
// that AddressGuard has checked: it resolves a name once and pins what it found. Nothing outlives a crash;
// whether a lost request was acted on is for the caller to decide.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/result.hpp"
#include "base/time.hpp"
#include "net/address_guard.hpp"

namespace crier {

class CurlLoop;
class Resolver;
struct HttpUnderWay;

struct HttpRequest {
  std::string method = "GET";  ///< capital letters
  std::string url;             ///< sent byte for byte; its query may be a secret
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  Duration connect_timeout = std::chrono::seconds(5);  ///< includes the TLS handshake
  Duration total_timeout = std::chrono::seconds(20);   ///< includes the name's lookup
  std::size_t max_response_bytes = 16384;              ///< of the body, inflated; what is beyond is not read
  bool accept_compressed = false;                      ///< gzip, deflate or Brotli, inflated on the way in
  bool may_repeat = false;  ///< the other side recognises a repeat, so that a body may be sent twice
};

struct HttpResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case, in the order received
  std::string body;
  bool truncated = false;  ///< the body was longer than max_response_bytes

  /// The first header of this name (lower case).
  std::optional<std::string_view> header(std::string_view name) const;
};

struct HttpFailure {
  enum class Kind {
    bad_request,  ///< method, URL or header not acceptable; nothing was tried
    forbidden,    ///< the address is not one crier may connect to
    unresolved,   ///< the name has no address
    unreachable,  ///< no connection
    tls,          ///< handshake or certificate
    timed_out,
    stopping,  ///< crier stops
    lost,      ///< the connection broke, or what came back is not HTTP
  };
  Kind kind = Kind::lost;
  std::string message;  ///< names the origin, never path or query
  /// Everything was handed to the network before it failed: the other side may have acted on it.
  bool request_sent = false;
};

/// "bad-request", "forbidden", "unresolved", "unreachable", "tls", "timeout", "stopping", "connection-lost".
std::string_view to_string(HttpFailure::Kind kind);

struct HttpClientOptions {
  AddressGuard guard;
  std::string ca_file;  ///< PEM; empty = the system's
  long max_connections = 256;
  long max_connections_per_host = 8;
  long max_idle_connections = 64;
};

class HttpClient {
 public:
  /// `resolver` outlives this. Throws std::runtime_error when libcurl cannot start.
  HttpClient(boost::asio::any_io_executor executor, Resolver& resolver, HttpClientOptions options);
  /// Requests in flight must have ended, or the executor must not run again.
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// What is behind a URL, or why it is not acceptable.
  Result<UrlTarget, HttpFailure> target_of(const std::string& url) const;
  /// Any status is a response. A body that may not be repeated is never sent twice: a kept-alive connection
  /// that turns out dead is Kind::lost then, not a silent repetition. Cancellation ends the request and
  /// throws operation_aborted.
  boost::asio::awaitable<Result<HttpResponse, HttpFailure>> send(HttpRequest request);
  /// The same, where target_of() has said what the request's URL is.
  boost::asio::awaitable<Result<HttpResponse, HttpFailure>> send(HttpRequest request, UrlTarget target);
  /// Nothing more is to be sent: Kind::stopping at once, also for requests of which the other side cannot
  /// have all. Answers to the others are waited for as long as `patience`.
  void wind_up(Duration patience);

 private:
  using Addresses = std::optional<Result<std::vector<IpAddress>>>;

  boost::asio::awaitable<void> look_up(std::string host, Duration timeout, Addresses& found);

  Resolver& resolver_;
  HttpClientOptions options_;
  std::shared_ptr<CurlLoop> loop_;
  std::shared_ptr<HttpUnderWay> under_way_;
};

}  // namespace crier
