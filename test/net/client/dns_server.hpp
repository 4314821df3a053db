// A name server on 127.0.0.1 that answers, or not, as a test says. RFC 1035, one question a packet.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace digester::test {

struct DnsReply {
  int code = 0;  // 3: no such name; 2: server failure
  std::vector<std::string> addresses = {};
  std::uint32_t ttl = 60;
  bool truncated = false;  // over UDP: nothing but the wish to be asked over TCP
};

class DnsServer {
 public:
  // `type` is "A" or "AAAA"; nothing means silence. Called on the server's thread.
  using Answer = std::function<std::optional<DnsReply>(const std::string& name, const std::string& type)>;

  explicit DnsServer(Answer answer);
  ~DnsServer();
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;

  std::string address() const;                 // "127.0.0.1:<port>"
  std::vector<std::string> questions() const;  // "name type", in order of arrival

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace digester::test
