#include "app/app.hpp"

#include <csignal>
#include <cstdlib>
#include <map>
#include <optional>
#include <thread>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/core.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "app/doors.hpp"
#include "app/exit_codes.hpp"
#include "app/notify.hpp"
#include "app/services.hpp"
#include "app/state_folder.hpp"
#include "app/story_input.hpp"
#include "audience/suppression.hpp"
#include "base/files.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/tasks.hpp"
#include "base/workers.hpp"
#include "db/database.hpp"
#include "db/schema.hpp"
#include "dispatch/courier.hpp"
#include "dispatch/digest_desk.hpp"
#include "dispatch/intake.hpp"
#include "http/operator_listener.hpp"
#include "http/public_listener.hpp"
#include "outbox/outbox.hpp"
#include "outbox/settlements.hpp"
#include "story/folder_source.hpp"
#include "story/past_stories.hpp"
#include "text/analyzer.hpp"

namespace crier {
namespace {

namespace asio = boost::asio;

constexpr Duration drain_time = std::chrono::seconds(30);  // of the 60 s that the unit allows
constexpr Duration stop_time = std::chrono::seconds(5);    // for what is left after that
constexpr std::uint64_t least_free_bytes = 64ULL << 20;

MetricLabels metric_labels(const Config& config) {
  MetricLabels labels;
  labels.version = CRIER_VERSION;
  for (const auto& folder : config.folders) labels.sources.push_back(folder.name);
  labels.sources.emplace_back("push");
  for (const auto channel : all_channels) labels.channels.emplace_back(to_string(channel));
  labels.listeners = {"public", "operator"};
  return labels;
}

// What the database holds that the loop works with in memory.
struct Restored {
  std::vector<std::uint32_t> numbers;
  SuppressionList suppressions;
  ShareShelf shelf;
  std::int64_t interrupted = 0;
  std::map<std::string, Time> watched_since;  // source → when crier first watched it
};

// When crier first watched a source.
Time watched_since(Sqlite& db, const std::string& name, Time now) {
  const auto key = "source since/" + name;
  db.query("INSERT OR IGNORE INTO setting (key, value) VALUES (?, ?)")
      .bind(0, key)
      .bind(1, now.time_since_epoch().count())
      .run();
  auto since = db.query("SELECT value FROM setting WHERE key = ?");
  since.bind(0, key);
  since.step();
  return Time(Duration(since.integer(0)));
}

Restored restore(Sqlite& db, const Config& config, Time now) {
  Restored restored;
  for (const auto& folder : config.folders)
    restored.watched_since[folder.name] = watched_since(db, folder.name, now);
  restored.numbers = subscriber_numbers(db, config.book->subscribers());
  SuppressionList::erase_gone(db, config.book->subscribers());
  restored.suppressions = SuppressionList::load(db);
  restored.shelf = ShareShelf::load(db);
  std::vector<ChannelKind> resend{ChannelKind::email, ChannelKind::webhook};
  if (config.whatsapp && config.whatsapp->resend_ambiguous) resend.push_back(ChannelKind::whatsapp);
  restored.interrupted = recover(db, resend, now);
  return restored;
}

// Tells the rule index which words are rare, by the latest stories; then it keeps the rules under those.
// Returns the number of stories.
std::size_t learn_words(Sqlite& db, const Newsroom& newsroom, Time now) {
  constexpr std::size_t enough = 500;
  const auto& index = newsroom.book->index();
  PastStories past(db, now - std::chrono::days(7), now);
  std::size_t learned = 0;
  for (auto some = past.next(); !some.empty() && learned < enough; some = past.next()) {
    for (const auto& [seen_at, story] : some) {
      if (!story) continue;
      index.learn(analyze(*story, newsroom.site.language));
      ++learned;
    }
  }
  if (learned > 0) index.reanchor(index.size());
  return learned;
}

// Whether a file was put where it is before `time`. Copying and renaming renew the time of its last status
// change, whatever age they preserve.
bool arrived_before(const std::filesystem::path& path, Time time) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return false;
  return Time(std::chrono::seconds(info.st_ctim.tv_sec)) < std::chrono::floor<std::chrono::seconds>(time);
}

bool has_room(const std::filesystem::path& folder) {
  struct statvfs info {};
  if (::statvfs(folder.c_str(), &info) != 0) return false;
  return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize >= least_free_bytes;
}

}  // namespace

