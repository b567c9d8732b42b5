#include "app/story_lines.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include <fmt/core.h>

#include "app/exit_codes.hpp"
#include "app/progress.hpp"
#include "base/clock.hpp"
#include "story/parse.hpp"

namespace crier {
namespace {

// Lines of a stream. Of one that is too long only the length is kept.
class LineReader {
 public:
  explicit LineReader(std::FILE* file) : file_(file) {}

  /// False at the end.
  bool next() {
    text_.clear();
    size_ = 0;
    bool any = false;
    for (;;) {
      if (at_ == filled_) {
        filled_ = std::fread(buffer_.data(), 1, buffer_.size(), file_);
        at_ = 0;
        if (filled_ == 0) break;
      }
      any = true;
      const auto* begin = buffer_.data() + at_;
      const auto* end = static_cast<const char*>(std::memchr(begin, '\n', filled_ - at_));
      const auto size = end != nullptr ? static_cast<std::size_t>(end - begin) : filled_ - at_;
      keep(begin, size);
      at_ += size + (end != nullptr ? 1 : 0);
      if (end != nullptr) break;
    }
    if (any) ++number_;
    return any;
  }

  const std::string& text() const { return text_; }
  std::size_t size() const { return size_; }
  int number() const { return number_; }

 private:
  void keep(const char* begin, std::size_t size) {
    size_ += size;
    if (size_ <= max_story_bytes) text_.append(begin, size);
  }

  std::FILE* file_;
  std::array<char, 1U << 16> buffer_{};
  std::size_t at_ = 0;
  std::size_t filled_ = 0;
  std::string text_;
  std::size_t size_ = 0;
  int number_ = 0;
};

struct CloseFile {
  void operator()(std::FILE* file) const {
    if (file != stdin) std::fclose(file);
  }
};

// Whether there is anything to match; one that stops another may have nothing but the id.
bool says_something(const Story& story) {
  return story.status != StoryStatus::usable || !story.title.empty() || !story.summary.empty() ||
         !story.body_text.empty();
}

}  // namespace

int for_each_line(const CommandLine& line, const Config& config, const std::string& name,
                  const std::function<void(const Story&)>& each) {
  const std::unique_ptr<std::FILE, CloseFile> file(name == "-" ? stdin : std::fopen(name.c_str(), "rb"));
  if (file == nullptr)
    return line.fail(exit_code::missing_input, fmt::format("{}: {}", name, std::strerror(errno)));
  int code = exit_code::ok;
  ParseOptions options;
  options.file_name = name == "-" ? "standard input" : name;
  options.format = "json";
  options.vocabulary = &config.vocabulary;
  options.default_zone = config.newsroom.site.zone.name();
  const SystemClock clock;
  Progress progress(clock, "lines", 0, Progress::Meanwhile::lines);
  const auto reader = std::make_unique<LineReader>(file.get());
  for (; reader->next(); progress.advance()) {
    options.first_line = reader->number();
    if (reader->size() > max_story_bytes) {
      code = line.fail(exit_code::bad_data,
                       fmt::format("{}:{}: {} bytes in one line is more than the limit of {}",
                                   options.file_name, reader->number(), reader->size(), max_story_bytes));
      continue;
    }
    if (reader->text().find_first_not_of(" \r\t") == std::string::npos) continue;
    const auto parsed = parse_stories(reader->text(), options);
    if (!parsed) {
      code = line.fail(exit_code::bad_data, parsed.error().message);
      continue;
    }
    for (const auto& warning : parsed->warnings) fmt::print(stderr, "warning: {}\n", warning);
    for (const auto& story : parsed->stories) {
      if (says_something(story))
        each(story);
      else
        code =
            line.fail(exit_code::bad_data, fmt::format("{}:{}: story \"{}\" has neither a title nor a text",
                                                       options.file_name, reader->number(), story.id));
    }
  }
  if (std::ferror(file.get()) != 0)
    return line.fail(exit_code::io, fmt::format("{}: cannot be read to its end", options.file_name));
  return code;
}

}  // namespace crier
