// Says the same thing once in a while, and not more than so many things at all: what is said often is not
// read, and what strangers' names go into must not fill the log.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <unordered_map>

#include "base/clock.hpp"

namespace digester::credential {

// One thread.
class Occasional {
 public:
  Occasional(std::chrono::seconds interval, std::size_t most) : interval_(interval), most_(most) {}

  // True when `what` was not said within the interval, and fewer than `most` different things were; it then
  // counts as said.
  bool is_due(const std::string& what, SteadyTime now) {
    if (const auto said = said_.find(what); said != said_.end() && now - said->second < interval_)
      return false;
    std::erase_if(said_, [&](const auto& entry) { return now - entry.second >= interval_; });
    if (said_.size() >= most_) return false;
    said_.emplace(what, now);
    return true;
  }

 private:
  std::chrono::seconds interval_;
  std::size_t most_;
  std::unordered_map<std::string, SteadyTime> said_;
};

}  // namespace digester::credential
