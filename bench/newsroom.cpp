#include "newsroom.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <fstream>
#include <random>
#include <set>
#include <thread>

#include <boost/json.hpp>
#include <fmt/core.h>

#include "base/files.hpp"
#include "db/sqlite.hpp"
#include "sink_server.hpp"

namespace crier::bench {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using namespace std::chrono_literals;

// Mails below this are made with templates of a few lines.
constexpr std::size_t least_with_design = 16'000;
constexpr std::size_t most_text = 24'000;  // of an alert, as crier limits it

constexpr std::array words{"the",     "port",    "council", "opened",   "after", "years",  "of",
                           "work",    "and",     "ships",   "from",     "seven", "states", "brought",
                           "grain",   "steel",   "timber",  "machines", "while", "prices", "of",
                           "freight", "fell",    "sharply", "because",  "crews", "found",  "faster",
                           "routes",  "through", "shallow", "water",    "near",  "old",    "lighthouse"};

std::string filler(std::string_view seed, std::size_t bytes) {
  std::minstd_rand random(static_cast<unsigned>(std::hash<std::string_view>()(seed)));
  std::string out;
  std::size_t paragraph = 0;
  while (out.size() < bytes) {
    const bool is_first = paragraph == 0;
    const auto before = out.size();
    std::string word = words[random() % words.size()];
    if (is_first) word[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(word[0])));
    out += word;
    paragraph += out.size() - before;
    const bool is_last = paragraph > 400;
    out += is_last ? ".\n\n" : " ";
    if (is_last) paragraph = 0;
  }
  out.resize(bytes);
  return out;
}

std::string endpoint_of(const Readership& readers, std::int64_t number) {
  auto out = readers.endpoint;
  if (const auto place = out.find("{}"); place != std::string::npos)
    out.replace(place, 2, std::to_string(number));
  return out;
}

std::string end_of(const fs::path& log) {
  constexpr std::size_t shown = 2000;
  const auto text = read_file(log, UINT64_C(1) << 30).value();
  return text.substr(text.size() - std::min(text.size(), shown));
}

void write_text(const fs::path& path, std::string_view text) {
  fs::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary);
  file << text;
  if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
}

void write_config(const fs::path& folder, const NewsroomPlan& plan, std::int64_t most,
                  std::string_view more) {
  std::string base =
      "site: {name: The Bench Courier, url: \"https://courier.example.org\", address: 1 Example Street}\n"
      "public_url: https://news.example.org\n"
      "state: var\n"
      "repeats: {group: false}\n"
      "sources: {desk: {folder: stories}}\n"
      "channels:\n" +
      plan.channels + plan.sections + std::string(more) + "topics:\n";
  std::set<std::string> topics;
  for (const auto& readers : plan.readers) {
    for (const auto& follow : readers.follows) topics.insert(follow.topic);
  }
  for (const auto& topic : topics)
    base += fmt::format("  {0}: {{title: All about {0}, any: [{0}]}}\n", topic);
  write_text(folder / "base.yaml", base);
  std::ofstream file(folder / "subscribers.yaml", std::ios::binary);
  file << "subscribers:\n";
  for (const auto& readers : plan.readers) {
    std::string follows;
    for (const auto& follow : readers.follows)
      follows += fmt::format("      - {{topic: {}, deliver: {}}}\n", follow.topic, follow.deliver);
    for (std::int64_t i = 0; i < std::min(readers.count, most); ++i)
      file << fmt::format("  - id: {}-{}\n    {}\n    follow:\n{}", readers.topic, i, endpoint_of(readers, i),
                          follows);
  }
  if (!file.flush()) throw std::runtime_error("cannot write the subscribers");
}

// A mail of one or two kilobytes, in place of the design that crier is shipped with.
void write_templates(const fs::path& folder) {
  constexpr const char* html =
      "<!DOCTYPE html><html><body>{{#items}}<h1>{{title}}</h1>{{#paragraphs}}<p>{{text}}</p>{{/paragraphs}}"
      "{{/items}}<p>{{reader_reason}} <a href=\"{{unsubscribe_url}}\">Unsubscribe</a></p></body></html>\n";
  constexpr const char* text =
      "{{#items}}{{title}}\n\n{{#paragraphs}}{{text}}\n\n{{/paragraphs}}{{/items}}"
      "{{reader_reason}}\nUnsubscribe: {{unsubscribe_url}}\n";
  for (const auto* kind : {"alert", "digest"}) {
    write_text(folder / fmt::format("{}.html.mustache", kind), html);
    write_text(folder / fmt::format("{}.txt.mustache", kind), text);
  }
}

}  // namespace

std::string email_channel(std::string_view relay, std::int64_t connections, std::string_view more) {
  return fmt::format(
      "  email:\n    relay: \"{}\"\n    from: alerts@courier.example.org\n    connections: {}\n{}", relay,
      connections, more);
}