struct App::Parts {
  Parts(Config first_config, std::filesystem::path path)
      : config_path(std::move(path)),
        config(std::make_shared<Config>(std::move(first_config))),
        metrics(metric_labels(*config)),
        workers(std::max(2U, std::thread::hardware_concurrency())),
        tasks(loop.get_executor(),
              [this](const std::string& task, const std::string& what) { fail(task, what); }),
        stopper(loop.get_executor(),
                [this](const std::string& task, const std::string& what) { fail(task, what); }) {}

  std::shared_ptr<const Newsroom> newsroom() const { return {config, &config->newsroom}; }

  Result<void> open();
  Result<void> open_doors(const std::string& push_token, const std::string& unsubscribe_key);
  void start();
  void fail(const std::string& task, const std::string& what);
  static std::optional<std::string> prepare(Config& fresh, const std::filesystem::path& state);
  std::string summary() const;
  asio::awaitable<void> obey_signals();
  asio::awaitable<void> shut_down();
  asio::awaitable<std::string> count_queued();
  asio::awaitable<std::shared_ptr<Config>> load_fresh(Diagnostics& diagnostics);
  asio::awaitable<void> reload();
  asio::awaitable<void> look_after_storage();
  asio::awaitable<void> feed_watchdog();
  asio::awaitable<void> take_file(const FolderConfig& folder, std::filesystem::path path);
  asio::awaitable<void> take_story(const FolderConfig& folder, Story story, bool deliver);
  asio::awaitable<void> run_folder(FolderConfig folder);

  std::filesystem::path config_path;
  asio::io_context loop{1};
  asio::signal_set signals{loop, SIGTERM, SIGINT, SIGHUP};  // from the start: one that comes early waits
  SystemClock clock;
  Notify notify;
  std::shared_ptr<Config> config;  // the current snapshot; const to everybody but the loader
  Metrics metrics;
  Workers workers;
  std::optional<StateLock> lock;
  std::optional<Database> database;
  SuppressionList suppressions;
  ShareShelf shelf;
  std::unique_ptr<Services> services;
  std::optional<Courier> courier;
  std::optional<Intake> intake;
  std::optional<DigestDesk> digest_desk;
  std::optional<http::Router> public_router;
  std::optional<http::Router> operator_router;
  std::optional<http::PublicListener> public_listener;
  std::optional<http::OperatorListener> operator_listener;
  TaskGroup tasks;
  TaskGroup stopper;  // the one task that ends the others
  bool draining = false;
  bool config_good = true;
  bool storage_good = true;
  std::map<std::string, Time> sources_since;  // when crier first watched them
  std::optional<int> abandoned;               // the exit code of a stop that waits for nothing
};

// A task that ends by itself is a broken invariant: better to restart than to run on without it.
void App::Parts::fail(const std::string& task, const std::string& what) {
  log::error("task.failed", {{"task", task}, {"what", what}, {"next", "stopping"}});
  abandoned = exit_code::internal;
  loop.stop();
}

// Gives webhook endpoints without a configured secret one of their own. Returns what went wrong.
std::optional<std::string> App::Parts::prepare(Config& fresh, const std::filesystem::path& state) {
  const auto& subscribers = fresh.book->subscribers();
  for (std::uint32_t i = 0; i < subscribers.size(); ++i) {
    if (subscribers[i].address(ChannelKind::webhook).empty() || !subscribers[i].webhook_secrets.empty())
      continue;
    auto key = own_webhook_key(state, subscribers[i].id);
    if (!key) return key.error().message;
    log::debug("webhook.key", {{"subscriber", subscribers[i].id},
                               {"file", webhook_key_path(state, subscribers[i].id).string()}});
    fresh.book->give_webhook_secret(i, std::move(*key));
  }
  return std::nullopt;
}

