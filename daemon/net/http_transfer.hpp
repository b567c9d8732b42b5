// HttpTransfer: one request in libcurl's hands, from its options to its answer. Destroying it takes it back,
// finished or not. On the client's loop.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include "base/bell.hpp"
#include "net/http_client.hpp"

struct curl_slist;

namespace crier {

class CurlLoop;

struct HttpTransfer;

/// What a stop has to know of.
struct HttpUnderWay {
  explicit HttpUnderWay(const boost::asio::any_io_executor& executor) : stop(executor), patience(executor) {}

  std::vector<HttpTransfer*> transfers;
  bool is_stopping = false;
  Bell stop;  // for lookups
  boost::asio::steady_timer patience;
};

struct HttpTransfer {
  HttpTransfer(std::shared_ptr<CurlLoop> curl_loop, std::shared_ptr<HttpUnderWay> all,
               const HttpClientOptions& options, HttpRequest what);
  ~HttpTransfer();
  HttpTransfer(const HttpTransfer&) = delete;
  HttpTransfer& operator=(const HttpTransfer&) = delete;

  void make_handle(const HttpClientOptions& options);
  void set_options(const UrlTarget& target, Duration time_left);
  void set_method();
  void set_headers();
  void pin(const UrlTarget& target);
  /// Whether the other side may have all of it.
  bool is_sent() const;
  void give_up();
  Result<HttpResponse, HttpFailure> result(const UrlTarget& target);

  /// For CurlLoop.
  static void end(void* self, int code);

  std::shared_ptr<CurlLoop> loop;  // shared: a transfer may be destroyed with the loop's last handlers
  std::shared_ptr<HttpUnderWay> under_way;
  HttpRequest request;
  void* easy;  // a CURL*
  bool added = false;
  bool begun = false;  // it has its connection
  std::vector<std::string> lines;
  std::vector<curl_slist> headers;  // the lines; libcurl only reads them
  curl_slist* pins = nullptr;
  std::vector<IpAddress> checked;  // the only addresses this request may connect to
  std::size_t body_given = 0;
  std::size_t header_bytes = 0;
  HttpResponse response;
  std::array<char, 256> error_text{};       // CURL_ERROR_SIZE
  boost::asio::steady_timer finished_wait;  // cancelled when the transfer ends
  bool finished = false;
  bool given_up = false;
  int code = 0;  // a CURLcode
};

}  // namespace crier
