#include "app/commands.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include <fmt/core.h>

#include "app/exit_codes.hpp"
#include "base/suggest.hpp"

namespace crier {
namespace {

struct Command {
  std::string_view name;
  std::string_view purpose;
  int (*run)(const Words&);
};

constexpr std::array commands{
    Command{"serve", "run the daemon", serve_command},
    Command{"check", "validate the whole configuration", check_command},
    Command{"parse", "show what a story file holds, as JSON", parse_command},
    Command{"match", "who gets a story, by which channel, when", match_command},
    Command{"explain", "why a subscriber gets a story, or why not", explain_command},
    Command{"test", "run the tests kept beside the rules", test_command},
    Command{"replay", "what rules would have sent, and what a change gains and loses", replay_command},
    Command{"topics", "rules that never fire, stories nobody heard, costliest rules", topics_command},
    Command{"preview", "show the messages a story or edition makes", preview_command},
    Command{"share", "share links for a story or URL", share_command},
    Command{"next", "when an edition is due", next_command},
    Command{"sources", "where stories come from, and whether it is well", sources_command},
    Command{"ledger", "what was owed and what became of it", ledger_command},
    Command{"outbox", "look at what is owed; retry, drop, pause and resume it", outbox_command},
    Command{"dkim", "a key to sign mails with; check the signatures of a mail", dkim_command},
    Command{"receive", "a small receiver to try webhooks and WhatsApp against", receive_command},
};

void print_help() {
  fmt::print(
      "Usage: crier COMMAND [options]\n\nNotices newly published stories and tells the readers who asked for "
      "them.\n\n");
  for (const auto& command : commands) fmt::print("  {:<9} {}\n", command.name, command.purpose);
  fmt::print("\nEach command explains itself: crier COMMAND --help. Start with: crier check, crier serve.\n");
}

}  // namespace

int run_command(const Words& words) {
  if (words.empty() || words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
    print_help();
    return words.empty() ? exit_code::usage : exit_code::ok;
  }
  if (words[0] == "--version") {
    fmt::print("crier {}\n", CRIER_VERSION);
    return exit_code::ok;
  }
  const auto command = std::ranges::find(commands, words[0], &Command::name);
  if (command == commands.end()) {
    std::vector<std::string_view> known;
    for (const auto& each : commands) known.push_back(each.name);
    fmt::print(stderr, "crier: there is no command \"{}\"{}\nTry: crier --help\n", words[0],
               did_you_mean(words[0], known));
    return exit_code::usage;
  }
  return command->run({words.begin() + 1, words.end()});
}

}  // namespace crier
