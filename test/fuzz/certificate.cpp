// A certificate Secret and a webhook configuration of any content. Lines `=key` begin a key of the Secret,
// the bundle or the configuration; what follows is its value, in which `@name` lines stand for PEM that fits
// together.
#include <map>
#include <optional>

#include "certificate/state.hpp"
#include "check.hpp"

using namespace digester;
using namespace digester::certificate;

namespace {

const Time kNow = Time(std::chrono::seconds(1'800'000'000));
const Settings kSettings{{"digester-webhook-service.digester-system.svc"}};
const ServiceName kService{"digester-system", "digester-webhook-service"};

// Made once: the fuzzer puts them together, it cannot sign.
const std::map<std::string, std::string, std::less<>>& known() {
  static const auto all = [] {
    const auto day = std::chrono::days(1);
    const auto ca = make_ca("a", 3650 * day, kNow).value();
    const auto other = make_ca("b", 3650 * day, kNow).value();
    const auto due = make_ca("c", 300 * day, kNow - 250 * day).value();
    const auto leaf = make_serving(ca, kSettings.names, 365 * day, kNow).value();
    const auto old = make_serving(ca, kSettings.names, 365 * day, kNow - 300 * day).value();
    const auto late = make_serving(due, kSettings.names, 365 * day, kNow - 10 * day).value();
    const auto foreign = make_serving(other, {"elsewhere.svc"}, 365 * day, kNow).value();
    std::map<std::string, std::string, std::less<>> out;
    for (const auto& [name, pair] : {std::pair{"ca", ca},
                                     {"other", other},
                                     {"due", due},
                                     {"leaf", leaf},
                                     {"old", old},
                                     {"late", late},
                                     {"foreign", foreign}}) {
      out[std::string("@") + name] = pair.certificate_pem;
      out[std::string("@") + name + ".key"] = pair.key_pem;
    }
    return out;
  }();
  return all;
}

std::map<std::string, std::string> parts_of(std::string_view input) {
  std::map<std::string, std::string> parts;
  std::string key = "configuration";
  for (const auto line : text::split(input, '\n')) {
    if (line.starts_with('=')) {
      key = line.substr(1);
    } else if (const auto found = known().find(line); found != known().end()) {
      parts[key] += found->second;
    } else {
      parts[key].append(line).append("\n");
    }
  }
  // Times are one line.
  for (auto& [name, value] : parts)
    if (name.starts_with("ca-") && name.find('.') == name.npos && !value.empty()) value.pop_back();
  return parts;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  auto parts = parts_of({reinterpret_cast<const char*>(data), size});
  SecretData secret = from_secret_keys(parts);
  Observed observed;
  observed.hold = parts.contains("hold");
  if (parts.contains("absent")) observed.configuration = Observed::Configuration::absent;
  if (parts.contains("bundle")) {
    observed.configuration = Observed::Configuration::present;
    observed.bundles = {parts["bundle"]};
  }
  // It comes to rest, with what can be served and verified.
  std::optional<Decision> decision;
  for (int steps = 0; !decision || decision->write; ++steps) {
    FUZZ_CHECK(steps < 8);
    if (decision) secret = *decision->write;
    auto next = decide(secret, kSettings, observed, kNow);
    FUZZ_CHECK(next.has_value());
    decision = std::move(*next);
    FUZZ_CHECK(decision->write.has_value() == (decision->change != Change::none));
    if (decision->write) FUZZ_CHECK(fuzz::is_printable_line(decision->why, 1024));
    if (!decision->warning.empty()) FUZZ_CHECK(fuzz::is_printable_line(decision->warning, 1024));
  }
  FUZZ_CHECK(decision->serve.has_value());
  FUZZ_CHECK(decision->look_again > kNow);
  FUZZ_CHECK(key_fits(decision->serve->certificate_pem, decision->serve->key_pem));
  FUZZ_CHECK(from_secret_keys(to_secret_keys(secret)) == secret);

  if (!decision->bundle) return 0;
  const auto& wish = *decision->bundle;
  if (!wish.keep_existing) FUZZ_CHECK(!bundle_fault(wish, wish.content, kNow));
  const auto configuration = read_webhook_configuration(parts["configuration"], kService);
  if (!configuration) {
    FUZZ_CHECK(fuzz::is_printable_line(configuration.error().message, 512));
    return 0;
  }
  const auto patch = bundle_patch(*configuration, wish, kNow);
  FUZZ_CHECK(patch.empty() || (!configuration->ours.empty() && patch.starts_with("[{\"op\":\"test\"")));
  return 0;
}
