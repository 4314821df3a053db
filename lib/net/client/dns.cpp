#include "net/client/dns.hpp"

#include <ares.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "net/client/address.hpp"
#include "net/client/dns_query.hpp"
#include "net/condition.hpp"

namespace digester::net {

class Dns::Flight {
 public:
  explicit Flight(Executor executor) : changed(executor) {}
  std::shared_ptr<DnsQuery> query;
  std::optional<Result<Addresses>> result;
  Condition changed;
};

Dns::Dns(asio::io_context& io, DnsOptions options) : io_(io), options_(std::move(options)) {
  ares_library_init(ARES_LIB_INIT_ALL);
}

Dns::~Dns() {
  for (auto& [name, flight] : flights_)
    flight->query->cancel();
  ares_library_cleanup();
}

Task<Result<Addresses>> Dns::resolve(std::string name, SteadyTime deadline) {
  if (const auto literal = parse_literal(name)) co_return Addresses{*literal};
  name = text::to_lower(name);
  if (name.find_first_not_of('.') == std::string::npos)
    co_return fail(ErrorKind::invalid, "an empty name does not resolve");
  if (const auto fixed = options_.fixed.find(name); fixed != options_.fixed.end()) co_return fixed->second;

  const SteadyTime now = SystemClock().now();
  if (const auto entry = cache_.find(name); entry != cache_.end()) {
    if (entry->second.expires > now) co_return entry->second.result;
    cache_.erase(entry);
  }
  std::shared_ptr<Flight> flight;
  if (const auto running = flights_.find(name); running != flights_.end()) {
    flight = running->second;
  } else {
    if (flights_.size() >= options_.flights)
      co_return fail(ErrorKind::unavailable,
                     fmt::format("too many names are being resolved, {} was not", name));
    flight = std::make_shared<Flight>(io_.get_executor());
    flights_.emplace(name, flight);
    const std::weak_ptr<Flight> weak = flight;
    DnsQuery::Done done = [this, name, weak](DnsAnswer answer) {
      const auto self = weak.lock();
      keep(name, answer.addresses, answer.ttl);
      flights_.erase(name);
      self->result = std::move(answer.addresses);
      self->changed.notify_all();
    };
    flight->query = DnsQuery::start(io_, options_, name, std::move(done));
  }
  while (!flight->result) {
    if (SystemClock().now() >= deadline)
      co_return fail(ErrorKind::timed_out, fmt::format("no time left to resolve {}", name));
    co_await flight->changed.wait(deadline);
  }
  co_return *flight->result;
}

void Dns::keep(const std::string& name, const Result<Addresses>& result, Duration ttl) {
  if (ttl <= Duration::zero() || options_.cached_names == 0) return;
  const SteadyTime now = SystemClock().now();
  if (cache_.size() >= options_.cached_names) {
    std::erase_if(cache_, [&](const auto& entry) { return entry.second.expires <= now; });
    while (cache_.size() >= options_.cached_names)
      cache_.erase(std::min_element(cache_.begin(), cache_.end(), [](const auto& a, const auto& b) {
        return a.second.expires < b.second.expires;
      }));
  }
  cache_.insert_or_assign(name, Entry{result, now + std::chrono::duration_cast<SteadyTime::duration>(ttl)});
}

}  // namespace digester::net
