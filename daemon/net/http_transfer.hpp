// HttpTransfer: one request in libcurl's hands, from its options to its answer. Destroying it takes it back,
// finished or not. On the client's loop.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/bell.hpp"
#include "net/http_client.hpp"

struct curl_slist;

namespace crier {

class CurlLoop;

class HttpTransfer;

/// What a stop has to know of.
struct HttpUnderWay {
  explicit HttpUnderWay(const boost::asio::any_io_executor& executor) : stop(executor), patience(executor) {}

  std::vector<HttpTransfer*> transfers;
  bool is_stopping = false;
  Bell stop;  // for lookups
  boost::asio::steady_timer patience;
};

class HttpTransfer {
 public:
  HttpTransfer(std::shared_ptr<CurlLoop> loop, std::shared_ptr<HttpUnderWay> under_way,
               const HttpClientOptions& options, HttpRequest request);
  ~HttpTransfer();
  HttpTransfer(const HttpTransfer&) = delete;
  HttpTransfer& operator=(const HttpTransfer&) = delete;

  /// Once. `checked`: the only addresses it may connect to.
  boost::asio::awaitable<Result<HttpResponse, HttpFailure>> run(UrlTarget target,
                                                                std::vector<IpAddress> checked,
                                                                Duration time_left);
  /// Whether the other side may have all of it.
  bool is_sent() const;
  /// Before anything more of it leaves; run() returns.
  void give_up();

  /// For CurlLoop.
  static void end(void* self, int code);

 private:
  struct Calls;  // what libcurl calls

  void make_handle(const HttpClientOptions& options);
  void set_options(const UrlTarget& target, Duration time_left);
  void set_method();
  void set_headers();
  void pin(const UrlTarget& target);
  Result<HttpResponse, HttpFailure> result(const UrlTarget& target);

  std::shared_ptr<CurlLoop> loop_;  // shared: a transfer may be destroyed with the loop's last handlers
  std::shared_ptr<HttpUnderWay> under_way_;
  HttpRequest request_;
  void* easy_;  // a CURL*
  bool added_ = false;
  bool begun_ = false;  // it has its connection
  std::vector<std::string> lines_;
  std::vector<curl_slist> headers_;  // the lines; libcurl only reads them
  curl_slist* pins_ = nullptr;
  std::vector<IpAddress> checked_;
  std::size_t body_given_ = 0;
  std::size_t header_bytes_ = 0;
  HttpResponse response_;
  std::array<char, 256> error_text_{};       // CURL_ERROR_SIZE
  boost::asio::steady_timer finished_wait_;  // cancelled when the transfer ends
  bool finished_ = false;
  bool given_up_ = false;
  int code_ = 0;  // a CURLcode
};

}  // namespace crier
