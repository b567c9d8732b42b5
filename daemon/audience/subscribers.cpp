#include "audience/subscribers.hpp"

#include <algorithm>
#include <random>
#include <stdexcept>

namespace crier {
namespace {

constexpr std::uint32_t no_secrets = UINT32_MAX;

template <class Value>
char* write(char* to, const Value& value) {
  std::memcpy(to, &value, sizeof value);
  return to + sizeof value;
}

}  // namespace

std::string_view Subscriber::timezone() const {
  return all_->hours_[hours()].first;
}

std::optional<QuietHours> Subscriber::quiet_hours() const {
  return all_->hours_[hours()].second;
}

std::string Subscriber::text(std::size_t which) const {
  return all_->codes_[which].decode(code(which));
}

std::size_t Subscriber::bytes_in_block(const char* record) {
  const auto shape = static_cast<std::uint8_t>(*record);
  if ((shape & is_wide) != 0) return 1 + sizeof(std::uint32_t);
  const auto* length = record + bytes_before_texts<std::uint8_t, std::uint16_t>(shape & has_hours);
  std::size_t bytes = bytes_before_texts<std::uint8_t, std::uint16_t>(shape);
  for (auto left = count_texts(shape); left > 0; --left) bytes += static_cast<std::uint8_t>(*length++);
  return bytes + ((shape >> of_address(ChannelKind::webhook) & 1U) != 0 ? sizeof no_secrets : 0);
}

std::size_t Subscriber::place_of_secrets() const {
  const auto last = code(of_address(ChannelKind::webhook));
  static_assert(all_channels.back() == ChannelKind::webhook);
  return last.empty() ? 0 : static_cast<std::size_t>(last.data() + last.size() - record_);
}

std::uint32_t Subscriber::secrets() const {
  const auto place = place_of_secrets();
  return place == 0 ? no_secrets : read_as<std::uint32_t>(record_ + place);
}

std::vector<std::string> Subscriber::webhook_secrets() const {
  std::vector<std::string> keys;
  const auto begin = secrets();
  if (begin == no_secrets) return keys;
  const auto* from = all_->secrets_.data() + begin;
  for (auto count = static_cast<std::uint8_t>(*from++); count > 0; --count) {
    const auto length = static_cast<std::uint8_t>(*from++);
    keys.emplace_back(from, length);
    from += length;
  }
  return keys;
}

std::uint32_t Subscribers::add(const SubscriberDraft& draft) {
  if (size() == PositionTable::none) throw std::length_error("there are too many subscribers");
  const auto index = size();
  const Texts texts{draft.id, draft.name, draft.addresses[0], draft.addresses[1], draft.addresses[2]};
  append(is_in_code_ ? encode(texts) : texts, hours_of(draft), no_secrets);
  if (!draft.addresses.back().empty())
    for (const auto& key : draft.webhook_secrets) add_webhook_secret(index, key);
  const IdOf id_of{*this};
  if (!draft.id.empty() && by_id_.find(draft.id, id_of) == PositionTable::none) by_id_.insert(index, id_of);
  return index;
}

// As they are to stand in a record; valid until the next call.
Subscribers::Texts Subscribers::encode(const Texts& texts) {
  std::array<std::size_t, Subscriber::texts> ends{};
  encoded_.clear();
  for (std::size_t i = 0; i < texts.size(); ++i) {
    codes_[i].encode(texts[i], encoded_);
    ends[i] = encoded_.size();
  }
  Texts codes;
  for (std::size_t i = 0, begin = 0; i < texts.size(); begin = ends[i++])
    codes[i] = std::string_view(encoded_).substr(begin, ends[i] - begin);
  return codes;
}

void Subscribers::append(const Texts& codes, std::uint32_t hours, std::uint32_t secrets) {
  std::uint8_t shape = hours == 0 ? 0 : Subscriber::has_hours;
  std::size_t bytes = 0;
  std::size_t longest = 0;
  for (std::size_t i = 0; i < codes.size(); ++i) {
    if (codes[i].empty()) continue;
    shape = static_cast<std::uint8_t>(shape | 1U << i);
    bytes += codes[i].size();
    longest = std::max(longest, codes[i].size());
  }
  if (longest > UINT32_MAX) throw std::length_error("what is said of a subscriber is too long");
  const bool has_webhook = !codes.back().empty();
  if (has_webhook) bytes += sizeof secrets;
  char* end = nullptr;
  if (longest <= UINT8_MAX && hours <= UINT16_MAX) {
    bytes += Subscriber::bytes_before_texts<std::uint8_t, std::uint16_t>(shape);
    end = fill<std::uint8_t, std::uint16_t>(make_room(bytes), shape, codes, hours);
  } else {
    shape |= Subscriber::is_wide;
    auto& wide = records_.wide;
    const auto which = static_cast<std::uint32_t>(wide.size());
    bytes += Subscriber::bytes_before_texts<std::uint32_t, std::uint32_t>(shape);
    wide.push_back(std::make_unique<char[]>(bytes));
    end = fill<std::uint32_t, std::uint32_t>(wide.back().get(), shape, codes, hours);
    write(write(make_room(1 + sizeof which), shape), which);
  }
  if (has_webhook) write(end, secrets);
  ++records_.count;
}

// Returns where the record says what secrets there are, if it does.
template <class Length, class Position>
char* Subscribers::fill(char* record, std::uint8_t shape, const Texts& codes, std::uint32_t hours) {
  record = write(record, shape);
  if ((shape & Subscriber::has_hours) != 0) record = write(record, static_cast<Position>(hours));
  for (const auto code : codes)
    if (!code.empty()) record = write(record, static_cast<Length>(code.size()));
  for (const auto code : codes) record = std::ranges::copy(code, record).out;
  return record;
}

// The next place in the newest block, or in a new one when a group begins that it might have no room for.
char* Subscribers::make_room(std::size_t bytes) {
  constexpr std::size_t longest =
      sizeof(std::uint8_t) + sizeof(std::uint16_t) + Subscriber::texts * (1 + UINT8_MAX) + sizeof no_secrets;
  auto& [group_size, count, blocks, used, groups, wide] = records_;
  if (count % group_size == 0) {
    if (block_size - used < group_size * longest) {
      blocks.emplace_back(new char[block_size]);
      used = 0;
    }
    groups.push_back(blocks.back().get() + used);
  }
  auto* room = blocks.back().get() + used;
  used += bytes;
  return room;
}

char* Subscribers::record_of(const Records& records, std::uint32_t index) {
  auto* record = records.groups[index / records.group_size];
  for (auto before = index % records.group_size; before > 0; --before)
    record += Subscriber::bytes_in_block(record);
  if ((static_cast<std::uint8_t>(*record) & Subscriber::is_wide) == 0) return record;
  return records.wide[Subscriber::read_as<std::uint32_t>(record + 1)].get();
}

std::uint32_t Subscribers::hours_of(const SubscriberDraft& draft) {
  const auto [known, is_new] = known_hours_.try_emplace({draft.timezone, draft.quiet_hours},
                                                        static_cast<std::uint32_t>(hours_.size()));
  if (is_new) hours_.push_back(known->first);
  return known->second;
}

void Subscribers::add_webhook_secret(std::uint32_t index, std::string_view key) {
  const auto subscriber = (*this)[index];
  const auto place = subscriber.place_of_secrets();
  const auto keys = subscriber.webhook_secrets();
  if (place == 0) throw std::invalid_argument("a webhook secret without a webhook");
  if (key.size() > UINT8_MAX || keys.size() == UINT8_MAX || secrets_.size() >= no_secrets)
    throw std::length_error("a webhook secret is too long, or there are too many");
  write(record_of(index) + place, static_cast<std::uint32_t>(secrets_.size()));
  secrets_ += static_cast<char>(keys.size() + 1);
  const auto keep = [&](std::string_view each) {
    secrets_ += static_cast<char>(each.size());
    secrets_ += each;
  };
  for (const auto& each : keys) keep(each);
  keep(key);
}

void Subscribers::fit() {
  by_id_.fit(IdOf{*this});
  if (!is_in_code_ && size() >= sample_size) write_in_code();
  records_.groups.shrink_to_fit();
  hours_.shrink_to_fit();
  secrets_.shrink_to_fit();
}

void Subscribers::write_in_code() {
  codes_ = learn_codes();
  is_in_code_ = true;
  constexpr std::uint32_t group_size = 16;
  const auto before = std::exchange(records_, {.group_size = group_size});
  for (std::uint32_t i = 0; i < before.count; ++i) {
    const Subscriber subscriber(*this, record_of(before, i), i);
    Texts texts;
    for (std::size_t which = 0; which < texts.size(); ++which) texts[which] = subscriber.code(which);
    append(encode(texts), subscriber.hours(), subscriber.secrets());
  }
}

// From a sample of those who are not in code yet.
std::array<TextCode, Subscriber::texts> Subscribers::learn_codes() const {
  constexpr std::size_t longest = 256;
  std::array<std::vector<std::string>, Subscriber::texts> samples;
  const auto every = size() / sample_size;
  // Not at equal distances, at which numbers may all end alike.
  std::minstd_rand random;
  for (std::uint32_t i = 0; i < sample_size; ++i) {
    const auto subscriber = (*this)[i * every + static_cast<std::uint32_t>(random() % every)];
    for (std::size_t which = 0; which < samples.size(); ++which)
      if (subscriber.has(which)) samples[which].emplace_back(subscriber.code(which).substr(0, longest));
  }
  std::array<TextCode, Subscriber::texts> codes;
  for (std::size_t which = 0; which < codes.size(); ++which) codes[which] = TextCode::learn(samples[which]);
  return codes;
}

std::optional<Subscriber> Subscribers::find(std::string_view id) const {
  const auto found = by_id_.find(id, IdOf{*this});
  return found == PositionTable::none ? std::nullopt : std::optional((*this)[found]);
}

std::optional<Subscriber> Subscribers::find(std::string_view id, std::uint32_t probable) const {
  if (!id.empty() && probable < size() && (*this)[probable].id() == id) return (*this)[probable];
  return find(id);
}

}  // namespace crier
