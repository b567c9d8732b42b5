#include "app/app.hpp"

#include <csignal>
#include <cstdlib>
#include <list>
#include <map>
#include <optional>
#include <span>
#include <thread>
#include <utility>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/core.h>

#include "app/doors.hpp"
#include "app/exit_codes.hpp"
#include "app/feed_desk.hpp"
#include "app/folder_intake.hpp"
#include "app/ledger_keeper.hpp"
#include "app/load_log.hpp"
#include "app/notify.hpp"
#include "app/order_answers.hpp"
#include "app/order_socket.hpp"
#include "app/rule_costs.hpp"
#include "app/services.hpp"
#include "app/source_watch.hpp"
#include "app/state_folder.hpp"
#include "app/storage.hpp"
#include "app/story_input.hpp"
#include "app/text_keeper.hpp"
#include "app/warm_up_book.hpp"
#include "audience/suppression.hpp"
#include "base/files.hpp"
#include "base/log.hpp"
#include "base/memory.hpp"
#include "base/metrics.hpp"
#include "base/tasks.hpp"
#include "base/workers.hpp"
#include "db/database.hpp"
#include "db/schema.hpp"
#include "dispatch/courier.hpp"
#include "dispatch/digest_desk.hpp"
#include "dispatch/intake.hpp"
#include "dispatch/order_desk.hpp"
#include "http/operator_listener.hpp"
#include "http/public_listener.hpp"
#include "outbox/outbox.hpp"

