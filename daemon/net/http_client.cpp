#include "net/http_client.hpp"

#include <algorithm>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/multiple_exceptions.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "net/curl_loop.hpp"
#include "net/http_transfer.hpp"
#include "net/resolver.hpp"

namespace crier {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

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

HttpClient::HttpClient(asio::any_io_executor executor, Resolver& resolver, HttpClientOptions options)
    : resolver_(resolver),
      options_(std::move(options)),
      loop_(std::make_shared<CurlLoop>(
          executor,
          CurlLoop::Limits{options_.max_connections, options_.max_connections_per_host,
                           options_.max_idle_connections},
          &HttpTransfer::end)),
      under_way_(std::make_shared<HttpUnderWay>(executor)) {}

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

  const auto time_left = request.total_timeout - spent;
  HttpTransfer transfer(loop_, under_way_, options_, std::move(request));
  co_return co_await transfer.run(std::move(target), std::move(**addresses), time_left);
}

}  // namespace crier
