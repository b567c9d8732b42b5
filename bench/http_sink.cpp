#include "http_sink.hpp"

#include <charconv>
#include <memory>
#include <string>
#include <string_view>

#include "base/encoding.hpp"

namespace crier::bench {
namespace {

constexpr std::string_view answer = "HTTP/1.1 204 No Content\r\n\r\n";

// HTTP/1.1 as its clients here speak it: a header with Content-Length, then the body.
class HttpDialogue final : public Dialogue {
 public:
  HttpDialogue(SinkBooks& books, KnownHashes& known) : books_(books), known_(known) {
    books_.connections.fetch_add(1);
  }

  std::string greeting() const override { return {}; }

  std::size_t take(std::string_view input, std::string& answers, std::int64_t now) override {
    std::size_t taken = 0;
    while (taken < input.size()) {
      const auto rest = input.substr(taken);
      const auto head_end = rest.find("\r\n\r\n");
      if (head_end == std::string_view::npos) break;
      const auto request = read_head(rest.substr(0, head_end + 2));
      const auto size = head_end + 4 + request.body_bytes;
      if (rest.size() < size) break;
      count(request, now);
      answers += answer;
      taken += size;
    }
    return taken;
  }

 private:
  struct Request {
    std::size_t body_bytes = 0;
    std::uint64_t id = 0;
  };

  static Request read_head(std::string_view head) {
    Request request;
    while (!head.empty()) {
      const auto line = head.substr(0, head.find("\r\n"));
      head.remove_prefix(line.size() + 2);
      const auto colon = line.find(": ");
      if (colon == std::string_view::npos) continue;
      const auto value = line.substr(colon + 2);
      // Names are 10 and 14 bytes long: others need not be compared.
      if (colon == 10 && to_lower_ascii(line.substr(0, colon)) == "webhook-id")
        request.id = std::hash<std::string_view>()(value) | 1U;
      else if (colon == 14 && to_lower_ascii(line.substr(0, colon)) == "content-length")
        std::from_chars(value.data(), value.data() + value.size(), request.body_bytes);
    }
    return request;
  }

  void count(const Request& request, std::int64_t now) {
    if (books_.first_bytes == 0) books_.first_bytes = now;
    books_.last_accepted = now;
    books_.messages.fetch_add(1);
    books_.bytes.fetch_add(request.body_bytes);
    if (request.id == 0)
      books_.unnamed.fetch_add(1);
    else
      (known_.add(request.id) ? books_.distinct : books_.duplicates).fetch_add(1);
  }

  SinkBooks& books_;
  KnownHashes& known_;
};

}  // namespace

SinkServer http_sink(const SinkOptions& options, SinkBooks& books) {
  const auto known = std::make_shared<KnownHashes>();
  return SinkServer(options, [known, &books] { return std::make_unique<HttpDialogue>(books, *known); });
}

}  // namespace crier::bench
