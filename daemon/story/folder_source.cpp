#include "story/folder_source.hpp"

#include <deque>
#include <exception>
#include <string>
#include <unordered_set>
#include <vector>

#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include "base/log.hpp"
#include "base/result.hpp"
#include "story/folder_poll.hpp"
#include "story/folder_watch.hpp"

namespace crier {
namespace {

namespace asio = boost::asio;

// The files that wait for the consumer, each once.
class WaitingFiles {
 public:
  bool empty() const { return order_.empty(); }
  void add_all(std::vector<std::string> names) {
    for (auto& name : names)
      if (names_.insert(name).second) order_.push_back(std::move(name));
  }
  std::string take() {
    auto name = std::move(order_.front());
    order_.pop_front();
    names_.erase(name);
    return name;
  }

 private:
  std::deque<std::string> order_;
  std::unordered_set<std::string> names_;
};

bool is_cancellation(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const boost::system::system_error& e) {
    return e.code() == asio::error::operation_aborted;
  } catch (...) {
    return false;
  }
}

std::string what(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "unknown exception";
  }
}

// A folder that is watched or looked through, and who is to have its files.
struct Job {
  const std::filesystem::path& folder;
  const FolderOptions& options;
  Workers& workers;
  Clock& clock;
  const FolderSource::Consumer& consume;
};

// Those of `names` that are links: nobody will write and close them. Blocking: for a worker.
std::vector<std::string> links_among(const std::filesystem::path& folder, std::vector<std::string> names) {
  std::erase_if(names, [&](const std::string& name) {
    std::error_code gone;
    return !std::filesystem::is_symlink(folder / name, gone);
  });
  return names;
}

// Ends by an exception: system_error when the folder cannot be watched or listed any more, or cancellation.
asio::awaitable<void> watch_folder(Job job) {
  FolderWatch watch(co_await asio::this_coro::executor, job.folder, job.options);
  WaitingFiles waiting;
  std::vector<std::string> new_folders{""};
  for (;;) {
    for (const auto& folder : new_folders)
      waiting.add_all(co_await job.workers.run([&] { return watch.enter(folder); }));
    new_folders.clear();
    if (waiting.empty()) co_await watch.wait();
    auto events = watch.read_events();
    waiting.add_all(std::move(events.finished));
    if (!events.created.empty())
      waiting.add_all(
          co_await job.workers.run([&] { return links_among(job.folder, std::move(events.created)); }));
    new_folders = std::move(events.folders);
    if (events.were_lost) {
      log::warn("folder.events_lost", {{"folder", job.folder.string()}, {"next", "scanning it"}});
      new_folders = {""};
    }
    if (watch.is_lost()) throw std::runtime_error("the folder was deleted, moved or unmounted");
    if (!waiting.empty()) co_await hand_over(job.consume, job.folder / waiting.take());
  }
}

// Ends as watch_folder does.
asio::awaitable<void> poll_folder(Job job, Duration every) {
  SettledFiles files;
  for (;;) {
    const auto stamps = co_await job.workers.run([&]() -> Result<FileStamps> {
      const auto names = find_stories(job.folder, job.options);
      if (!names) return names.error();
      return stamp_files(job.folder, *names);
    });
    if (!stamps) throw std::runtime_error(stamps.error().message);
    for (const auto& name : files.take(*stamps)) co_await hand_over(job.consume, job.folder / name);
    co_await job.clock.sleep_for(every);
  }
}

// No more watches are to be had: fs.inotify.max_user_watches, max_user_instances.
bool is_out_of_watches(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const boost::system::system_error& e) {
    return e.code() == boost::system::errc::no_space_on_device ||
           e.code() == boost::system::errc::too_many_files_open;
  } catch (...) {
    return false;
  }
}

}  // namespace

asio::awaitable<void> hand_over(const FolderSource::Consumer& consume, std::filesystem::path file) {
  std::exception_ptr failure;
  try {
    co_await consume(file);
  } catch (...) {
    failure = std::current_exception();
  }
  if (!failure) co_return;
  if (is_cancellation(failure)) std::rethrow_exception(failure);
  log::error("folder.story_failed", {{"file", file.string()}, {"what", what(failure)}});
}

FolderSource::FolderSource(std::filesystem::path folder, FolderOptions options, Clock& clock,
                           Workers& workers)
    : folder_(std::move(folder)), options_(std::move(options)), clock_(clock), workers_(workers) {}

asio::awaitable<void> FolderSource::run(Consumer consume) {
  std::error_code failed;
  std::filesystem::create_directories(folder_, failed);
  if (failed) log::error("folder.not_created", {{"folder", folder_.string()}, {"what", failed.message()}});
  const Job job{folder_, options_, workers_, clock_, consume};
  auto every = options_.every;
  if (!every && !co_await workers_.run([this] { return tells_events(folder_); })) {
    every = default_interval;
    log::info("folder.polled", {{"folder", folder_.string()},
                                {"every", to_string(*every)},
                                {"why", "other machines may write to its file system"}});
  }
  for (;;) {
    std::exception_ptr failure;
    try {
      if (every)
        co_await poll_folder(job, *every);
      else
        co_await watch_folder(job);
    } catch (...) {
      failure = std::current_exception();
    }
    if (is_cancellation(failure)) co_return;
    log::warn("folder.not_watched",
              {{"folder", folder_.string()}, {"what", what(failure)}, {"retry_in", to_string(retry_after)}});
    if (!every && is_out_of_watches(failure)) every = default_interval;
    co_await clock_.sleep_for(retry_after);
  }
}

}  // namespace crier
