#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <fstream>
#include <map>
#include <thread>

#include <arpa/inet.h>
#include <boost/json.hpp>
#include <fmt/core.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "benches.hpp"
#include "measure.hpp"
#include "newsroom.hpp"
#include "options.hpp"
#include "process.hpp"
#include "sink_server.hpp"

namespace crier::bench {
namespace {

namespace json = boost::json;

constexpr const char* usage =
    "Usage: crier-bench feeds [--feeds N] [--hosts N] [--items N] [--every 10s] [--for 30s]\n"
    "A real `crier serve` polls feeds of local hosts, each with a new story at each poll; how long /livez, "
    "which is\n"
    "answered on the loop, takes meanwhile, and without feeds.\n";

struct Options {
  std::int64_t feeds = 300;
  std::int64_t hosts = 100;
  std::int64_t items = 100;
  Duration every = std::chrono::seconds(10);
  Duration lasts = std::chrono::seconds(30);
};

class Socket {
 public:
  explicit Socket(int descriptor) : descriptor_(descriptor) {
    if (descriptor < 0) throw std::runtime_error("no socket");
  }
  ~Socket() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Socket& operator=(Socket&&) = delete;
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

Socket new_socket() {
  return Socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

// 127.1.0.HOST: hosts of their own, all on this machine.
sockaddr_in address_of(std::int64_t host, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(0x7F010000U + static_cast<std::uint32_t>(host) + 1);
  address.sin_port = htons(port);
  return address;
}

std::string name_of(std::int64_t host) {
  return fmt::format("127.1.{}.{}", (host + 1) / 256, (host + 1) % 256);
}

std::string read_until(const Socket& socket, std::string_view end) {
  std::string text;
  std::array<char, 4096> bytes{};
  while (text.find(end) == std::string::npos) {
    const auto count = ::recv(socket.get(), bytes.data(), bytes.size(), 0);
    if (count <= 0) break;
    text.append(bytes.data(), static_cast<std::size_t>(count));
  }
  return text;
}

void write_all(const Socket& socket, std::string_view text) {
  while (!text.empty()) {
    const auto count = ::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL);
    if (count <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

struct Counts {
  std::atomic<std::int64_t> answers{0};
  std::atomic<std::int64_t> bytes{0};
};

// One host after the other serves its feeds; each request gets one story more than the one before.
class FeedHosts {
 public:
  FeedHosts(const Options& options, Counts& counts) : items_(options.items), counts_(counts) {
    for (std::int64_t host = 0; host < options.hosts; ++host) {
      auto& listener = listeners_.emplace_back(new_socket());
      auto address = address_of(host, port_);
      socklen_t size = sizeof address;
      if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
          ::listen(listener.get(), 256) != 0 ||
          ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
        throw std::runtime_error("cannot listen on " + name_of(host));
      ports_.push_back(ntohs(address.sin_port));
    }
  }

  std::string url_of(std::int64_t feed) const {
    const auto host = feed % static_cast<std::int64_t>(ports_.size());
    return fmt::format("http://{}:{}/{}.xml", name_of(host), ports_[static_cast<std::size_t>(host)], feed);
  }

  void run() {
    std::vector<pollfd> waiting;
    for (const auto& listener : listeners_) waiting.push_back({listener.get(), POLLIN, 0});
    for (;;) {
      ::poll(waiting.data(), waiting.size(), -1);
      for (const auto& one : waiting)
        if ((one.revents & POLLIN) != 0) answer(Socket(::accept(one.fd, nullptr, nullptr)));
    }
  }

 private:
  void answer(const Socket& socket) {
    const auto head = read_until(socket, "\r\n\r\n");
    const auto path = head.substr(0, head.find(" HTTP"));
    const auto body = feed(path.substr(path.find('/') + 1), asked_[path]++);
    write_all(socket,
              fmt::format("HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nContent-Length: {}\r\n"
                          "Connection: close\r\n\r\n",
                          body.size()) +
                  body);
    counts_.answers.fetch_add(1);
    counts_.bytes.fetch_add(static_cast<std::int64_t>(body.size()));
  }

  std::string feed(std::string_view name, std::int64_t first) const {
    std::string out = fmt::format("<rss version=\"2.0\"><channel><title>{}</title>", name);
    for (auto number = first + items_; number > first; --number)
      out += fmt::format(
          "<item><guid isPermaLink=\"false\">{0}-{1}</guid><title>Story {1} of {0}</title>"
          "<link>https://wire.example.org/{0}/{1}</link><description>Ship {1} of {0} came in after a night "
          "at sea. "
          "By noon {1} tons of grain had been landed, and the crew of {0} went home to its "
          "families.</description>"
          "</item>\n",
          name, number);
    return out + "</channel></rss>\n";
  }

  std::uint16_t port_ = 0;  // any
  std::int64_t items_;
  Counts& counts_;
  std::vector<Socket> listeners_;
  std::vector<std::uint16_t> ports_;
  std::map<std::string, std::int64_t> asked_;
};

std::uint16_t free_port() {
  const auto socket = new_socket();
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("no free port");
  return ntohs(address.sin_port);
}

// Milliseconds of one request of /livez, by a connection of its own.
double ask_livez(std::uint16_t port) {
  const auto start = monotonic_now();
  const auto socket = new_socket();
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error("crier does not answer");
  write_all(socket, "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  if (!read_until(socket, "\r\n\r\n").starts_with("HTTP/1.1 200"))
    throw std::runtime_error("/livez is not well");
  return static_cast<double>(monotonic_now() - start) / 1e6;
}

json::object spread(std::vector<double> values) {
  std::ranges::sort(values);
  const auto at = [&](double share) {
    return values.empty() ? 0
                          : values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
  };
  return {{"count", values.size()}, {"p50_ms", at(0.5)}, {"p99_ms", at(0.99)}, {"max_ms", at(1)}};
}

struct Run {
  json::object livez;
  double cpu_share = 0;  // of one core
  double resident_mb = 0;
  std::int64_t answers = 0;
};

// Asks a hundred times a second, while crier polls.
Run watch(const Options& options, const std::string& feeds, const Counts& counts, bool wait_for_all) {
  const ScratchFolder scratch;
  const auto port = free_port();
  NewsroomPlan plan;
  plan.readers = {
      {.topic = "harbour", .count = 1, .endpoint = "email: a@example.org", .follows = {{"harbour"}}}};
  plan.channels = email_channel("maildir:var/mail", 1);
  plan.sections = fmt::format("http: {{operator: {{listen: \"127.0.0.1:{}\"}}}}\n", port);
  const NewsroomFolder folder(scratch.path(), plan);
  std::ofstream(folder.path() / "config" / "feeds.yaml") << feeds;
  RunningCrier crier(folder);
  const auto answers = [&] { return static_cast<std::int64_t>(counts.answers.load()); };
  const auto all_are_read = [&] { return answers() >= options.feeds; };
  if (wait_for_all && !crier.wait_until(all_are_read, answers, "first polls"))
    throw std::runtime_error("the feeds are not read: nothing moved for a minute");
  show_progress("/livez is asked");
  const auto cpu_before = crier.process().cpu_s();
  const auto answers_before = counts.answers.load();
  const auto start = monotonic_now();
  const auto end = start + std::chrono::nanoseconds(options.lasts).count();
  std::vector<double> times;
  while (monotonic_now() < end) {
    times.push_back(ask_livez(port));
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  const auto seconds = static_cast<double>(monotonic_now() - start) / 1e9;
  Run run{spread(std::move(times)), (crier.process().cpu_s() - cpu_before) / seconds,
          crier.process().resident_mb(), counts.answers - answers_before};
  crier.stop();
  show_progress("");
  return run;
}

}  // namespace

int feeds_bench(const Words& words) {
  Options options;
  const bool is_good = read_options(words, {{"--feeds", &options.feeds},
                                            {"--hosts", &options.hosts},
                                            {"--items", &options.items},
                                            {"--every", &options.every},
                                            {"--for", &options.lasts}});
  if (!is_good) return complain(words, usage);
  Shared<Counts> counts;
  FeedHosts hosts(options, *counts);
  std::string feeds = "sources:\n";
  for (std::int64_t feed = 0; feed < options.feeds; ++feed)
    feeds += fmt::format("  wire-{}: {{feed: \"{}\", every: {}, allow: [127.0.0.0/8]}}\n", feed,
                         hosts.url_of(feed), to_string(options.every));
  const Process server([&] { hosts.run(); });
  const auto idle = watch(options, "sources: {}\n", *counts, false);
  const auto busy = watch(options, feeds, *counts, true);
  const auto seconds = std::chrono::duration<double>(options.lasts).count();
  fmt::print("{}\n",
             json::serialize(json::object{
                 {"bench", "feeds"},
                 {"feeds", options.feeds},
                 {"hosts", options.hosts},
                 {"feed_kb", static_cast<double>(counts->bytes) / 1e3 / static_cast<double>(counts->answers)},
                 {"polls_per_s", static_cast<double>(busy.answers) / seconds},
                 {"livez", busy.livez},
                 {"livez_without_feeds", idle.livez},
                 {"cpu_share", busy.cpu_share},
                 {"rss_mb", busy.resident_mb},
                 {"rss_without_feeds_mb", idle.resident_mb}}));
  return exit_code::ok;
}

}  // namespace crier::bench