Result<void> App::Parts::open() {
  auto taken = StateLock::take(config->state);
  if (!taken) return taken.error();
  lock.emplace(std::move(*taken));
  const auto unsubscribe_key = own_secret(config->state, "unsubscribe.key");
  if (!unsubscribe_key) return unsubscribe_key.error();
  if (const auto failed = prepare(*config, config->state)) return Error{*failed};
  auto push_token = Result<std::string>(config->push_token);
  if (push_token->empty()) push_token = own_secret(config->state, "push.token");
  if (!push_token) return push_token.error();

  {
    if (const auto made = make_private_file(database_path(*config)); !made) return made;
    Sqlite db(database_path(*config));
    migrate(db);
    Transaction transaction(db);
    auto restored = restore(db, *config, clock.now());
    transaction.commit();
    config->book->assign_numbers(std::move(restored.numbers));
    suppressions = std::move(restored.suppressions);
    shelf = std::move(restored.shelf);
    sources_since = std::move(restored.watched_since);
    learn_words(db, config->newsroom, clock.now());
    if (restored.interrupted > 0) log::warn("outbox.interrupted", {{"deliveries", restored.interrupted}});
  }
  database.emplace(database_path(*config));

  auto made = Services::make(loop.get_executor(), workers, clock, *config);
  if (!made) return made.error();
  services = std::move(*made);
  const auto current = [this] { return newsroom(); };
  courier.emplace(loop.get_executor(), Courier::Parts{*database, clock, suppressions, metrics,
                                                      services->channels(), current, *unsubscribe_key});
  intake.emplace(Intake::Parts{
      .database = *database,
      .workers = workers,
      .clock = clock,
      .suppressions = suppressions,
      .metrics = metrics,
      .newsroom = current,
      .on_seen = [this](const Story& story) { shelf.put(story); },
      .on_owed = [this] { courier->wake(); },
      .on_stopped = [this](const std::string& story, std::uint32_t version,
                           std::string_view reason) { courier->stop_story(story, version, reason); }});
  digest_desk.emplace(loop.get_executor(),
                      DigestDesk::Parts{*database, clock, current, [this] { courier->wake(); }});
  return open_doors(*push_token, *unsubscribe_key);
}

Result<void> App::Parts::open_doors(const std::string& push_token, const std::string& unsubscribe_key) {
  const DoorParts parts{.database = *database,
                        .workers = workers,
                        .clock = clock,
                        .intake = *intake,
                        .metrics = metrics,
                        .shelf = shelf,
                        .suppressions = suppressions,
                        .config = [this] { return config; },
                        .push_token = push_token,
                        .unsubscribe_key = unsubscribe_key,
                        .is_draining = [this] { return draining; },
                        .is_config_good = [this] { return config_good; },
                        .is_storage_good = [this] { return storage_good; }};
  if (const auto& listener = config->public_listener) {
    public_router.emplace(public_doors(parts));
    http::PublicListenerOptions options;
    options.addresses = {{listener->listen.host, listener->listen.port}};
    options.trusted_proxies = listener->trusted_proxies;
    options.limits.connections_per_address = listener->connections_per_address;
    options.limits.connections_per_proxy = listener->connections_per_proxy;
    options.on_answer = [this](int status) { metrics.request_answered("public", status); };
    public_listener.emplace(loop.get_executor(), clock, std::move(options), public_router->handler());
    if (auto opened = public_listener->open(); !opened) return opened;
  }
  if (const auto& listen = config->operator_listener) {
    operator_router.emplace(operator_doors(parts));
    http::OperatorListenerOptions options;
    options.address = listen->host;
    options.port = listen->port;
    options.on_answer = [this](int status) { metrics.request_answered("operator", status); };
    operator_listener.emplace(loop.get_executor(), std::move(options), operator_router->handler());
    if (auto opened = operator_listener->open(); !opened) return opened;
  }
  return {};
}

void App::Parts::start() {
  metrics.set_reload_successful(true);  // only a good configuration comes this far
  tasks.start("signals", obey_signals());
  tasks.start("storage", look_after_storage());
  if (notify.watchdog_period()) tasks.start("watchdog", feed_watchdog());
  tasks.start("editions", digest_desk->run());
  courier->start(tasks);
  for (const auto& folder : config->folders) tasks.start("source " + folder.name, run_folder(folder));
}

std::string App::Parts::summary() const {
  const auto& book = *config->newsroom.book;
  return fmt::format("{} subscribers, {} rules, {} editions", book.subscribers().size(), book.rules().size(),
                     config->newsroom.editions.size());
}

asio::awaitable<void> App::Parts::run_folder(FolderConfig folder) {
  FolderSource source(folder.path, clock, workers);
  co_await source.run(
      [this, &folder](std::filesystem::path path) { return take_file(folder, std::move(path)); });
}

