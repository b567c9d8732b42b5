// App: the daemon. Owns every part by value in the order of what they need, and their lives: start, reload on
// SIGHUP, drain on SIGTERM. Everything runs on one loop but the database thread, the workers and the threads
// of the operator's listener. A crash at any point is followed by start(), which takes up what the outbox
// holds.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "app/config.hpp"
#include "base/result.hpp"

namespace crier {

class App {
 public:
  /// `config` has passed its checks; `config_path` is read again on SIGHUP.
  App(Config config, std::filesystem::path config_path);
  ~App();
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  /// Runs until SIGTERM or SIGINT has been obeyed. Returns the exit code.
  int run();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace crier