fs::path crier_program() {
  auto program = fs::read_symlink("/proc/self/exe").parent_path() / "crier";
  if (!fs::exists(program)) throw std::runtime_error(program.string() + " is not there: build it first");
  return program;
}

NewsroomFolder::NewsroomFolder(fs::path folder, const NewsroomPlan& plan) : path_(fs::absolute(folder)) {
  fs::create_directories(path_ / "stories");
  fs::create_directories(path_ / "unfinished");
  const auto templates = plan.mail_bytes < least_with_design ? "templates: templates\n" : "";
  write_templates(path_ / "templates");
  write_config(path_ / "config", plan, INT64_MAX, templates);
  write_config(path_ / "config-of-one", plan, 1, templates);
}

std::string NewsroomFolder::story(std::string_view id, std::string_view topic, std::size_t text_bytes) {
  return json::serialize(json::object{{"id", id},
                                      {"title", fmt::format("{}: news about the {}", id, topic)},
                                      {"body_text", filler(id, text_bytes)}});
}

std::string NewsroomFolder::cancellation(std::string_view id) {
  return json::serialize(json::object{{"id", id}, {"version", 2}, {"status", "canceled"}, {"title", id}});
}

std::size_t NewsroomFolder::mail_bytes(std::string_view story, std::string_view topic) const {
  const auto file = path_ / "unfinished" / "preview.json";
  write_text(file, story);
  const auto log = path_ / "preview.log";
  Process preview({crier_program(), "preview", file, "--config", "config-of-one", "--channel", "email",
                   "--to", fmt::format("{}-0", topic), "--out", "preview"},
                  path_, log);
  if (!preview.wait().is_good()) throw std::runtime_error("crier preview failed:\n" + end_of(log));
  return fs::file_size(path_ / "preview" / "email.eml");
}

std::size_t NewsroomFolder::text_bytes_for(std::string_view topic, std::size_t mail_bytes) const {
  std::size_t least = 1;
  std::size_t most = most_text;
  while (most - least > 64) {
    const auto middle = (least + most) / 2;
    (this->mail_bytes(story("preview", topic, middle), topic) <= mail_bytes ? least : most) = middle;
  }
  return least;
}

std::int64_t NewsroomFolder::land(std::string_view id, std::string_view story) const {
  const auto name = fmt::format("{}.json", id);
  write_text(path_ / "unfinished" / name, story);
  const auto now = monotonic_now();
  fs::rename(path_ / "unfinished" / name, path_ / "stories" / name);
  return now;
}

Tally NewsroomFolder::total() const {
  Sqlite db(path_ / "var" / "crier.db", Sqlite::Mode::read_only);
  db.execute("BEGIN");  // the daemon goes on writing, what is read here is of one moment
  const auto ledger = read_ledger(db, {}, 0).value();
  if (!ledger.balances()) throw std::runtime_error("the ledger does not balance");
  return ledger.total;
}

RunningCrier::RunningCrier(const NewsroomFolder& folder)
    : log_(folder.path() / fmt::format("crier-{}.log", monotonic_now())),
      process_({crier_program(), "serve", "--config", "config"}, folder.path(), log_) {
  const auto start = monotonic_now();
  std::ifstream log;
  std::string text;
  while (text.find("crier.ready") == std::string::npos) {
    load_s_ = static_cast<double>(monotonic_now() - start) / 1e9;
    if (process_.has_ended()) throw std::runtime_error("crier did not start:\n" + text);
    if (load_s_ > 600) throw std::runtime_error("crier was not ready within ten minutes");
    std::this_thread::sleep_for(10ms);
    if (!log.is_open()) log.open(log_);
    log.clear();
    text.append(std::istreambuf_iterator<char>(log), {});
  }
}

bool RunningCrier::wait_until(const std::function<bool()>& is_done,
                              const std::function<std::int64_t()>& count, std::string_view of_what) {
  constexpr std::int64_t second = 1'000'000'000;
  auto moved_at = monotonic_now();
  auto shown_at = moved_at;
  auto looked_at = moved_at;
  auto shown = count();
  auto last = shown;
  while (!is_done()) {
    std::this_thread::sleep_for(2ms);
    const auto now = monotonic_now();
    if (now - looked_at > second / 20) {
      peak_mb_ = std::max(peak_mb_, process_.resident_mb());
      looked_at = now;
    }
    if (process_.has_ended()) throw std::runtime_error("crier ended:\n" + end_of(log_));
    if (const auto so_far = count(); so_far != last) {
      last = so_far;
      moved_at = now;
    }
    if (now - moved_at > 60 * second) return false;
    if (now - shown_at < second) continue;
    show_progress(fmt::format("{}: {}, {}/s", of_what, last, (last - shown) * second / (now - shown_at)));
    shown_at = now;
    shown = last;
  }
  show_progress("");
  return true;
}

void RunningCrier::stop() {
  process_.signal(SIGTERM);
  process_.wait();
}

}  // namespace crier::bench
