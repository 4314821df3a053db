// What the webhook knows of the namespace that an object is in.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "net/task.hpp"

namespace digester::webhook {

struct NamespaceState {
  bool selected = true;                   // by --namespace-selector
  std::optional<std::string> on_reapply;  // its annotation digester.dev/on-reapply
};

class Namespaces {
 public:
  virtual ~Namespaces() = default;
  // From memory; any thread. Empty: confirm() must be asked.
  virtual std::optional<NamespaceState> look(std::string_view name) const = 0;
  // Read from the API now. With the API out of reach the caller is trusted: selected. Any io_context thread.
  virtual net::Task<NamespaceState> confirm(std::string name, SteadyTime deadline) = 0;
};

}  // namespace digester::webhook
