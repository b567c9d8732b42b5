#include "measure.hpp"

#include <chrono>

#include <boost/json.hpp>
#include <fmt/core.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/exit_codes.hpp"
#include "base/crypto.hpp"
#include "base/encoding.hpp"

namespace crier::bench {

namespace json = boost::json;

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

json::object measure_apart(const std::function<json::object()>& work) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error("pipe failed");
  const auto child = ::fork();
  if (child < 0) throw std::runtime_error("fork failed");
  if (child == 0) {
    int code = exit_code::ok;
    try {
      const auto text = json::serialize(work());
      if (::write(ends[1], text.data(), text.size()) != static_cast<ssize_t>(text.size()))
        code = exit_code::internal;
    } catch (const std::exception& e) {
      fmt::print(stderr, "crier-bench: {}\n", e.what());
      code = exit_code::internal;
    }
    ::_exit(code);
  }
  ::close(ends[1]);
  std::string text;
  char buffer[4096];
  for (ssize_t got = 0; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(got));
  ::close(ends[0]);
  int status = 0;
  struct rusage usage {};
  ::wait4(child, &status, 0, &usage);
  if (status != 0) throw std::runtime_error("a measurement failed");
  auto out = json::parse(text).as_object();
  out["peak_mb"] = static_cast<double>(usage.ru_maxrss) / 1e3;
  return out;
}

ScratchFolder::ScratchFolder() : path_("crier-bench-" + to_hex(random_bytes(6))) {
  std::filesystem::create_directory(path_);
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace crier::bench