asio::awaitable<void> App::Parts::take_file(const FolderConfig& folder, std::filesystem::path path) {
  const auto snapshot = config;
  const bool is_backlog = !folder.send_backlog && arrived_before(path, sources_since.at(folder.name));
  auto parsed = co_await workers.run([&]() -> Result<ParsedSource> {
    const auto bytes = read_file(path, max_story_bytes, Links::refuse);
    if (!bytes) return bytes.error();
    ParseOptions options;
    options.file_name = path.string();
    options.vocabulary = &snapshot->vocabulary;
    options.now = clock.now();
    options.default_zone = snapshot->newsroom.site.zone.name();
    return parse_stories(*bytes, options);
  });
  if (!parsed) {
    log::error("story.refused", {{"source", folder.name}, {"what", parsed.error().message}});
    metrics.story_seen(folder.name, "refused");
    co_return;
  }
  for (const auto& warning : parsed->warnings)
    log::warn("story.doubtful", {{"source", folder.name}, {"what", warning}});
  for (auto& story : parsed->stories) {
    story.source = folder.name;
    complete_story(story, folder);
    co_await take_story(folder, std::move(story), !is_backlog);
  }
}

// A story that cannot be stored is tried until it can: the folder waits, nothing is lost.
asio::awaitable<void> App::Parts::take_story(const FolderConfig& folder, Story story, bool deliver) {
  for (;;) {
    std::string failure;
    try {
      co_await intake->accept(story, deliver);
      co_return;
    } catch (const SqliteError& e) {
      failure = e.what();
    }
    log::error(
        "story.unstored",
        {{"source", folder.name}, {"story", story.id}, {"what", failure}, {"next", "trying again in 5s"}});
    co_await clock.sleep_until(clock.now() + std::chrono::seconds(5));
  }
}

// Keeps /readyz and the queue metrics true.
asio::awaitable<void> App::Parts::look_after_storage() {
  for (;;) {
    std::string failure;
    try {
      const auto now = clock.now();
      const auto states = co_await database->run([&](Sqlite& db) {
        db.query("INSERT OR REPLACE INTO setting (key, value) VALUES ('alive at', ?)")
            .bind(0, now.time_since_epoch().count())
            .run();
        std::vector<QueueState> out;
        for (const auto channel : all_channels) out.push_back(queue_state(db, channel));
        return out;
      });
      Duration oldest{};
      for (std::size_t i = 0; i < states.size(); ++i) {
        metrics.set_queue_depth(to_string(all_channels[i]), static_cast<double>(states[i].depth));
        if (states[i].oldest_due) oldest = std::max(oldest, now - *states[i].oldest_due);
      }
      metrics.set_oldest_age(oldest);
    } catch (const SqliteError& e) {
      failure = e.what();
    }
    const bool was_good = storage_good;
    storage_good = failure.empty() && has_room(config->state);
    if (was_good && !storage_good)
      log::error("storage.bad", {{"folder", config->state.string()},
                                 {"what", failure.empty() ? "less than 64 MB free" : failure}});
    if (!was_good && storage_good) log::info("storage.good");
    co_await clock.sleep_until(clock.now() + std::chrono::seconds(10));
  }
}

// Runs on the loop after the database has answered: a hung loop or disk is a hung daemon. An error is an
// answer, too; /readyz tells of it.
asio::awaitable<void> App::Parts::feed_watchdog() {
  for (;;) {
    try {
      co_await database->run([](Sqlite&) {});
    } catch (const SqliteError& e) {
      log::debug("watchdog.database", {{"what", e.what()}});
    }
    notify.alive();
    co_await clock.sleep_until(clock.now() + *notify.watchdog_period());
  }
}

asio::awaitable<void> App::Parts::obey_signals() {
  for (;;) {
    const int signal = co_await signals.async_wait(asio::use_awaitable);
    if (signal == SIGHUP) {
      if (!draining) co_await reload();
    } else if (draining) {
      log::warn("crier.abandoned", {{"in_flight", courier->in_flight()}});
      abandoned = exit_code::ok;
      loop.stop();
    } else {
      draining = true;
      stopper.start("shut down", shut_down());
    }
  }
}

