#include "smtp_peers.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <map>
#include <stdexcept>
#include <thread>

#include <curl/curl.h>
#include <fmt/core.h>

#include "base/files.hpp"
#include "measure.hpp"
#include "node_peer.hpp"
#include "process.hpp"

namespace crier::bench {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

// A mail like those of the daemon: a short header, then lines of 76 characters.
std::string make_mail(std::size_t size) {
  std::string mail =
      "From: <alerts@courier.example.org>\r\nTo: <reader@digest.example>\r\nSubject: News about the "
      "harbour\r\n"
      "Date: Wed, 18 Oct 2023 19:37:00 +0000\r\nMessage-ID: <############@peer.example>\r\n"
      "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n";
  const std::string line(76, 'x');
  while (mail.size() + line.size() + 2 <= size) mail += line + "\r\n";
  return mail;
}

// One transfer of libcurl's, used again for the next message, as its pool of connections wants it.
class CurlMail {
 public:
  CurlMail(const PeerLoad& load, std::uint16_t port) : mail_(make_mail(load.size)), id_at_(mail_.find('#')) {
    curl_easy_setopt(easy(), CURLOPT_URL, fmt::format("smtp://127.0.0.1:{}/peer.example", port).c_str());
    curl_easy_setopt(easy(), CURLOPT_MAIL_FROM, "<alerts@courier.example.org>");
    recipients_.reset(curl_slist_append(nullptr, "<reader@digest.example>"));
    curl_easy_setopt(easy(), CURLOPT_MAIL_RCPT, recipients_.get());
    curl_easy_setopt(easy(), CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy(), CURLOPT_UPLOAD_BUFFERSIZE, 65536L);
    curl_easy_setopt(easy(), CURLOPT_READDATA, this);
    curl_easy_setopt(easy(), CURLOPT_READFUNCTION, &CurlMail::read);
    curl_easy_setopt(easy(), CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(mail_.size()));
    curl_easy_setopt(easy(), CURLOPT_NOSIGNAL, 1L);
  }

  CURL* easy() const { return easy_.get(); }
  void begin(std::int64_t number) {
    fmt::format("{:012}", number).copy(mail_.data() + id_at_, 12);
    sent_ = 0;
  }

 private:
  static std::size_t read(char* to, std::size_t size, std::size_t count, void* self) {
    auto& mail = *static_cast<CurlMail*>(self);
    const auto bytes = std::min(size * count, mail.mail_.size() - mail.sent_);
    std::memcpy(to, mail.mail_.data() + mail.sent_, bytes);
    mail.sent_ += bytes;
    return bytes;
  }

  struct Free {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };
  std::string mail_;
  std::size_t id_at_;
  std::size_t sent_ = 0;
  std::unique_ptr<curl_slist, Free> recipients_;
  std::unique_ptr<CURL, Free> easy_{curl_easy_init()};
};

// Peers are given this long; what they have sent by then counts.
class Deadline {
 public:
  bool is_over() const { return std::chrono::steady_clock::now() > at_; }

