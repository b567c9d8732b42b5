// What is given back to the system.
#include "base/memory.hpp"

#include <fstream>

#include <catch2/catch.hpp>

#include "base/encoding.hpp"

using namespace crier;

#ifdef __linux__

namespace {

// Of files, in pages: proc(5), statm.
long resident_of_files() {
  std::ifstream file("/proc/self/statm");
  long size = 0;
  long resident = 0;
  long shared = 0;
  file >> size >> resident >> shared;
  return shared;
}

}  // namespace

TEST_CASE("most of the program's pages are given back, and found again") {
  const auto before = resident_of_files();
  return_program_pages();
  CHECK(resident_of_files() < before / 2);
  CHECK(to_lower_ascii("FOUND AGAIN") == "found again");
}

#endif