namespace crier {
namespace {

namespace asio = boost::asio;

constexpr Duration drain_time = std::chrono::seconds(30);  // of the 60 s that the unit allows
constexpr Duration patience = std::chrono::seconds(25);    // of that, for replies to what was sent
constexpr Duration stop_time = std::chrono::seconds(5);    // for what is left after that

MetricLabels metric_labels(const Config& config) {
  MetricLabels labels;
  labels.version = CRIER_VERSION;
  labels.sources = config.sources();
  labels.sources.emplace_back("push");
  for (const auto channel : all_channels) labels.channels.emplace_back(to_string(channel));
  labels.listeners = {"public", "operator"};
  for (const auto& feed : config.feeds) labels.feeds.push_back(feed.name);
  for (const auto& [name, expect] : config.expectations()) {
    if (expect) labels.expected_sources.push_back(name);
  }
  return labels;
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
  static void warn_of(const Config& config);
  static std::optional<std::string> prepare(Config& fresh, const std::filesystem::path& state);
  std::string summary() const;
  asio::awaitable<void> obey_signals();
  asio::awaitable<void> shut_down();
  asio::awaitable<std::string> count_queued();
  asio::awaitable<std::shared_ptr<Config>> load_fresh(Diagnostics& diagnostics);
  asio::awaitable<void> number(std::shared_ptr<SubscriberBook> fresh);
  asio::awaitable<void> reload();
  asio::awaitable<void> lift_gone();
  asio::awaitable<void> reload_while_asked();
  asio::awaitable<void> feed_watchdog();

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
  std::optional<StorageWatch> storage;
  std::optional<TextKeeper> text_keeper;
  std::optional<LedgerKeeper> ledger_keeper;
  std::optional<WarmUpBook> warm_up_book;
  SuppressionList suppressions;
  ShareShelf shelf;
  std::unique_ptr<Services> services;
  std::optional<Courier> courier;
  std::optional<OrderDesk> order_desk;
  std::optional<OrderSocket> order_socket;
  std::optional<Intake> intake;
  std::optional<DigestDesk> digest_desk;
  std::list<FolderIntake> folders;
  std::optional<FeedDesk> feeds;
  std::optional<SourceWatch> source_watch;
  std::optional<http::Router> public_router;
  std::optional<http::Router> operator_router;
  std::optional<http::PublicListener> public_listener;
  std::optional<http::OperatorListener> operator_listener;
  TaskGroup tasks;
  TaskGroup stopper;  // the one task that ends the others
  bool draining = false;
  bool reload_asked = false;
  bool reloading = false;
  bool config_good = true;
  std::map<std::string, Time> watched_since;  // when crier first watched its sources
  std::optional<int> abandoned;               // the exit code of a stop that waits for nothing
};

// What is odd about a configuration that is good.
void App::Parts::warn_of(const Config& config) {
  for (const auto& warning : config.warnings) log::warn("config.left_out", {{"what", to_string(warning)}});
  for (const auto& warning : find_costly_rules(config))
    log::warn("rule.costly", {{"what", to_string(warning)}});
}

// A task that ends by itself is a broken invariant: better to restart than to run on without it.
void App::Parts::fail(const std::string& task, const std::string& what) {
  log::error("task.failed", {{"task", task}, {"what", what}, {"next", "stopping"}});
  abandoned = exit_code::internal;
  loop.stop();
}

// Gives webhook endpoints without a configured secret one of their own. Returns what went wrong.
std::optional<std::string> App::Parts::prepare(Config& fresh, const std::filesystem::path& state) {
  for (const auto subscriber : fresh.book->subscribers()) {
    if (!subscriber.is_on(ChannelKind::webhook) || !subscriber.webhook_secrets().empty()) continue;
    const auto key = own_webhook_key(state, subscriber.id());
    if (!key) return key.error().message;
    log::debug("webhook.key", {{"subscriber", subscriber.id()},
                               {"file", webhook_key_path(state, subscriber.id()).string()}});
    fresh.book->give_webhook_secret(subscriber.index(), *key);
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

  std::vector<Pause> pauses;
  {
    if (const auto made = make_private_file(database_path(*config)); !made) return made;
    Sqlite db(database_path(*config));
    db.keep_log();
    migrate(db);
    Transaction transaction(db);
    auto restored = restore(db, *config, clock.now());
    transaction.commit();
    keep_reserve(db, config->state);
    config->book->assign_numbers(std::move(restored.numbers));
    suppressions = std::move(restored.suppressions);
    shelf = std::move(restored.shelf);
    watched_since = std::move(restored.watched_since);
    pauses = std::move(restored.pauses);
    learn_words(db, config->newsroom, clock.now());
    warn_of(*config);
    for (const auto& [channel, deliveries] : stranded_queues(db, *config))
      log::warn("channel.missing",
                {{"channel", to_string(channel)},
                 {"queued", deliveries},
                 {"next", fmt::format("they wait for channels.{} until they expire", to_string(channel))}});
    if (restored.interrupted > 0) log::warn("outbox.interrupted", {{"deliveries", restored.interrupted}});
  }
  database.emplace(database_path(*config));
  storage.emplace(*database, clock, metrics, config->state);
  text_keeper.emplace(*database, clock, [this] { return config; });
  ledger_keeper.emplace(*database, clock, [this] { return config; });

  auto made = Services::make(loop.get_executor(), workers, clock, *config);
  if (!made) return made.error();
  services = std::move(*made);
  if (auto* const relays = services->relays()) {
    Sqlite db(database_path(*config), Sqlite::Mode::read_only);
    load_sent_today(db, *relays);
    warm_up_book.emplace(*database, clock, *relays);
  }
  const auto current = [this] { return newsroom(); };
  courier.emplace(loop.get_executor(),
                  Courier::Parts{*database, clock, suppressions, metrics, services->channels(), current,
                                 *unsubscribe_key, std::chrono::milliseconds(1),
                                 config->email ? config->email->domains : std::vector<DomainLimits>()});
  courier->obey(Pauses(std::move(pauses)));
  order_desk.emplace(loop.get_executor(), OrderDesk::Parts{*database, workers, clock, *courier, current,
                                                           [this] { return relay_names(*config); }});
  order_socket.emplace(loop.get_executor(), clock, config->state, [this](std::string line) {
    return answer_question(*order_desk, *courier, std::move(line));
  });
  intake.emplace(Intake::Parts{
      .database = *database,
      .workers = workers,
      .clock = clock,
      .suppressions = suppressions,
      .metrics = metrics,
      .newsroom = current,
      .on_seen = [this](const Story& story) { shelf.put(story); },
      .on_owed = [this] { courier->wake(); },
      .claim_along = [this] { return courier->claim_along(); },
      .on_stopped = [this](const std::string& story, std::uint32_t version,
                           std::string_view reason) { courier->stop_story(story, version, reason); },
      .takes_stories = [this] { return storage->is_good(); }});
  digest_desk.emplace(loop.get_executor(),
                      DigestDesk::Parts{*database, workers, clock, current, [this] { courier->wake(); }});
  feeds.emplace(loop.get_executor(), FeedDesk::Parts{*database, workers, clock, *intake, metrics, *services,
                                                     [this] { return config; }});
  return open_doors(*push_token, *unsubscribe_key);
}

Result<void> App::Parts::open_doors(const std::string& push_token, const std::string& unsubscribe_key) {
  if (auto opened = order_socket->open(); !opened) return opened;
  const DoorParts parts{.database = *database,
                        .workers = workers,
                        .clock = clock,
                        .intake = *intake,
                        .metrics = metrics,
                        .shelf = shelf,
                        .suppressions = suppressions,
                        .config = [this] { return config; },
                        .push_token = push_token,
                        .push_keys = config->push_keys,
                        .unsubscribe_key = unsubscribe_key,
                        .is_draining = [this] { return draining; },
                        .is_config_good = [this] { return config_good; },
                        .storage_trouble = [this] { return storage->trouble(); },
                        .websub = feeds->door()};
  if (const auto& listener = config->public_listener) {
    public_router.emplace(public_doors(parts));
    http::PublicListenerOptions options;
    options.addresses = {{listener->listen.host, listener->listen.port}};
    options.trusted_proxies = listener->trusted_proxies;
    options.limits.connections_per_address = listener->connections_per_address;
    options.limits.connections_per_proxy = listener->connections_per_proxy;
    options.on_answer = [this](int status) { metrics.request_answered("public", status); };
    // Of a hub that knows its token; of anybody else it would be a way to fill the memory.
    options.body_bytes = [usual = options.limits.body_bytes, expects = parts.websub.expects](
                             const http::Request& head) { return expects(head) ? max_story_bytes : usual; };
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
  tasks.start("storage", storage->run());
  tasks.start("story log", text_keeper->run());
  if (warm_up_book) tasks.start("warm-up", warm_up_book->run());
  tasks.start("ledger", ledger_keeper->run());
  if (notify.watchdog_period()) tasks.start("watchdog", feed_watchdog());
  tasks.start("editions", digest_desk->run());
  courier->start(tasks);
  tasks.start("orders", order_desk->run());
  order_socket->start(tasks);
  tasks.start("unfinished stories", intake->finish());
  const FolderIntake::Parts parts{workers, clock, *intake, metrics, [this] { return config; }};
  for (const auto& folder : config->folders) {
    folders.emplace_back(parts, folder, watched_since.at(folder.name));
    tasks.start("source " + folder.name, folders.back().run());
  }
  std::vector<ExpectedSource> expected;
  for (const auto& [name, expect] : config->expectations())
    expected.push_back({name, expect, watched_since.at(name)});
  source_watch.emplace(*database, clock, metrics, std::move(expected));
  tasks.start("source watch", source_watch->run());
  feeds->start(tasks);
}

std::string App::Parts::summary() const {
  const auto& book = *config->newsroom.book;
  return fmt::format("{} subscribers, {} rules, {} editions", book.subscribers().size(), book.rules().size(),
                     config->newsroom.editions.size());
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
    co_await clock.sleep_for(*notify.watchdog_period());
  }
}

asio::awaitable<void> App::Parts::obey_signals() {
  for (;;) {
    const int signal = co_await signals.async_wait(asio::use_awaitable);
    if (signal == SIGHUP) {
      reload_asked = true;
      if (!draining && !reloading) tasks.start("reload", reload_while_asked());
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

// What the next start takes up, as the ledger counts it.
asio::awaitable<std::string> App::Parts::count_queued() {
  try {
    co_return std::to_string(co_await database->run([](Sqlite& db) { return queued_deliveries(db); }));
  } catch (const SqliteError& e) {
    log::error("outbox.unreadable", {{"what", e.what()}});
  }
  co_return "unknown";
}

asio::awaitable<void> App::Parts::shut_down() {
  using namespace asio::experimental::awaitable_operators;
  notify.stopping();
  log::info("crier.stopping", {{"in_flight", courier->in_flight()}});
  const auto sent_before = courier->sent();
  co_await (courier->drain(patience) || clock.sleep_for(drain_time));
  if (const auto left = courier->in_flight(); left > 0) log::warn("crier.undrained", {{"in_flight", left}});
  if (warm_up_book) co_await warm_up_book->write();
  if (public_listener) co_await public_listener->stop(std::chrono::seconds(2));
  if (operator_listener) co_await operator_listener->stop(std::chrono::seconds(2));
  tasks.stop();
  // A relay that never answers holds its transaction; systemd would not wait much longer, either.
  co_await (tasks.join() || clock.sleep_for(stop_time));
  const auto sent = courier->sent() - sent_before;
  const auto queued = co_await count_queued();
  if (const auto left = tasks.running(); left > 0) {
    log::warn("crier.abandoned", {{"tasks", left}, {"sent", sent}, {"queued", queued}});
    abandoned = exit_code::ok;
    loop.stop();
    co_return;
  }
  co_await (services->stop() || clock.sleep_for(stop_time));
  log::info("crier.stopped", {{"sent", sent}, {"queued", queued}});
}

// Reads, checks and numbers a fresh configuration; nothing of it is in use yet. What is wrong goes to
// `diagnostics`.
asio::awaitable<std::shared_ptr<Config>> App::Parts::load_fresh(Diagnostics& diagnostics) {
  std::shared_ptr<Config> fresh;
  try {
    fresh = co_await workers.run([&] {
      LoadLog progress(clock);
      auto loaded = std::make_shared<Config>(
          load_config(config_path, diagnostics, {.former = config->book, .on_progress = progress.hook()}));
      if (diagnostics.empty()) {
        if (const auto failed = prepare(*loaded, config->state)) diagnostics.add({}, *failed);
      }
      return loaded;
    });
    if (!diagnostics.empty()) co_return fresh;
    co_await number(fresh->book);
  } catch (const SqliteError& e) {
    diagnostics.add({}, e.what());
  } catch (const std::filesystem::filesystem_error& e) {
    diagnostics.add({}, e.what());
  }
  co_return fresh;
}

// Gives the subscribers of a fresh book the numbers that they have. Only those who are new need the database,
// which has other things to do in between.
asio::awaitable<void> App::Parts::number(std::shared_ptr<SubscriberBook> fresh) {
  constexpr std::size_t at_once = 2000;
  std::vector<std::uint32_t> numbers;
  const auto fresh_ones = co_await workers.run([&] { return take_numbers(*config->book, *fresh, numbers); });
  for (std::size_t from = 0; from < fresh_ones.size(); from += at_once) {
    const auto some = std::span(fresh_ones).subspan(from, std::min(at_once, fresh_ones.size() - from));
    co_await database->run([&](Sqlite& db) { add_subscriber_numbers(db, *fresh, some, numbers); });
  }
  co_await workers.run([&] { fresh->assign_numbers(std::move(numbers)); });
}

// A task of its own: a large configuration takes a while to read, and a stop does not wait for it.
asio::awaitable<void> App::Parts::reload_while_asked() {
  reloading = true;
  while (std::exchange(reload_asked, false) && !draining) co_await reload();
  reloading = false;
}

asio::awaitable<void> App::Parts::reload() {
  notify.reloading();
  Diagnostics diagnostics;
  auto fresh = co_await load_fresh(diagnostics);
  if (draining) co_return;
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
  const auto changed = co_await workers.run([&] {
    warn_of(*fresh);
    return difference(*config->book, *fresh->book);
  });
  auto former = std::exchange(config, std::move(fresh));
  services->take_over(*config);
  digest_desk->reload();
  log::info("config.reloaded",
            {{"holds", summary()}, {"rules_added", changed.added}, {"rules_removed", changed.removed}});
  notify.ready(summary());
  co_await lift_gone();
  // A large one takes a while to go; with it go the rules that nobody follows any more.
  co_await workers.run([&] {
    former.reset();
    return_freed_memory();
    return_program_pages();
  });
}

// What said that it is gone, and nobody has any more.
asio::awaitable<void> App::Parts::lift_gone() {
  const auto gone = suppressions.gone();
  if (gone.empty()) co_return;
  const auto nobodys =
      co_await workers.run([gone, book = config->book] { return without_reader(gone, book->subscribers()); });
  if (nobodys.empty()) co_return;
  try {
    co_await database->run([&](Sqlite& db) { SuppressionList::erase_gone(db, nobodys); });
    suppressions.lift_gone(nobodys);
  } catch (const SqliteError& e) {  // the next reload tries again
    log::error("suppression.not_lifted", {{"addresses", nobodys.size()}, {"what", e.what()}});
  }
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
  return_freed_memory();  // the loading's
  return_program_pages();
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
