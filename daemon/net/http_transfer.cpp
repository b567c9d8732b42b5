#include "net/http_transfer.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <curl/curl.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/encoding.hpp"
#include "net/curl_loop.hpp"

namespace crier {
namespace {

constexpr std::size_t max_header_bytes = 65536;
// Longer than any request waits for its turn; a re-resolution by libcurl would meet open_checked_socket
// anyway.
constexpr long pin_seconds = 600;
// Below it libcurl asks nobody whether a body may come.
constexpr std::size_t expect_above = 1024UL * 1024;

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

struct HttpTransfer::Calls {
  static_assert(std::tuple_size_v<decltype(error_text_)> == CURL_ERROR_SIZE);

  static std::size_t give_body(char* out, std::size_t size, std::size_t count, void* self) {
    auto& transfer = *static_cast<HttpTransfer*>(self);
    const auto& body = transfer.request_.body;
    const auto step = std::min(size * count, body.size() - transfer.body_given_);
    std::copy_n(body.data() + transfer.body_given_, step, out);
    transfer.body_given_ += step;
    return step;
  }

  static std::size_t take_body(char* data, std::size_t size, std::size_t count, void* self) {
    auto& transfer = *static_cast<HttpTransfer*>(self);
    auto& body = transfer.response_.body;
    const auto room = transfer.request_.max_response_bytes - body.size();
    const auto got = size * count;
    body.append(data, std::min(got, room));
    if (got <= room) return got;
    transfer.response_.truncated = true;
    return 0;  // ends the transfer: nobody has to send us the rest
  }

  static std::size_t take_header(char* data, std::size_t size, std::size_t count, void* self) {
    auto& transfer = *static_cast<HttpTransfer*>(self);
    const std::string_view line(data, size * count);
    transfer.header_bytes_ += line.size();
    if (transfer.header_bytes_ > max_header_bytes) return 0;
    if (line.starts_with("HTTP/")) {  // a new head: an interim one (1xx) came before
      transfer.response_.headers.clear();
    } else if (const auto colon = line.find(':'); colon != std::string_view::npos) {
      transfer.response_.headers.emplace_back(to_lower_ascii(trim(line.substr(0, colon))),
                                              trim(line.substr(colon + 1)));
    }
    return line.size();
  }

  static int begin(void* self, char*, char*, int, int) {
    static_cast<HttpTransfer*>(self)->begun_ = true;
    return CURL_PREREQFUNC_OK;
  }

  // The last word on where a connection goes: whatever libcurl made of the URL, it is an address we checked.
  static curl_socket_t open_checked_socket(void* self, curlsocktype, curl_sockaddr* address) {
    const auto& transfer = *static_cast<HttpTransfer*>(self);
    const auto& checked = transfer.checked_;
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
    if (socket >= 0) transfer.loop_->opened(socket);
    return socket;
  }
};

HttpTransfer::HttpTransfer(std::shared_ptr<CurlLoop> loop, std::shared_ptr<HttpUnderWay> under_way,
                           const HttpClientOptions& options, HttpRequest request)
    : loop_(std::move(loop)),
      under_way_(std::move(under_way)),
      request_(std::move(request)),
      easy_(loop_->take_idle()),
      finished_wait_(loop_->executor(), boost::asio::steady_timer::time_point::max()) {
  if (easy_ == nullptr) make_handle(options);
  under_way_->transfers.push_back(this);
}

HttpTransfer::~HttpTransfer() {
  std::erase(under_way_->transfers, this);
  if (under_way_->transfers.empty()) under_way_->patience.cancel();
  if (added_) loop_->remove(easy_);
  curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, nullptr);
  if (pins_ != nullptr) {
    curl_easy_setopt(easy_, CURLOPT_RESOLVE, nullptr);
    curl_slist_free_all(pins_);
  }
  loop_->give_back(easy_);
}

boost::asio::awaitable<Result<HttpResponse, HttpFailure>> HttpTransfer::run(UrlTarget target,
                                                                            std::vector<IpAddress> checked,
                                                                            Duration time_left) {
  checked_ = std::move(checked);
  set_options(target, time_left);
  loop_->add(easy_);
  added_ = true;
  boost::system::error_code woken;
  co_await finished_wait_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, woken));
  if (!finished_ && !given_up_) throw boost::system::system_error(boost::asio::error::operation_aborted);
  co_return result(target);
}

void HttpTransfer::end(void* self, int code) {
  auto& transfer = *static_cast<HttpTransfer*>(self);
  transfer.code_ = code;
  transfer.finished_ = true;
  transfer.finished_wait_.cancel();
}

// What all requests of a client have in common, and a handle keeps from one to the next.
void HttpTransfer::make_handle(const HttpClientOptions& options) {
  easy_ = curl_easy_init();
  if (easy_ == nullptr) throw std::bad_alloc();
  curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy_, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy_, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy_, CURLOPT_PROXY, "");
  curl_easy_setopt(easy_, CURLOPT_NOPROXY, "*");  // else it looks for variables each time
  curl_easy_setopt(easy_, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!options.ca_file.empty()) curl_easy_setopt(easy_, CURLOPT_CAINFO, options.ca_file.c_str());
  curl_easy_setopt(easy_, CURLOPT_DNS_CACHE_TIMEOUT, pin_seconds);
  curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &Calls::take_body);
  curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, &Calls::take_header);
  curl_easy_setopt(easy_, CURLOPT_READFUNCTION, &Calls::give_body);
  curl_easy_setopt(easy_, CURLOPT_PREREQFUNCTION, &Calls::begin);
  curl_easy_setopt(easy_, CURLOPT_OPENSOCKETFUNCTION, &Calls::open_checked_socket);
}