asio::awaitable<void> App::Parts::shut_down() {
  using namespace asio::experimental::awaitable_operators;
  notify.stopping();
  log::info("crier.stopping", {{"in_flight", courier->in_flight()}});
  const auto sent_before = courier->sent();
  co_await (courier->drain() || clock.sleep_until(clock.now() + drain_time));
  if (const auto left = courier->in_flight(); left > 0) log::warn("crier.undrained", {{"in_flight", left}});
  if (public_listener) co_await public_listener->stop(std::chrono::seconds(2));
  if (operator_listener) co_await operator_listener->stop(std::chrono::seconds(2));
  tasks.stop();
  // A relay that never answers holds its transaction; systemd would not wait much longer, either.
  co_await (tasks.join() || clock.sleep_until(clock.now() + stop_time));
  const auto sent = courier->sent() - sent_before;
  const auto queued = co_await count_queued();
  if (const auto left = tasks.running(); left > 0) {
    log::warn("crier.abandoned", {{"tasks", left}, {"sent", sent}, {"queued", queued}});
    abandoned = exit_code::ok;
    loop.stop();
    co_return;
  }
  co_await (services->stop() || clock.sleep_until(clock.now() + stop_time));
  log::info("crier.stopped", {{"sent", sent}, {"queued", queued}});
}

// What the next start takes up, as the ledger counts it.
asio::awaitable<std::string> App::Parts::count_queued() {
  try {
    co_return std::to_string(co_await database->run([](Sqlite& db) { return queued_deliveries(db); }));
  } catch (const SqliteError& e) {
    log::error("outbox.unreadable", {{"what", e.what()}});
  }
  co_return "unknown";
}

// Reads, checks and numbers a fresh configuration; nothing of it is in use yet. What is wrong goes to
// `diagnostics`.
asio::awaitable<std::shared_ptr<Config>> App::Parts::load_fresh(Diagnostics& diagnostics) {
  std::shared_ptr<Config> fresh;
  try {
    fresh = co_await workers.run([&] {
      auto loaded = std::make_shared<Config>(load_config(config_path, diagnostics));
      if (diagnostics.empty()) {
        if (const auto failed = prepare(*loaded, config->state)) diagnostics.add({}, *failed);
      }
      return loaded;
    });
    if (!diagnostics.empty()) co_return fresh;
    const auto& subscribers = fresh->book->subscribers();
    auto numbers = co_await database->run([&](Sqlite& db) {
      SuppressionList::erase_gone(db, subscribers);
      return subscriber_numbers(db, subscribers);
    });
    fresh->book->assign_numbers(std::move(numbers));
    co_await workers.run([&] {
      Sqlite db(database_path(*config), Sqlite::Mode::read_only);
      return learn_words(db, fresh->newsroom, clock.now());
    });
  } catch (const SqliteError& e) {
    diagnostics.add({}, e.what());
  } catch (const std::filesystem::filesystem_error& e) {
    diagnostics.add({}, e.what());
  }
  co_return fresh;
}

asio::awaitable<void> App::Parts::reload() {
  notify.reloading();
  Diagnostics diagnostics;
  auto fresh = co_await load_fresh(diagnostics);
  config_good = diagnostics.empty();
  metrics.set_reload_successful(config_good);
  if (!config_good) {
    for (const auto& diagnostic : diagnostics.list())
      log::error("config.refused", {{"what", to_string(diagnostic)}});
    notify.ready("reload refused, the former configuration stays: " + diagnostics.list().front().message);
    co_return;
  }
  for (const auto& section : settings_that_need_restart(*config, *fresh))
    log::warn("config.restart_needed", {{"section", section}});
  fresh->state = config->state;
  config = std::move(fresh);
  suppressions.forget_gone(config->book->subscribers());
  digest_desk->reload();
  log::info("config.reloaded", {{"holds", summary()}});
  notify.ready(summary());
}

App::App(Config config, std::filesystem::path config_path)
    : parts_(std::make_unique<Parts>(std::move(config), std::move(config_path))) {}

App::~App() = default;

int App::run() {
  auto& parts = *parts_;
  if (const auto opened = parts.open(); !opened) {
    log::error("crier.cannot_start", {{"what", opened.error().message}});
    return exit_code::unavailable;
  }
  parts.start();
  log::info("crier.ready",
            {{"version", CRIER_VERSION},
             {"holds", parts.summary()},
             {"state", parts.config->state.string()},
             {"public", parts.public_listener ? parts.config->newsroom.public_url : "-"},
             {"operator_port", parts.operator_listener ? parts.operator_listener->port() : 0}});
  parts.notify.ready(parts.summary());
  parts.loop.run();
  // Nothing is torn down under coroutines that still wait: what they owe is on the disk.
  if (parts.abandoned) std::quick_exit(*parts.abandoned);
  return exit_code::ok;
}

}  // namespace crier
