#include "net/client/dns_query.hpp"

#include <ares.h>
#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <cstring>
#include <map>

namespace digester::net {
namespace {

namespace ip = boost::asio::ip;
using Descriptor = asio::posix::basic_stream_descriptor<Executor>;

// The other family may follow for so long once one has answered with addresses: a name server that drops AAAA
// must not cost the whole limit (RFC 8305 §3 asks for at least 50 ms).
constexpr auto kGrace = std::chrono::milliseconds(100);

// The hosts file may change at any time; reading it is cheap, not free.
constexpr auto kHostsTtl = std::chrono::seconds(5);

ip::address from_sockaddr(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    ip::address_v4::bytes_type bytes;
    std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in*>(address)->sin_addr, bytes.size());
    return ip::address_v4(bytes);
  }
  ip::address_v6::bytes_type bytes;
  std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr, bytes.size());
  return ip::address_v6(bytes);
}

// c-ares says the same of name servers that refuse and of sockets that it could not open.
bool lacks_descriptors() {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return true;
  ::close(fd);
  return false;
}

// One address family's half of the question.
struct Half {
  bool done = false;
  int status = ARES_SUCCESS;
  Addresses addresses;
  Duration ttl{0};
};

class AresQuery final : public DnsQuery, public std::enable_shared_from_this<AresQuery> {
 public:
  AresQuery(asio::io_context& io, const DnsOptions& options, std::string name, Done done)
      : io_(io),
        options_(options),
        name_(std::move(name)),
        done_(std::move(done)),
        timer_(io.get_executor()),
        limit_(clock_.now() + std::chrono::duration_cast<SteadyTime::duration>(options.limit)) {}

  ~AresQuery() override { cancel(); }

  void begin() {
    const int status = open_channel();
    if (status != ARES_SUCCESS) {
      six_ = four_ = {.done = true, .status = status, .addresses = {}, .ttl = {}};
    } else if (!ask_hosts_file()) {
      ask(AF_INET6, six_for_callback());
      ask(AF_INET, four_for_callback());
    }
    // Even a ready answer comes later, so that nobody is called back from within start().
    timer_.expires_at(clock_.now());
    wait();
  }

  void cancel() override {
    finished_ = true;
    done_ = nullptr;
    if (channel_) ares_destroy(channel_);
    channel_ = nullptr;
    timer_.cancel();
  }

 private:
  struct Watch {
    Watch(Executor executor, int fd) : descriptor(executor, fd) {}
    ~Watch() { descriptor.release(); }  // c-ares closes it
    Descriptor descriptor;
    bool wants_read = false, wants_write = false;
    bool reading = false, writing = false;
  };
  struct Target {
    AresQuery* query;
    Half* half;
  };

  Target* six_for_callback() { return &(six_target_ = {this, &six_}); }
  Target* four_for_callback() { return &(four_target_ = {this, &four_}); }

  int open_channel() {
    ares_options options{};
    int mask = ARES_OPT_SOCK_STATE_CB | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS;
    options.sock_state_cb = [](void* self, ares_socket_t fd, int readable, int writable) {
      static_cast<AresQuery*>(self)->watch(fd, readable != 0, writable != 0);
    };
    options.sock_state_cb_data = this;
    // A second name server must get its turn within the limit.
    options.timeout = static_cast<int>(std::max<std::int64_t>(
        1, std::chrono::duration_cast<std::chrono::milliseconds>(options_.limit).count() / 4));
    options.tries = 3;
    char dns_only[] = "b";
    options.lookups = dns_only;
    std::vector<char*> domains;
    if (options_.search) {
      for (const auto& domain : *options_.search)
        domains.push_back(const_cast<char*>(domain.c_str()));
      options.domains = domains.data();
      options.ndomains = static_cast<int>(domains.size());
      mask |= ARES_OPT_DOMAINS;
    }
    if (options_.ndots) {
      options.ndots = *options_.ndots;
      mask |= ARES_OPT_NDOTS;
    }
    const int status = ares_init_options(&channel_, &options, mask);
    if (status != ARES_SUCCESS) {
      channel_ = nullptr;
      return status;
    }
    return options_.servers.empty() ? status : ares_set_servers_ports_csv(channel_, options_.servers.c_str());
  }

