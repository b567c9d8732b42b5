#include <csignal>

#include "app/app.hpp"
#include "app/commands.hpp"
#include "app/exit_codes.hpp"
#include "app/load_log.hpp"
#include "app/story_input.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/memory.hpp"

namespace crier {

int serve_command(const Words& words) {
  CommandLine line("serve", "[--config PATH] [--verbose] [--quiet]",
                   "Runs the daemon: watches the sources and delivers what they publish. SIGHUP reads the\n"
                   "configuration again, SIGTERM finishes what is being sent and stops.");
  line.option("config", "PATH", "configuration file or folder (default: config)")
      .flag("verbose", "log more (debug)")
      .flag("quiet", "log warnings and errors only");
  if (const auto code = line.read(words, 0, 0)) return *code;
  if (line.has("verbose")) log::set_level(log::Level::debug);
  if (line.has("quiet")) log::set_level(log::Level::warn);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is a disk that is full
  keep_little_memory();
  int code = exit_code::ok;
  const SystemClock clock;
  LoadLog progress(clock);
  auto config = load_config_or_complain(line, code, progress.hook());
  if (!config) return code;
  return App(std::move(*config), line.config()).run();
}

}  // namespace crier