// All that a request may differ in from the one that had the handle before.
void HttpTransfer::set_options(const UrlTarget& target, Duration time_left) {
  curl_easy_setopt(easy_, CURLOPT_PRIVATE, this);
  curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, error_text_.data());
  curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy_, CURLOPT_READDATA, this);
  curl_easy_setopt(easy_, CURLOPT_PREREQDATA, this);
  curl_easy_setopt(easy_, CURLOPT_OPENSOCKETDATA, this);
  curl_easy_setopt(easy_, CURLOPT_URL, request_.url.c_str());
  curl_easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request_.connect_timeout.count()));
  curl_easy_setopt(easy_, CURLOPT_TIMEOUT_MS, static_cast<long>(time_left.count()));
  curl_easy_setopt(easy_, CURLOPT_ACCEPT_ENCODING,
                   request_.accept_compressed ? "gzip, deflate, br" : nullptr);
  set_method();
  set_headers();
  if (!target.literal) pin(target);
}

void HttpTransfer::set_method() {
  // Leaves with its head in one write; or is read by a callback that cannot go back: libcurl would otherwise
  // repeat a POST on a new connection when a kept-alive one answers nothing, and the first may have been
  // acted on.
  curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, request_.may_repeat ? request_.body.data() : nullptr);
  curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
  std::string_view usual = "GET";
  if (request_.method == "HEAD")
    usual = "HEAD";
  else if (!request_.body.empty() || request_.method == "POST")
    usual = "POST";
  const auto how = usual == "GET" ? CURLOPT_HTTPGET : usual == "HEAD" ? CURLOPT_NOBODY : CURLOPT_POST;
  curl_easy_setopt(easy_, how, 1L);
  curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST,
                   request_.method != usual ? request_.method.c_str() : nullptr);
}

void HttpTransfer::set_headers() {
  constexpr std::size_t most_added = 3;
  lines_.reserve(request_.headers.size() + most_added);
  bool is_typed = false;
  bool is_named = false;
  for (const auto& [name, value] : request_.headers) {
    auto& line = lines_.emplace_back();
    line.reserve(name.size() + value.size() + 2);
    line.append(name).append(value.empty() ? ";" : ": ").append(value);
    const auto key = to_lower_ascii(name);
    is_typed = is_typed || key == "content-type";
    is_named = is_named || key == "user-agent";
  }
  if (!is_named) lines_.emplace_back("User-Agent: crier/" CRIER_VERSION);
  if (request_.body.size() > expect_above) lines_.emplace_back("Expect:");
  if (!is_typed) lines_.emplace_back("Content-Type:");  // libcurl would call it a form
  headers_.reserve(lines_.size());
  for (auto& line : lines_) headers_.push_back({line.data(), nullptr});
  for (std::size_t i = 1; i < headers_.size(); ++i) headers_[i - 1].next = &headers_[i];
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers_.data());
}

void HttpTransfer::pin(const UrlTarget& target) {
  std::string line = fmt::format("+{}:{}:", target.host, target.port);
  for (const auto& address : checked_)
    line +=
        fmt::format("{0}{2}{1},", address.is_v4() ? "" : "[", address.is_v4() ? "" : "]", to_string(address));
  line.pop_back();
  pins_ = curl_slist_append(pins_, line.c_str());
  curl_easy_setopt(easy_, CURLOPT_RESOLVE, pins_);
}

bool HttpTransfer::is_sent() const {
  if (!begun_) return false;  // libcurl would still tell of the handle's last request
  long head_sent = 0;
  curl_easy_getinfo(easy_, CURLINFO_REQUEST_SIZE, &head_sent);
  curl_off_t uploaded = 0;
  curl_easy_getinfo(easy_, CURLINFO_SIZE_UPLOAD_T, &uploaded);
  const auto given = request_.may_repeat ? static_cast<std::size_t>(uploaded) : body_given_;
  return head_sent > 0 && given == request_.body.size();
}

void HttpTransfer::give_up() {
  if (finished_) return;
  given_up_ = true;
  if (std::exchange(added_, false)) loop_->remove(easy_);
  finished_wait_.cancel();
}

Result<HttpResponse, HttpFailure> HttpTransfer::result(const UrlTarget& target) {
  if (!finished_)
    return HttpFailure{HttpFailure::Kind::stopping, target.origin() + ": given up, crier stops", is_sent()};
  const bool cut_short = code_ == CURLE_WRITE_ERROR && response_.truncated;
  if (code_ == CURLE_OK || cut_short) {
    long status = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    response_.status = static_cast<int>(status);
    return std::move(response_);
  }
  const auto failed = static_cast<CURLcode>(code_);
  HttpFailure failure{kind_of(failed), {}, is_sent()};
  const char* what = error_text_[0] != '\0' ? error_text_.data() : curl_easy_strerror(failed);
  failure.message = fmt::format("{}: {}", target.origin(), what);
  return failure;
}

}  // namespace crier
