#include "process.hpp"

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <utility>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/exit_codes.hpp"

namespace crier::bench {
namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

// The child's side returns true.
bool fork_off(pid_t& id) {
  const auto parent = ::getpid();
  id = ::fork();
  if (id < 0) throw std::runtime_error("fork failed");
  if (id > 0) return false;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(exit_code::internal);
  return true;
}

}  // namespace

Process::Process(const std::function<void()>& work) {
  if (!fork_off(id_)) return;
  int code = exit_code::ok;
  try {
    work();
  } catch (const std::exception& e) {
    fmt::print(stderr, "crier-bench: {}\n", e.what());
    code = exit_code::internal;
  }
  ::_exit(code);
}

Process::Process(const std::vector<std::string>& command, const std::filesystem::path& folder,
                 const std::filesystem::path& output) {
  const auto log = std::filesystem::absolute(output);
  std::vector<char*> arguments;
  for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  if (!fork_off(id_)) return;
  const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  const int in = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (out < 0 || in < 0 || ::chdir(folder.c_str()) != 0) ::_exit(exit_code::internal);
  ::dup2(in, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(out, STDERR_FILENO);
  ::execvp(arguments[0], arguments.data());
  ::_exit(127);
}

Process::~Process() {
  if (id_ < 0 || has_ended()) return;
  signal(SIGKILL);
  wait();
}

Process::Process(Process&& other) noexcept : id_(std::exchange(other.id_, -1)), end_(other.end_) {}

void Process::signal(int number) const {
  if (!end_) ::kill(id_, number);
}

bool Process::has_ended() {
  if (end_) return true;
  ProcessEnd end;
  rusage usage{};
  if (::wait4(id_, &end.status, WNOHANG, &usage) != id_) return false;
  end.cpu_s = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  end_ = end;
  return true;
}

ProcessEnd Process::wait() {
  if (end_) return *end_;
  ProcessEnd end;
  rusage usage{};
  ::wait4(id_, &end.status, 0, &usage);
  end.cpu_s = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  end_ = end;
  return end;
}

double Process::cpu_s() const {
  std::ifstream file(fmt::format("/proc/{}/stat", id_));
  std::string text;
  std::getline(file, text);
  // Fields are counted behind the name, which may hold spaces: utime and stime are the 12th and 13th
  // (proc(5)).
  std::istringstream fields(text.substr(std::min(text.rfind(')') + 1, text.size())));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double Process::resident_mb() const {
  std::ifstream file(fmt::format("/proc/{}/statm", id_));
  double size = 0;
  double resident = 0;
  file >> size >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1e6;
}

bool is_installed(const std::string& program) {
  std::istringstream folders(std::getenv("PATH") != nullptr ? std::getenv("PATH") : "");
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (::access((folder + "/" + program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

void show_progress(const std::string& line) {
  if (::isatty(STDERR_FILENO) != 0)
    fmt::print(stderr, "\r\033[K{}", line);
  else if (!line.empty())
    fmt::print(stderr, "{}\n", line);
  std::fflush(stderr);
}

}  // namespace crier::bench
