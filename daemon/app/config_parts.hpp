// The loader's own workshop: one function per section of the configuration. Only app/config*.cpp use it.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/config.hpp"
#include "app/yaml_section.hpp"

namespace crier {

/// A node that has to be read when all files are known.
struct Pending {
  const YamlFile* file = nullptr;
  const YamlNode* key = nullptr;  ///< of a mapping entry, else nullptr
  const YamlNode* value = nullptr;
};

/// A `subscribers:` section. Its items are read one by one where they are pieces of the file.
struct SubscriberList {
  const YamlFile* file = nullptr;
  const YamlNode* list = nullptr;
  const std::vector<YamlPiece>* pieces = nullptr;  ///< never null; if there are any, the list is empty
  std::function<void()> when_read{};               ///< may free the list, the pieces and the file's text

  std::size_t size() const { return pieces->empty() ? list->items.size() : pieces->size(); }
};

void read_site(const YamlNode& node, const YamlFile& file, Config& config);
void read_sources(const YamlNode& node, const YamlFile& file, Config& config);
void read_channels(const YamlNode& node, const YamlFile& file, Config& config);
void read_http(const YamlNode& node, const YamlFile& file, Config& config);
void read_story_log(const YamlNode& node, const YamlFile& file, Config& config);
void read_ledger(const YamlNode& node, const YamlFile& file, Config& config);
void read_repeats(const YamlNode& node, const YamlFile& file, Config& config);
/// Every `editions:` entry of all files; more than the book can number are reported, and not read.
void read_editions(std::span<const Pending> entries, Config& config);
/// When the editions are there; unless they are `all`, late_into may name one that is not.
void read_alerts(const Pending& alerts, Config& config, bool all);
/// The name, as the newsroom keeps it, of the edition that `key` of the section calls `name`; empty, and an
/// error, when there is none. `others`: what might have been meant besides editions.
std::string_view find_edition(YamlSection& section, std::string_view key, std::string_view name,
                              const Newsroom& newsroom, std::vector<std::string_view> others);
/// When the book and the editions are there: a test names both.
void read_test(const Pending& entry, Config& config);

/// Topics first, then subscribers, whose follows refer to them and to the editions. False when an item of a
/// list cannot be read by itself: the files have to be read as a whole then.
bool read_book(const std::vector<Pending>& topics, const std::vector<SubscriberList>& subscribers,
               const LoadOptions& options, Config& config);

/// What `channels.email.dkim` says; nullptr when it is absent or wrong (reported). `from` is the sender's
/// address, empty when that is wrong itself.
std::shared_ptr<const DkimSigner> read_dkim(YamlSection& email, std::string_view from);

/// An absolute http or https URL, reported otherwise; empty when the key is absent.
std::string read_url(YamlSection& section, std::string_view key);

/// A zone that exists, reported at `at` otherwise; what is not even a text is left to YamlSection::text.
std::optional<Zone> read_zone(const YamlNode& at, const YamlFile& file);

/// Whether a `…_file` key holds the secret itself, which is reported without being shown.
bool holds_secret(YamlSection& section, std::string_view key);

/// The secret a `…_file` key refers to; empty when the key is absent or the secret cannot be had (reported).
std::string read_secret_key(YamlSection& section, std::string_view key);

}  // namespace crier
