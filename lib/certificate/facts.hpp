// What the Secret and the bundle amount to at a given time: the first half of decide(), without decisions.
#pragma once

#include "certificate/state.hpp"

namespace digester::certificate {

// A CA that can sign now: certificate and key belong together, and it is valid.
struct Signer {
  KeyPair pair;  // the one certificate alone, and its key
  Certificate certificate;
};

struct Facts {
  Facts(const SecretData& secret, const Settings& settings, const Observed& observed, Time now);

  Certificates tls;
  Certificates ca;
  Certificates next;
  std::vector<Certificate> old;  // out of ca-old.crt, expired ones too: what is neither CA nor next
  std::optional<Signer> signer;
  std::optional<Signer> next_signer;

  std::string leaf_fault;  // why tls.crt and tls.key cannot be served; empty if they can
  bool by_ca = false;      // ca.crt verifies tls.crt
  bool uncertain = false;  // nothing that can be read just now verifies tls.crt, and nothing says it is wrong
  bool can_renew = false;  // the signer verifies tls.crt: what it signs is as good to those who trust that
  bool bundles_hold_next = false;
  bool bundles_hold_old = false;        // at least one of them, at least one bundle
  std::vector<Certificate> bundle_cas;  // valid CAs in the bundles

 private:
  std::string find_leaf_fault(const SecretData& secret, const Settings& settings, const Observed& observed,
                              Time now);
};

// Nothing if none of the first certificates in the text can sign with that key now.
std::optional<Signer> find_signer(const Certificates& certificates, const std::string& key_pem, Time now);

// PEM of all of them, one after the other.
std::string join_pem(const std::vector<Certificate>& certificates);

}  // namespace digester::certificate
