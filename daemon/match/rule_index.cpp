#include "match/rule_index.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <deque>
#include <mutex>
#include <numeric>
#include <stdexcept>

#include <boost/unordered/unordered_flat_set.hpp>

#include "base/varint.hpp"
#include "match/anchors.hpp"
#include "match/arena.hpp"
#include "match/condition.hpp"
#include "match/epochs.hpp"
#include "match/program.hpp"
#include "match/story_terms.hpp"

namespace crier {
namespace {

constexpr std::size_t ahead = 8;  // places in a list whose memory is fetched meanwhile

// What a reader needs for one story; kept for the next.
struct Scratch {
  StoryTerms terms;
  struct List {
    Arena::Address first_chunk;
    FamilyTruth family;
  };
  std::vector<List> lists;
  std::vector<Target> found;
  std::vector<Target> programs;
  boost::unordered_flat_set<Target> tried;  // of the large programs
  std::vector<RuleId> order;                // while ids are brought into order
};

// A rule in the arena: its id, then bytes: the size of the record in words, the anchors (a count, then twice
// the term, plus one when it decides), the program. Most rules are anchored under what their program asks for
// first; never_term, under which none is, stands for that.
struct RecordView {
  RuleId id;
  std::uint32_t words;
  std::vector<std::pair<TermId, bool>> anchors;
  const std::uint8_t* program;
};

const std::uint8_t* bytes_of(const std::uint32_t* record) {
  return reinterpret_cast<const std::uint8_t*>(record + 1);
}

std::uint64_t words_of(const std::uint32_t* record) {
  const auto* at = bytes_of(record);
  return read_varint(at);
}

const std::uint8_t* program_of(const std::uint32_t* record) {
  const auto* at = bytes_of(record);
  read_varint(at);
  for (auto left = read_varint(at); left > 0; --left) read_varint(at);
  return at;
}

RecordView view_of(const std::uint32_t* record) {
  RecordView view{record[0], 0, {}, nullptr};
  const auto* at = bytes_of(record);
  view.words = static_cast<std::uint32_t>(read_varint(at));
  for (auto left = read_varint(at); left > 0; --left) {
    const auto anchor = read_varint(at);
    view.anchors.emplace_back(static_cast<TermId>(anchor / 2), anchor % 2 == 1);
  }
  view.program = at;
  for (auto& [term, decides] : view.anchors)
    if (term == never_term) term = first_term(view.program);
  return view;
}

// Brings ids below `id_end` into ascending order, each once. Radix sort, least significant half first: two
// passes whose counts stay in the nearest cache.
void put_in_order(std::vector<RuleId>& ids, RuleId id_end, std::vector<RuleId>& spare) {
  constexpr std::size_t few = 256;
  if (ids.size() < few) {
    std::ranges::sort(ids);
  } else {
    constexpr auto most = std::size_t{1} << (std::bit_width(RuleIndex::max_id) + 1) / 2;
    const auto half = static_cast<unsigned>(std::bit_width(id_end) + 1) / 2;
    const auto mask = (RuleId{1} << half) - 1;
    std::array<std::uint32_t, most> low;
    std::array<std::uint32_t, most> high;
    std::fill_n(low.begin(), mask + 1, 0);
    std::fill_n(high.begin(), mask + 1, 0);
    for (const auto id : ids) {
      ++low[id & mask];
      ++high[id >> half];
    }
    std::exclusive_scan(low.begin(), low.begin() + mask + 1, low.begin(), std::uint32_t{0});
    std::exclusive_scan(high.begin(), high.begin() + mask + 1, high.begin(), std::uint32_t{0});
    spare.resize(ids.size());
    for (const auto id : ids) spare[low[id & mask]++] = id;
    for (const auto id : spare) ids[high[id >> half]++] = id;
  }
  ids.erase(std::ranges::unique(ids).begin(), ids.end());
}

}  // namespace

struct RuleIndex::Parts {
  // What readers may still look at, and what is to happen once they cannot.
  struct Retired {
    std::uint64_t epoch;
    PostingLists::Unlinked chunk;  // to be given back
    Arena::Address record = 0;     // a rule's, to be given back
    bool ends_postings = false;    // of that record, before it is retired itself
    std::shared_ptr<void> table;
  };

