// The commands: each takes the words after its name and returns an exit code (app/exit_codes.hpp).
// They print for people, or JSON with --json, to standard output; complaints go to standard error.
#pragma once

#include "app/command_line.hpp"

namespace crier {

int check_command(const Words& words);
int dkim_command(const Words& words);
int explain_command(const Words& words);
int ledger_command(const Words& words);
int match_command(const Words& words);
int next_command(const Words& words);
int outbox_command(const Words& words);
int parse_command(const Words& words);
int preview_command(const Words& words);
int receive_command(const Words& words);
int replay_command(const Words& words);
int serve_command(const Words& words);
int share_command(const Words& words);
int sources_command(const Words& words);
int test_command(const Words& words);
int topics_command(const Words& words);

/// Finds the command and runs it; answers --help and --version.
int run_command(const Words& words);

}  // namespace crier