 private:
  std::chrono::steady_clock::time_point at_ = std::chrono::steady_clock::now() + std::chrono::seconds(5);
};

std::int64_t curl_easy(const PeerLoad& load, std::uint16_t port) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  std::atomic<std::int64_t> next{0};
  std::atomic<std::int64_t> sent{0};
  const Deadline deadline;
  std::vector<std::thread> threads;
  for (std::int64_t i = 0; i < load.connections; ++i) {
    threads.emplace_back([&] {
      CurlMail mail(load, port);
      for (std::int64_t number = next++; number < load.messages && !deadline.is_over(); number = next++) {
        mail.begin(number);
        if (curl_easy_perform(mail.easy()) == CURLE_OK) ++sent;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  return sent;
}

std::int64_t curl_multi(const PeerLoad& load, std::uint16_t port) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  const std::unique_ptr<CURLM, CURLMcode (*)(CURLM*)> multi(curl_multi_init(), &curl_multi_cleanup);
  std::map<CURL*, std::unique_ptr<CurlMail>> mails;
  std::int64_t next = 0;
  std::int64_t sent = 0;
  const Deadline deadline;
  for (std::int64_t i = 0; i < std::min(load.connections, load.messages); ++i) {
    auto mail = std::make_unique<CurlMail>(load, port);
    mail->begin(next++);
    curl_multi_add_handle(multi.get(), mail->easy());
    mails.emplace(mail->easy(), std::move(mail));
  }
  for (int running = 1; running > 0;) {
    curl_multi_perform(multi.get(), &running);
    int left = 0;
    while (const auto* message = curl_multi_info_read(multi.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      if (message->data.result == CURLE_OK) ++sent;
      auto* easy = message->easy_handle;
      curl_multi_remove_handle(multi.get(), easy);
      if (next >= load.messages || deadline.is_over()) continue;
      mails.at(easy)->begin(next++);
      curl_multi_add_handle(multi.get(), easy);
      ++running;
    }
    if (running > 0) curl_multi_poll(multi.get(), nullptr, 0, 1000, nullptr);
  }
  for (const auto& [easy, mail] : mails) curl_multi_remove_handle(multi.get(), easy);
  return sent;
}

struct Ran {
  std::int64_t sent = 0;
  double cpu_s = 0;
};

Ran run_apart(const std::function<std::int64_t()>& work) {
  Shared<std::int64_t> sent;
  Process process([&] { *sent = work(); });
  const auto end = process.wait();
  if (!end.is_good()) throw std::runtime_error("the peer failed");
  return {*sent, end.cpu_s};
}

Ran smtp_source(const PeerLoad& load, std::uint16_t port, const fs::path& scratch) {
  auto messages = load.messages;
  if (load.sink.server.reply_delay > Duration::zero()) {
    // It sends until it is done: as many as four round trips a message let through in five seconds.
    const auto round_trips = std::chrono::seconds(5) / load.sink.server.reply_delay;
    messages = std::min<std::int64_t>(messages, load.connections * round_trips / 4);
  }
  Process process(
      {"smtp-source", "-d", "-N", "-s", std::to_string(load.connections), "-m", std::to_string(messages),
       "-l", std::to_string(load.size), "-f", "alerts@courier.example.org", "-t", "reader@digest.example",
       fmt::format("127.0.0.1:{}", port)},
      scratch, scratch / "peer.log");
  const auto end = process.wait();
  if (!end.is_good())
    throw std::runtime_error("smtp-source: " + read_file(scratch / "peer.log", UINT64_C(1) << 20).value());
  return {messages, end.cpu_s};
}

Ran nodemailer(const PeerLoad& load, std::uint16_t port, const NodePeer& node, const fs::path& scratch) {
  const auto mail = scratch / "mail.eml";
  if (const auto written = write_file_atomically(mail, make_mail(load.size)); !written)
    throw std::runtime_error(written.error().message);
  const auto out = node.run("nodemailer.mjs",
                            {std::to_string(port), std::to_string(load.connections),
                             std::to_string(load.messages), fs::absolute(mail).string()},
                            scratch);
  return {out.at("sent").as_int64(), out.at("cpu_s").to_number<double>()};
}

Ran run(const std::string& name, const PeerLoad& load, std::uint16_t port, const fs::path& scratch) {
  if (name == "smtp-source") return smtp_source(load, port, scratch);
  if (name == "curl-easy") return run_apart([&] { return curl_easy(load, port); });
  if (name == "curl-multi") return run_apart([&] { return curl_multi(load, port); });
  return nodemailer(load, port, NodePeer("nodemailer@6.9.16"), scratch);
}

}  // namespace

const std::vector<std::string>& peer_names() {
  static const std::vector<std::string> names{"smtp-source", "curl-easy", "curl-multi", "nodemailer"};
  return names;
}

json::object run_peer(const std::string& name, const PeerLoad& load) {
  if (name == "smtp-source" && !is_installed("smtp-source"))
    return {{"skipped", "smtp-source is not installed; it is in the package postfix"}};
  const ScratchFolder scratch;
  Shared<SinkBooks> books;
  auto sink = smtp_sink(load.sink, *books);
  Process server([&] { sink.run(); });
  Ran ran;
  try {
    ran = run(name, load, sink.port(), scratch.path());
  } catch (const std::exception& e) {
    return {{"skipped", e.what()}};
  }
  server.signal(SIGTERM);
  server.wait();
  const auto accepted = static_cast<std::int64_t>(books->messages);
  return {{"messages", accepted},
          {"rate", books->rate()},
          {"cpu_us_per_message", ran.cpu_s * 1e6 / static_cast<double>(std::max<std::int64_t>(accepted, 1))},
          {"lost", ran.sent - static_cast<std::int64_t>(books->distinct)},
          {"duplicates", books->duplicates.load()},
          {"mode", books->mode()}};
}

}  // namespace crier::bench
