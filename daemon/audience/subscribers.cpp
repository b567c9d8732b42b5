#include "audience/subscribers.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace crier {
namespace {

constexpr std::uint32_t no_secrets = UINT32_MAX;

template <class Value>
char* write(char* to, const Value& value) {
  std::memcpy(to, &value, sizeof value);
  return to + sizeof value;
}

std::array<std::string_view, 2 + all_channels.size()> texts_of(const SubscriberDraft& draft) {
  return {draft.id, draft.name, draft.addresses[0], draft.addresses[1], draft.addresses[2]};
}

}  // namespace

std::string_view Subscriber::timezone() const {
  return all_->hours_[hours()].first;
}

std::optional<QuietHours> Subscriber::quiet_hours() const {
  return all_->hours_[hours()].second;
}

std::size_t Subscriber::place_of_secrets() const {
  const auto last = address(ChannelKind::webhook);
  static_assert(all_channels.back() == ChannelKind::webhook);
  return last.empty() ? 0 : static_cast<std::size_t>(last.data() + last.size() - record_);
}

std::vector<std::string> Subscriber::webhook_secrets() const {
  std::vector<std::string> keys;
  const auto place = place_of_secrets();
  const auto begin = place == 0 ? no_secrets : read_as<std::uint32_t>(record_ + place);
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
  if (places_.size() == PositionTable::none) throw std::length_error("there are too many subscribers");
  const auto index = size();
  const auto texts = texts_of(draft);
  const auto hours = hours_of(draft);
  std::uint8_t shape = hours == 0 ? 0 : Subscriber::has_hours;
  std::size_t bytes = 0;
  std::size_t longest = 0;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (texts[i].empty()) continue;
    shape = static_cast<std::uint8_t>(shape | 1U << i);
    bytes += texts[i].size();
    longest = std::max(longest, texts[i].size());
  }
  if (longest > UINT32_MAX) throw std::length_error("what is said of a subscriber is too long");
  const bool has_webhook = !draft.addresses.back().empty();
  if (has_webhook) bytes += sizeof no_secrets;
  char* end = nullptr;
  if (longest <= UINT8_MAX && hours <= UINT16_MAX) {
    bytes += Subscriber::bytes_before_texts<std::uint8_t, std::uint16_t>(shape);
    end = fill<std::uint8_t, std::uint16_t>(make_room(bytes), shape, draft, hours);
  } else {
    shape |= Subscriber::is_wide;
    const auto which = static_cast<std::uint32_t>(wide_.size());
    bytes += Subscriber::bytes_before_texts<std::uint32_t, std::uint32_t>(shape);
    wide_.push_back(std::make_unique<char[]>(bytes));
    end = fill<std::uint32_t, std::uint32_t>(wide_.back().get(), shape, draft, hours);
    write(write(make_room(1 + sizeof which), shape), which);
  }
  if (has_webhook) write(end, no_secrets);
  if (has_webhook)
    for (const auto& key : draft.webhook_secrets) add_webhook_secret(index, key);
  const IdOf id_of{*this};
  if (!draft.id.empty() && by_id_.find(draft.id, id_of) == PositionTable::none) by_id_.insert(index, id_of);
  return index;
}

// Returns where the record says what secrets there are, if it does.
template <class Length, class Position>
char* Subscribers::fill(char* record, std::uint8_t shape, const SubscriberDraft& draft, std::uint32_t hours) {
  const auto texts = texts_of(draft);
  record = write(record, shape);
  if ((shape & Subscriber::has_hours) != 0) record = write(record, static_cast<Position>(hours));
  for (const auto text : texts)
    if (!text.empty()) record = write(record, static_cast<Length>(text.size()));
  for (const auto text : texts) record = std::ranges::copy(text, record).out;
  return record;
}

// The next place in the newest block, or in a new one when a group begins that it might have no room for.
char* Subscribers::make_room(std::size_t bytes) {
  constexpr std::size_t longest =
      sizeof(std::uint8_t) + sizeof(std::uint16_t) + Subscriber::texts * (1 + UINT8_MAX) + sizeof no_secrets;
  static_assert(group_size * longest <= UINT16_MAX);
  if (places_.size() % group_size == 0) {
    if (block_size - used_ < group_size * longest) {
      blocks_.emplace_back(new char[block_size]);
      used_ = 0;
    }
    groups_.push_back(blocks_.back().get() + used_);
  }
  auto* room = blocks_.back().get() + used_;
  places_.push_back(static_cast<std::uint16_t>(room - groups_.back()));
  used_ += bytes;
  return room;
}

char* Subscribers::wide_record(const char* pointer) const {
  return wide_[Subscriber::read_as<std::uint32_t>(pointer + 1)].get();
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
  groups_.shrink_to_fit();
  places_.shrink_to_fit();
  hours_.shrink_to_fit();
  secrets_.shrink_to_fit();
  by_id_.fit(IdOf{*this});
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