  bool ask_hosts_file() {
    std::string plain = name_;
    while (plain.ends_with('.'))
      plain.pop_back();
    for (const int family : {AF_INET6, AF_INET}) {
      hostent* entry = nullptr;
      if (ares_gethostbyname_file(channel_, plain.c_str(), family, &entry) != ARES_SUCCESS || !entry)
        continue;
      Half& half = family == AF_INET6 ? six_ : four_;
      for (char** raw = entry->h_addr_list; *raw; ++raw) {
        if (family == AF_INET6) {
          ip::address_v6::bytes_type bytes;
          std::memcpy(bytes.data(), *raw, bytes.size());
          half.addresses.emplace_back(ip::address_v6(bytes));
        } else {
          ip::address_v4::bytes_type bytes;
          std::memcpy(bytes.data(), *raw, bytes.size());
          half.addresses.emplace_back(ip::address_v4(bytes));
        }
        half.ttl = std::min<Duration>(options_.positive_ttl, kHostsTtl);
      }
      ares_free_hostent(entry);
    }
    if (six_.addresses.empty() && four_.addresses.empty()) return false;
    six_.done = four_.done = true;
    return true;
  }

  void ask(int family, Target* target) {
    ares_addrinfo_hints hints{};
    hints.ai_family = family;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = ARES_AI_NOSORT;
    ares_getaddrinfo(
        channel_, name_.c_str(), nullptr, &hints,
        [](void* to, int status, int, ares_addrinfo* info) {
          const auto* half_of = static_cast<Target*>(to);
          half_of->query->answered(*half_of->half, status, info);
          if (info) ares_freeaddrinfo(info);
        },
        target);
  }

  void answered(Half& half, int status, const ares_addrinfo* info) {
    if (finished_) return;
    half.done = true;
    half.status = status;
    half.ttl = options_.positive_ttl;
    for (const auto* node = info ? info->nodes : nullptr; node; node = node->ai_next) {
      if (half.addresses.size() >= options_.addresses_per_name) break;
      half.addresses.push_back(from_sockaddr(node->ai_addr));
      half.ttl = std::min<Duration>(half.ttl, std::chrono::seconds(node->ai_ttl));
    }
  }

  void watch(int fd, bool readable, bool writable) {
    if (!readable && !writable) {
      watches_.erase(fd);
      return;
    }
    auto& slot = watches_[fd];
    if (!slot) slot = std::make_shared<Watch>(io_.get_executor(), fd);
    slot->wants_read = readable;
    slot->wants_write = writable;
    arm(fd, slot);
  }

  void arm(int fd, const std::shared_ptr<Watch>& watch) {
    const std::weak_ptr<Watch> weak = watch;
    const auto self = weak_from_this();
    if (watch->wants_read && !watch->reading) {
      watch->reading = true;
      watch->descriptor.async_wait(Descriptor::wait_read, [self, weak, fd](boost::system::error_code) {
        const auto query = self.lock();
        if (!query || !stopped(weak, &Watch::reading)) return;
        query->process(fd, ARES_SOCKET_BAD);
      });
    }
    if (watch->wants_write && !watch->writing) {
      watch->writing = true;
      watch->descriptor.async_wait(Descriptor::wait_write, [self, weak, fd](boost::system::error_code) {
        const auto query = self.lock();
        if (!query || !stopped(weak, &Watch::writing)) return;
        query->process(ARES_SOCKET_BAD, fd);
      });
    }
  }

  // False where c-ares has closed the descriptor. Nobody but watches_ may own a Watch while c-ares works:
  // when it closes a descriptor, Asio must have let go of it first, since the number is soon another file's.
  static bool stopped(const std::weak_ptr<Watch>& weak, bool Watch::*flag) {
    const auto watch = weak.lock();
    if (watch) (*watch).*flag = false;
    return watch != nullptr;
  }

  void process(int readable, int writable) {
    if (finished_) return;
    ares_process_fd(channel_, readable, writable);
    for (const int fd : {readable, writable})
      if (const auto found = watches_.find(fd); found != watches_.end()) arm(fd, found->second);
    check();
  }

