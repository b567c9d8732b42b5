// Reserve: room that a database keeps for what must be written on a full disk, the outcomes of what is sent.
// The write-ahead log has its room from the start and is used again and again; new rows find pages inside the
// file.
#pragma once

#include <filesystem>

namespace crier {

class Sqlite;

/// Makes the log of an open database as long as it ever is in ordinary work. False when the disk has no room
/// for that.
bool reserve_log(const std::filesystem::path& database);

/// Whether the file has fewer free pages than are to be kept.
bool lacks_free_pages(Sqlite& db);
/// Two jobs, one after the other, bring them back: the first takes pages from the disk, the second frees
/// them.
void take_pages(Sqlite& db);
void free_pages(Sqlite& db);

}  // namespace crier
