#include "http/health.hpp"

#include <map>
#include <set>
#include <sstream>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <catch2/catch.hpp>

#include "base/metrics.hpp"
#include "http/metrics.hpp"
#include "support/http_call.hpp"

using namespace crier;
using namespace crier::http;
using crier::test::call;
namespace json = boost::json;

namespace {

// A strict reader of the text format 0.0.4: each family announced once by HELP and TYPE, its samples
// together, labels quoted, every line ended. Throws what is wrong.
class Exposition {
 public:
  explicit Exposition(const std::string& text) {
    if (text.empty() || text.back() != '\n') throw std::runtime_error("no line feed at the end");
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) read_line(line);
    for (const auto& [family, type] : types_) {
      if (type == "histogram") check_histogram(family);
    }
  }

  double at(const std::string& series) const { return samples_.at(series); }
  std::string type(const std::string& family) const { return types_.at(family); }
  std::size_t count(const std::string& prefix) const {
    std::size_t found = 0;
    for (const auto& [series, value] : samples_) found += series.starts_with(prefix) ? 1 : 0;
    return found;
  }

 private:
  void read_line(const std::string& line) {
    if (line.starts_with("# HELP ")) {
      family_ = line.substr(7, line.find(' ', 7) - 7);
      if (!families_.insert(family_).second) throw std::runtime_error("family twice: " + family_);
      return;
    }
    if (line.starts_with("# TYPE ")) {
      const auto space = line.find(' ', 7);
      if (line.substr(7, space - 7) != family_) throw std::runtime_error("TYPE without HELP: " + line);
      types_[family_] = line.substr(space + 1);
      return;
    }
    const auto space = line.rfind(' ');
    const auto series = line.substr(0, space);
    const auto name = series.substr(0, series.find('{'));
    const bool is_part =
        types_[family_] == "histogram" &&
        (name == family_ + "_bucket" || name == family_ + "_sum" || name == family_ + "_count");
    if (name != family_ && !is_part) throw std::runtime_error("a sample outside its family: " + line);
    if (!name.starts_with("crier_")) throw std::runtime_error("a name without prefix: " + line);
    if (types_[family_] == "counter" && !family_.ends_with("_total"))
      throw std::runtime_error("counter: " + line);
    check_labels(series.substr(name.size()));
    std::size_t used = 0;
    const auto value = std::stod(line.substr(space + 1), &used);
    if (used != line.size() - space - 1) throw std::runtime_error("value: " + line);
    if (!samples_.emplace(series, value).second) throw std::runtime_error("series twice: " + line);
  }

  static void check_labels(std::string labels) {
    if (labels.empty()) return;
    if (labels.front() != '{' || labels.back() != '}') throw std::runtime_error("labels: " + labels);
    for (std::size_t at = 1; at < labels.size();) {
      const auto equals = labels.find("=\"", at);
      if (equals == std::string::npos) throw std::runtime_error("labels: " + labels);
      auto end = equals + 2;
      for (; end < labels.size() && labels[end] != '"'; ++end) end += labels[end] == '\\' ? 1 : 0;
      at = end + 2;  // the quote, and "," or "}"
      if (at > labels.size()) throw std::runtime_error("labels: " + labels);
    }
  }

  void check_histogram(const std::string& family) const {
    if (samples_.at(family + "_bucket{le=\"+Inf\"}") != samples_.at(family + "_count"))
      throw std::runtime_error("histogram " + family + " has no whole bucket");
    if (!samples_.contains(family + "_sum")) throw std::runtime_error("histogram " + family + " has no sum");
  }

  std::string family_;
  std::set<std::string> families_;
  std::map<std::string, std::string> types_;
  std::map<std::string, double> samples_;
};

}  // namespace

TEST_CASE("livez answers without looking at anything") {
  const auto response = call(livez(), "GET", "/livez");
  REQUIRE(response.status == 200);
  REQUIRE(response.headers.get("Cache-Control") == "no-store");
}

TEST_CASE("readyz tells which check fails") {
  std::vector<HealthCheck> checks{{"storage", true, ""}, {"draining", true, ""}};
  const auto handler = readyz([&] { return checks; });
  auto response = call(handler, "GET", "/readyz");
  REQUIRE(response.status == 200);
  REQUIRE(json::parse(response.body) ==
          json::parse(R"({"status":"ready","checks":{"storage":{"ok":true},"draining":{"ok":true}}})"));
  checks[0] = {"storage", false, "disk full"};
  response = call(handler, "GET", "/readyz");
  REQUIRE(response.status == 503);
  REQUIRE(json::parse(response.body).at("checks").at("storage").at("detail") == "disk full");
}

TEST_CASE("metrics: known series begin at 0 and the page is strict text format") {
  Metrics metrics({"1.2.3", {"desk", "a \"quoted\\\nfeed"}, {"email", "webhook"}, {"public"}});
  const auto page = call(metrics_page(metrics), "GET", "/metrics");
  REQUIRE(page.content_type == "text/plain; version=0.0.4; charset=utf-8");
  const Exposition fresh(page.body);
  REQUIRE(fresh.at(R"(crier_deliveries_total{channel="email",outcome="delivered"})") == 0);
  REQUIRE(fresh.at(R"(crier_queue_depth{channel="webhook"})") == 0);
  REQUIRE(fresh.at(R"(crier_build_info{version="1.2.3"})") == 1);
  REQUIRE(fresh.type("crier_alert_latency_seconds") == "histogram");

  metrics.story_seen("desk", "created");
  metrics.story_seen("desk", "created");
  metrics.delivery_ended("email", "suppressed");
  metrics.set_queue_depth("email", 42);
  metrics.set_oldest_age(std::chrono::milliseconds(1500));
  metrics.observe_alert_latency(std::chrono::milliseconds(200));
  metrics.set_reload_successful(true);
  metrics.request_answered("public", 404);
  const Exposition after(metrics.exposition());
  REQUIRE(after.at(R"(crier_stories_total{result="created",source="desk"})") == 2);
  REQUIRE(after.at(R"(crier_deliveries_total{channel="email",outcome="suppressed"})") == 1);
  REQUIRE(after.at(R"(crier_queue_depth{channel="email"})") == 42);
  REQUIRE(after.at("crier_oldest_age_seconds") == 1.5);
  REQUIRE(after.at(R"(crier_alert_latency_seconds_bucket{le="0.25"})") == 1);
  REQUIRE(after.at(R"(crier_alert_latency_seconds_bucket{le="0.1"})") == 0);
  REQUIRE(after.at("crier_config_last_reload_successful") == 1);
  REQUIRE(after.at(R"(crier_http_requests_total{code="4xx",listener="public"})") == 1);
}

TEST_CASE("metrics: what comes from outside adds no series") {
  Metrics metrics({"1", {"desk"}, {"email"}, {"public"}});
  const auto before = Exposition(metrics.exposition()).count("crier_");
  for (int i = 0; i < 100; ++i) {
    metrics.story_seen("source-" + std::to_string(i), "result-" + std::to_string(i));
    metrics.delivery_ended("channel-" + std::to_string(i), "delivered");
    metrics.set_queue_depth("channel-" + std::to_string(i), 1);
    metrics.request_answered("public", i);
  }
  const Exposition after(metrics.exposition());
  REQUIRE(after.count("crier_") == before);
  REQUIRE(after.at(R"(crier_stories_total{result="other",source="other"})") == 100);
  REQUIRE(after.at(R"(crier_http_requests_total{code="other",listener="public"})") == 100);
}
