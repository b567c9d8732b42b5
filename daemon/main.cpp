#include <fmt/core.h>

#include <exception>

#include "app/commands.hpp"
#include "app/exit_codes.hpp"

int main(int argc, char** argv) {
  try {
    return crier::run_command({argv + 1, argv + argc});
  } catch (const std::exception& e) {
    fmt::print(stderr, "crier: {}\n", e.what());
    return crier::exit_code::internal;
  }
}