  explicit Parts(Language language)
      : dictionary([this](std::shared_ptr<void> table) { retire({.table = std::move(table)}); }, language) {
    lists.reach(first_free_family);
  }

  void retire(Retired retired) {
    retired.epoch = epochs.advance();
    limbo.push_back(std::move(retired));
  }
  void retire_chunk(PostingLists::Unlinked chunk) {
    if (chunk.address != 0) retire({.epoch = 0, .chunk = chunk});
  }
  void reclaim();
  void publish_terms() {
    lists.reach(dictionary.next_family());
    dictionary.publish();
  }
  Arena::Address write_record(RuleId id, const Anchors& anchors, const Condition& condition);
  void add_postings(RuleId id, Arena::Address record, const Anchors& anchors);
  void end_postings(const RecordView& record, Arena::Address address);
  void remove(RuleId id);
  void end_former_postings(RuleId id);
  bool reanchor(RuleId id);
  void prepare(Language language);
  Scratch& scratch_of(unsigned place);
  void find_lists(Scratch& scratch) const;
  std::size_t scan_lists(Scratch& scratch) const;
  static void sort_out(Scratch& scratch, std::vector<RuleId>& out);
  std::size_t run_programs(Scratch& scratch, std::vector<RuleId>& out) const;

  std::mutex writing;
  Epochs epochs;
  Dictionary dictionary;
  TermRates rates;
  PostingLists lists;
  Arena records_arena;
  Segmented<std::atomic<Arena::Address>> records;  // by rule id; 0 = no rule
  std::atomic<RuleId> id_end{0};                   // all ids are below
  std::atomic<std::size_t> size{0};
  std::deque<Retired> limbo;  // oldest first; goes before what it gives back to
  std::size_t moved = 0;      // of limbo, those that end postings
  RuleId next_to_reanchor = 0;
  std::array<std::unique_ptr<Scratch>, Epochs::max_readers> scratches;
};

void RuleIndex::Parts::reclaim() {
  constexpr int at_once = 16;  // more than one change retires; it bounds what one change has to do
  for (int i = 0; i < at_once && !limbo.empty() && epochs.has_passed(limbo.front().epoch); ++i) {
    const auto retired = std::move(limbo.front());
    limbo.pop_front();
    if (retired.chunk.address != 0) lists.give_back(retired.chunk);
    if (retired.record == 0) continue;
    const auto view = view_of(records_arena.at(retired.record));
    if (retired.ends_postings) {
      --moved;
      end_postings(view, retired.record);
      retire({.epoch = 0, .chunk = {}, .record = retired.record});
    } else {
      records_arena.release(retired.record, view.words);
    }
  }
}

Arena::Address RuleIndex::Parts::write_record(RuleId id, const Anchors& anchors, const Condition& condition) {
  std::string program;
  encode(condition, program);
  const auto first = first_term(reinterpret_cast<const std::uint8_t*>(program.data()));
  std::string body;
  append_varint(body, anchors.list.size());
  for (const auto& anchor : anchors.list) {
    const auto term = anchor.term == first ? never_term : anchor.term;
    append_varint(body, std::uint64_t{term} * 2 + (anchor.decides ? 1 : 0));
  }
  body += program;
  // The size counts itself: one byte, or three for the few large ones.
  std::string words_text;
  const auto words_for = [&](std::size_t size_bytes) { return 1 + (size_bytes + body.size() + 3) / 4; };
  const auto words = words_for(1) < 0x80 ? words_for(1) : words_for(3);
  if (words > Arena::max_words) throw std::length_error("the rule is too large");
  append_varint(words_text, words);
  while (words >= 0x80 && words_text.size() < 3) {
    words_text.back() = static_cast<char>(words_text.back() | static_cast<char>(0x80));
    words_text += '\0';
  }
  const auto address = records_arena.allocate(static_cast<std::uint32_t>(words));
  auto* record = records_arena.at(address);
  record[0] = id;
  auto* bytes = reinterpret_cast<char*>(record + 1);
  std::ranges::copy(body, std::ranges::copy(words_text, bytes).out);
  return address;
}

void RuleIndex::Parts::add_postings(RuleId id, Arena::Address record, const Anchors& anchors) {
  for (const auto& anchor : anchors.list)
    retire_chunk(lists.add(anchor.term, {.guard1 = anchor.guard1,
                                         .guard2 = anchor.guard2,
                                         .either = anchor.either,
                                         .target = anchor.decides ? id | decided_bit : record}));
}

void RuleIndex::Parts::end_postings(const RecordView& record, Arena::Address address) {
  for (const auto& [term, decides] : record.anchors)
    retire_chunk(lists.remove(term, decides ? record.id | decided_bit : address));
}

void RuleIndex::Parts::remove(RuleId id) {
  if (id >= records.size()) return;
  const auto address = records[id].load(std::memory_order_relaxed);
  if (address == 0) return;
  records[id].store(0, std::memory_order_release);
  if (moved > 0) end_former_postings(id);
  end_postings(view_of(records_arena.at(address)), address);
  retire({.epoch = 0, .chunk = {}, .record = address});
  size.fetch_sub(1, std::memory_order_relaxed);
}

// Those that reanchor() left to the readers of then: the rule that gets the id next must not be found by
// them.
void RuleIndex::Parts::end_former_postings(RuleId id) {
  for (std::size_t i = 0, end = limbo.size(); i < end; ++i) {
    const auto record = limbo[i].record;
    if (!limbo[i].ends_postings || records_arena.at(record)[0] != id) continue;
    limbo[i].record = 0;
    limbo[i].ends_postings = false;
    --moved;
    end_postings(view_of(records_arena.at(record)), record);
    retire({.epoch = 0, .chunk = {}, .record = record});
  }
}

// True when the rule was moved. Only to lists that it is not in yet: the old and the new postings stand
// side by side until all readers know the new ones.
bool RuleIndex::Parts::reanchor(RuleId id) {
  const auto old_address = records[id].load(std::memory_order_relaxed);
  if (old_address == 0) return false;
  const auto old = view_of(records_arena.at(old_address));
  const auto condition = decode(old.program, dictionary, rates);
  const auto anchors = choose_anchors(condition, dictionary, rates);
  double present_rate = 0;
  for (const auto& [term, decides] : old.anchors) present_rate += rates.rate(dictionary.rate_key(term));
  constexpr double worth_it = 2;
  if (anchors.list.empty() || anchors.rate * worth_it > present_rate) return false;
  for (const auto& anchor : anchors.list)
    if (std::ranges::find(old.anchors, family_of(anchor.term),
                          [](const auto& each) { return family_of(each.first); }) != old.anchors.end())
      return false;
  const auto address = write_record(id, anchors, condition);
  add_postings(id, address, anchors);
  records[id].store(address, std::memory_order_release);
  retire({.epoch = 0, .chunk = {}, .record = old_address, .ends_postings = true});
  ++moved;
  return true;
}

void RuleIndex::Parts::prepare(Language language) {
  const std::lock_guard lock(writing);
  dictionary.prepare(language);
}

Scratch& RuleIndex::Parts::scratch_of(unsigned place) {
  auto& scratch = scratches[place];
  if (!scratch) scratch = std::make_unique<Scratch>();
  return *scratch;
}

// The lists that the story leads to.
void RuleIndex::Parts::find_lists(Scratch& scratch) const {
  const auto& families = scratch.terms.families();
  const auto known = dictionary.family_count();
  scratch.lists.clear();
  for (std::size_t i = 0; i < families.size(); ++i) {
    if (i + ahead < families.size() && families[i + ahead].family < known)
      lists.prefetch_head(families[i + ahead].family);
    const auto family = families[i].family;
    if (family >= known) continue;
    const auto chunk = lists.first_chunk(family);
    if (chunk == 0) continue;
    __builtin_prefetch(lists.chunk(chunk));
    scratch.lists.push_back({chunk, scratch.terms.truth()[family]});
  }
}

// Collects what the postings lead to. Returns how many postings there were.
std::size_t RuleIndex::Parts::scan_lists(Scratch& scratch) const {
  const auto& found_lists = scratch.lists;
  auto& found = scratch.found;
  std::size_t used = 0;
  std::size_t postings = 0;
  for (std::size_t i = 0; i < found_lists.size(); ++i) {
    if (i + ahead < found_lists.size())
      PostingLists::prefetch_rest(lists.chunk(found_lists[i + ahead].first_chunk));
    for (auto address = found_lists[i].first_chunk; address != 0;) {
      const auto* chunk = lists.chunk(address);
      address = PostingLists::next_chunk(chunk);
      if (address != 0) __builtin_prefetch(lists.chunk(address));
      const auto count = PostingLists::posting_count(chunk);
      if (found.size() < used + count) found.resize((used + count) * 2);
      auto* const end =
          PostingLists::scan(chunk, count, scratch.terms.truth(), found_lists[i].family, found.data() + used);
      used = static_cast<std::size_t>(end - found.data());
      postings += count;
    }
  }
  found.resize(used);
  return postings;
}

// Into rules, which match, and programs, which are to be run. Without branches, as there is no guessing them.
void RuleIndex::Parts::sort_out(Scratch& scratch, std::vector<RuleId>& out) {
  auto& programs = scratch.programs;
  out.resize(scratch.found.size());
  programs.resize(scratch.found.size());
  std::size_t rules = 0;
  std::size_t others = 0;
  for (const auto target : scratch.found) {
    out[rules] = target & ~decided_bit;
    rules += target >> 31;
    programs[others] = target;
    others += ~target >> 31;
  }
  out.resize(rules);
  programs.resize(others);
}

// A rule of many alternatives is found by many of its postings: a large program runs once a story, or
// matching it would take time by the square of its size. To remember the small ones would cost more than it
// spares.
std::size_t RuleIndex::Parts::run_programs(Scratch& scratch, std::vector<RuleId>& out) const {
  constexpr std::uint64_t large = 32;  // words
  const auto& programs = scratch.programs;
  Evaluator evaluator(scratch.terms, dictionary);
  constexpr std::size_t usual = 4096;  // what absurd rules took is given back
  if (scratch.tried.bucket_count() > usual) scratch.tried = {};
  scratch.tried.clear();
  std::size_t again = 0;
  for (const auto program : programs) {
    const auto* record = records_arena.at(program);
    __builtin_prefetch(record);
    __builtin_prefetch(record + 7);  // as much as most rules take
  }
  for (const auto program : programs) {
    const auto* record = records_arena.at(program);
    if (words_of(record) >= large && !scratch.tried.insert(program).second) {
      ++again;
      continue;
    }
    if (evaluator.holds(program_of(record))) out.push_back(record[0]);
  }
  return programs.size() - again;
}

RuleIndex::RuleIndex(Language language) : parts_(std::make_unique<Parts>(language)) {}
RuleIndex::~RuleIndex() = default;
RuleIndex::RuleIndex(RuleIndex&&) noexcept = default;
RuleIndex& RuleIndex::operator=(RuleIndex&&) noexcept = default;

double RuleIndex::add(RuleId id, const Rule& rule) {
  auto& parts = *parts_;
  const std::lock_guard lock(parts.writing);
  if (id > max_id) throw std::length_error("the rule index takes ids up to 67 million");
  parts.reclaim();
  const auto condition = compile(rule, parts.dictionary, parts.rates);
  const auto anchors = choose_anchors(condition, parts.dictionary, parts.rates);
  const auto address = parts.write_record(id, anchors, condition);
  parts.remove(id);
  parts.records.reach(id);
  if (id >= parts.id_end.load(std::memory_order_relaxed))
    parts.id_end.store(id + 1, std::memory_order_release);
  parts.publish_terms();
  parts.records[id].store(address, std::memory_order_release);
  parts.add_postings(id, address, anchors);
  parts.size.fetch_add(1, std::memory_order_relaxed);
  return anchors.rate;
}

void RuleIndex::remove(RuleId id) {
  const std::lock_guard lock(parts_->writing);
  parts_->reclaim();
  parts_->remove(id);
}

std::size_t RuleIndex::size() const {
  return parts_->size.load(std::memory_order_relaxed);
}

RuleCost RuleIndex::cost(RuleId id) const {
  const auto& parts = *parts_;
  const std::lock_guard lock(parts_->writing);
  const auto address = id < parts.records.size() ? parts.records[id].load(std::memory_order_relaxed) : 0;
  RuleCost cost;
  if (address == 0) return cost;
  for (const auto& [term, decides] : view_of(parts.records_arena.at(address)).anchors) {
    const double rate = term == always_term ? 1.0 : parts.rates.rate(parts.dictionary.rate_key(term));
    cost.postings += rate;
    cost.likeliest_term = std::max(cost.likeliest_term, rate);
  }
  return cost;
}

std::vector<RuleId> RuleIndex::match(const AnalyzedStory& story) const {
  std::vector<RuleId> out;
  match(story, out);
  return out;
}

void RuleIndex::match(const AnalyzedStory& story, std::vector<RuleId>& out, MatchWork* work) const {
  auto& parts = *parts_;
  out.clear();
  if (!parts.dictionary.is_prepared(story.language())) parts.prepare(story.language());
  const Epochs::Stay stay(parts.epochs);
  auto& scratch = parts.scratch_of(stay.place());
  scratch.terms.fill(parts.dictionary, story);

  parts.find_lists(scratch);
  const auto postings = parts.scan_lists(scratch);
  const auto candidates = scratch.found.size();
  parts.sort_out(scratch, out);
  const auto run = parts.run_programs(scratch, out);
  scratch.terms.clear();
  put_in_order(out, parts.id_end.load(std::memory_order_acquire), scratch.order);
  if (work != nullptr) *work = {postings, candidates, run};
}

void RuleIndex::scan(const AnalyzedStory& story, std::vector<RuleId>& out) const {
  auto& parts = *parts_;
  out.clear();
  if (!parts.dictionary.is_prepared(story.language())) parts.prepare(story.language());
  const Epochs::Stay stay(parts.epochs);
  auto& scratch = parts.scratch_of(stay.place());
  scratch.terms.fill(parts.dictionary, story);
  Evaluator evaluator(scratch.terms, parts.dictionary);
  const auto end = parts.id_end.load(std::memory_order_acquire);
  for (RuleId id = 0; id < end; ++id) {
    const auto address = parts.records[id].load(std::memory_order_acquire);
    if (address != 0 && evaluator.holds(program_of(parts.records_arena.at(address)))) out.push_back(id);
  }
  scratch.terms.clear();
}

void RuleIndex::learn(const AnalyzedStory& story) const {
  auto& parts = *parts_;
  if (!parts.dictionary.is_prepared(story.language())) parts.prepare(story.language());
  std::vector<RateKey> prefixes;
  const std::lock_guard lock(parts.writing);
  if (const auto lengths = parts.dictionary.prefix_lengths(); lengths != 0) {
    const Epochs::Stay stay(parts.epochs);
    auto& scratch = parts.scratch_of(stay.place());
    scratch.terms.fill(parts.dictionary, story);
    for (const auto& each : scratch.terms.families()) {
      const auto term = each.family << member_bits;  // the only one of its family
      if (parts.dictionary.is_prefix(term)) prefixes.push_back(parts.dictionary.rate_key(term));
    }
    scratch.terms.clear();
  }
  parts.rates.learn(story, prefixes);
}

double RuleIndex::learned() const {
  const std::lock_guard lock(parts_->writing);
  return parts_->rates.stories();
}

std::size_t RuleIndex::reanchor(std::size_t count) const {
  auto& parts = *parts_;
  const std::lock_guard lock(parts.writing);
  const auto end = parts.records.size();
  std::size_t moved = 0;
  for (std::size_t i = 0; i < std::min<std::size_t>(count, end); ++i) {
    parts.reclaim();
    if (parts.next_to_reanchor >= end) parts.next_to_reanchor = 0;
    moved += parts.reanchor(parts.next_to_reanchor++) ? 1 : 0;
  }
  return moved;
}

std::size_t RuleIndex::bytes() const {
  const auto& parts = *parts_;
  const std::lock_guard lock(parts_->writing);
  const auto reader =
      parts.dictionary.next_family() * sizeof(FamilyTruth) + parts.id_end / 8 + (std::size_t{1} << 16);
  return parts.dictionary.bytes() + parts.rates.bytes() + parts.lists.bytes() + parts.records_arena.bytes() +
         parts.records.bytes() + reader;
}

}  // namespace crier