  // Done, or when to look again.
  void check() {
    const SteadyTime now = clock_.now();
    const bool any = !six_.addresses.empty() || !four_.addresses.empty();
    if (any && !grace_) grace_ = now + kGrace;
    if ((six_.done && four_.done) || now >= limit_ || (grace_ && now >= *grace_)) {
      finish();
      return;
    }
    SteadyTime next = grace_ ? std::min(*grace_, limit_) : limit_;
    timeval until{};
    if (ares_timeout(channel_, nullptr, &until))
      next =
          std::min(next, now + std::chrono::seconds(until.tv_sec) + std::chrono::microseconds(until.tv_usec));
    // A time that has just come would spin: c-ares counts in milliseconds.
    timer_.expires_at(std::max(next, now + std::chrono::milliseconds(1)));
    wait();
  }

  void wait() {
    timer_.async_wait([self = shared_from_this()](boost::system::error_code ec) {
      if (ec || self->finished_) return;
      if (self->channel_) {
        self->process(ARES_SOCKET_BAD, ARES_SOCKET_BAD);
      } else {
        self->finish();
      }
    });
  }

  void finish() {
    const auto keep_alive = shared_from_this();
    DnsAnswer answer = result();
    const Done done = std::move(done_);
    cancel();
    watches_.clear();
    if (done) done(std::move(answer));
  }

  DnsAnswer result() const {
    Addresses all;
    for (std::size_t i = 0; all.size() < options_.addresses_per_name; ++i) {
      if (i >= six_.addresses.size() && i >= four_.addresses.size()) break;
      if (i < six_.addresses.size()) all.push_back(six_.addresses[i]);
      if (i < four_.addresses.size() && all.size() < options_.addresses_per_name)
        all.push_back(four_.addresses[i]);
    }
    if (!all.empty()) {
      std::stable_partition(all.begin(), all.end(),
                            [](const ip::address& address) { return address.is_v6(); });
      Duration ttl = options_.positive_ttl;
      for (const Half* half : {&six_, &four_})
        if (!half->addresses.empty()) ttl = std::min(ttl, half->ttl);
      // Half an answer is used and soon asked for again.
      if (!six_.done || !four_.done) ttl = std::min<Duration>(ttl, options_.negative_ttl);
      return {std::move(all), ttl};
    }
    if (!six_.done || !four_.done)
      return {fail(ErrorKind::timed_out,
                   fmt::format("{} does not resolve: the name servers did not answer in time", name_)),
              options_.failure_ttl};
    const auto says_no = [](int status) { return status == ARES_ENOTFOUND || status == ARES_ENODATA; };
    const auto detail =
        fmt::format("AAAA: {}; A: {}", ares_strerror(six_.status), ares_strerror(four_.status));
    // One family without addresses and the other without an answer is no proof that the name does not exist.
    if (says_no(six_.status) && says_no(four_.status))
      return {fail(ErrorKind::unreachable,
                   fmt::format("{} does not resolve: there is no such name (check its spelling, and the DNS)",
                               name_),
                   detail),
              options_.negative_ttl};
    if (lacks_descriptors())
      return {fail(ErrorKind::unavailable,
                   fmt::format("{} cannot be resolved: no more files may be open here", name_), detail),
              options_.failure_ttl};
    return {fail(ErrorKind::unreachable,
                 fmt::format("{} does not resolve: the name servers gave no usable answer", name_), detail),
            options_.failure_ttl};
  }

  asio::io_context& io_;
  const DnsOptions options_;
  const std::string name_;
  Done done_;
  const SystemClock clock_;
  ares_channel channel_ = nullptr;
  std::map<int, std::shared_ptr<Watch>> watches_;
  Timer timer_;
  const SteadyTime limit_;
  std::optional<SteadyTime> grace_;
  Half six_, four_;
  Target six_target_{}, four_target_{};
  bool finished_ = false;
};

}  // namespace

std::shared_ptr<DnsQuery> DnsQuery::start(asio::io_context& io, const DnsOptions& options, std::string name,
                                          Done done) {
  auto query = std::make_shared<AresQuery>(io, options, std::move(name), std::move(done));
  query->begin();
  return query;
}

}  // namespace digester::net
