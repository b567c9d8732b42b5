// Progress of long commands, where nobody looks on a terminal.
#include "app/progress.hpp"

#include <cstdio>

#include <catch2/catch.hpp>
#include <unistd.h>

#include "support/belts.hpp"
#include "support/manual_clock.hpp"

using namespace crier;
using namespace crier::test;
using namespace std::chrono_literals;

namespace {

// What `work` prints to standard error, which is a file meanwhile.
template <class Work>
std::string complaints_of(const Work& work) {
  std::FILE* file = std::tmpfile();
  std::fflush(stderr);
  const int before = ::dup(STDERR_FILENO);
  ::dup2(::fileno(file), STDERR_FILENO);
  work();
  std::fflush(stderr);
  ::dup2(before, STDERR_FILENO);
  ::close(before);
  std::rewind(file);
  std::string out;
  for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) out += static_cast<char>(c);
  std::fclose(file);
  return out;
}

}  // namespace

TEST_CASE("what is done at once shows no progress") {
  ManualClock clock(at("2026-11-23T12:00:00Z"));
  CHECK(complaints_of([&] {
          Progress progress(clock, "stories", 3);
          for (int i = 0; i < 3; ++i) {
            clock.advance(1s);
            progress.advance();
          }
        }).empty());
}

TEST_CASE("a long command says now and then how far it is") {
  ManualClock clock(at("2026-11-23T12:00:00Z"));
  CHECK(complaints_of([&] {
          Progress progress(clock, "stories", 200);
          for (int i = 0; i < 20; ++i) {
            clock.advance(1s);
            progress.advance(10);
          }
        }) == "50 of 200 stories (25 %)\n150 of 200 stories (75 %)\n");
  CHECK(complaints_of([&] {
          Progress progress(clock, "lines", 0);
          clock.advance(6s);
          progress.advance();
        }) == "1 lines\n");
}
