#include "credential/pull_secret_cache.hpp"

#include <algorithm>

namespace digester::credential {

std::string PullObject::path() const {
  return std::string(PullPaths(kind, namespace_name).of(name));
}

PullPaths::PullPaths(PullObject::Kind kind, std::string_view namespace_name) {
  path_.reserve(128);
  path_ = "/api/v1/namespaces/";
  path_ += namespace_name;
  path_ += '/';
  path_ += PullObject::resource(kind);
  path_ += '/';
  folder_ = path_.size();
}

std::string_view PullPaths::of(std::string_view name) {
  path_.resize(folder_);
  path_ += name;
  return path_;
}

SharedContent PullSecretCache::fresh(std::string_view key, SteadyTime now) const {
  const std::lock_guard lock(mutex_);
  const auto found = index_.find(key);
  if (found == index_.end() || now >= found->second->ends_at) return nullptr;
  return found->second->content;
}

SharedContent PullSecretCache::not_older_than(const std::string& key, SteadyTime now,
                                              std::chrono::seconds age) const {
  const std::lock_guard lock(mutex_);
  const auto found = index_.find(key);
  if (found == index_.end() || now - found->second->read_at >= age) return nullptr;
  return found->second->content;
}

void PullSecretCache::put(const std::string& key, SharedContent content, SteadyTime now,
                          std::chrono::seconds life) {
  const std::lock_guard lock(mutex_);
  if (const auto found = index_.find(key); found != index_.end()) drop(found->second);
  const auto weight = key.size() + content->bytes;
  if (weight > max_bytes_) return;
  while (entries_.size() >= max_entries_ || bytes_ + weight > max_bytes_)
    drop(entries_.begin());
  entries_.push_back({key, std::move(content), now, now + life});
  index_.emplace(entries_.back().key, std::prev(entries_.end()));
  bytes_ += weight;
}

void PullSecretCache::extend(const std::string& key, SteadyTime now, std::chrono::seconds life) {
  const std::lock_guard lock(mutex_);
  if (const auto found = index_.find(key); found != index_.end()) found->second->ends_at = now + life;
}

void PullSecretCache::expire(Entry& entry, SteadyTime now, std::chrono::seconds least) {
  entry.ends_at = std::min(entry.ends_at, std::max(now, entry.read_at + least));
}

void PullSecretCache::expire(std::string_view key, SteadyTime now, std::chrono::seconds least) {
  const std::lock_guard lock(mutex_);
  if (const auto found = index_.find(key); found != index_.end()) expire(*found->second, now, least);
}

void PullSecretCache::expire_holders(std::string_view fingerprint, SteadyTime now,
                                     std::chrono::seconds least) {
  const std::lock_guard lock(mutex_);
  for (auto& entry : entries_) {
    const auto& credentials = entry.content->logins.credentials();
    const bool holds = std::any_of(credentials.begin(), credentials.end(),
                                   [&](const Credential& c) { return c.fingerprint == fingerprint; });
    if (holds) expire(entry, now, least);
  }
}

std::size_t PullSecretCache::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

std::size_t PullSecretCache::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

void PullSecretCache::drop(Position position) {
  bytes_ -= position->key.size() + position->content->bytes;
  index_.erase(position->key);
  entries_.erase(position);
}

}  // namespace digester::credential
