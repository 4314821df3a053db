#include "net/client/authority_index.hpp"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace digester::net {
namespace {

// Steps over one element, or into it. Nothing is allocated, and nothing behind its end is read.
class DerWalk {
 public:
  explicit DerWalk(std::string_view der)
      : at_(reinterpret_cast<const unsigned char*>(der.data())), end_(at_ + der.size()) {}

  bool enter(int tag) {
    const auto element = next();
    if (!element || element->kind != V_ASN1_UNIVERSAL || element->tag != tag) return false;
    at_ = element->content;
    end_ = element->end;
    return true;
  }
  bool skip() {
    const auto element = next();
    if (element) at_ = element->end;
    return element.has_value();
  }
  bool skip_if_context(int tag) {
    const auto element = next();
    if (element && element->kind == V_ASN1_CONTEXT_SPECIFIC && element->tag == tag) at_ = element->end;
    return element.has_value();
  }
  const unsigned char* at() const { return at_; }
  long left() const { return end_ - at_; }

 private:
  struct Element {
    const unsigned char *content, *end;
    int tag, kind;
  };
  std::optional<Element> next() const {
    const unsigned char* content = at_;
    long length = 0;
    int tag = 0;
    int kind = 0;
    if (at_ >= end_ || (ASN1_get_object(&content, &length, &tag, &kind, end_ - at_) & 0x80) != 0)
      return std::nullopt;
    return Element{content, content + length, tag, kind};
  }
  const unsigned char* at_;
  const unsigned char* end_;
};

// By which a store looks for it (X.509 §4.1: the subject is the sixth element of a version 3 certificate).
std::optional<unsigned long> subject_hash(std::string_view der) {
  DerWalk walk(der);
  if (!walk.enter(V_ASN1_SEQUENCE) || !walk.enter(V_ASN1_SEQUENCE) || !walk.skip_if_context(0))
    return std::nullopt;
  for (int before = 0; before < 4; ++before)  // serial number, algorithm, issuer, validity
    if (!walk.skip()) return std::nullopt;
  const unsigned char* at = walk.at();
  X509_NAME* name = d2i_X509_NAME(nullptr, &at, walk.left());
  if (!name) return std::nullopt;
  int ok = 0;
  const auto hash = X509_NAME_hash_ex(name, nullptr, nullptr, &ok);
  X509_NAME_free(name);
  return ok ? std::optional(hash) : std::nullopt;
}

}  // namespace

struct AuthorityIndex::Entries {
  std::set<std::string> all;  // DER
  std::unordered_map<unsigned long, std::vector<std::string_view>> by_subject;
  std::mutex mutex;  // a store may be used by several threads
  X509_STORE* store = nullptr;

  // Those of this name go into the store, once.
  void load(const X509_NAME* name) {
    int ok = 0;
    const std::scoped_lock lock(mutex);
    const auto found = by_subject.find(X509_NAME_hash_ex(name, nullptr, nullptr, &ok));
    if (!ok || found == by_subject.end()) return;
    for (const auto der : found->second) {
      const auto* at = reinterpret_cast<const unsigned char*>(der.data());
      X509* certificate = d2i_X509(nullptr, &at, static_cast<long>(der.size()));
      if (certificate) X509_STORE_add_cert(store, certificate);
      X509_free(certificate);
    }
    by_subject.erase(found);
    ERR_clear_error();
  }

  static int find(X509_LOOKUP* lookup, X509_LOOKUP_TYPE type, const X509_NAME* name, X509_OBJECT* out) {
    if (type != X509_LU_X509 || !name) return 0;
    auto& self = *static_cast<Entries*>(X509_LOOKUP_get_method_data(lookup));
    self.load(name);
    auto* kept = X509_OBJECT_retrieve_by_subject(X509_STORE_get0_objects(self.store), type, name);
    if (!kept) return 0;
    // The caller expects a certificate that the store owns, and takes a reference of its own.
    X509* certificate = X509_OBJECT_get0_X509(kept);
    if (X509_OBJECT_set1_X509(out, certificate) == 0) return 0;
    X509_free(certificate);
    return 1;
  }
  static void release(X509_LOOKUP* lookup) {
    delete static_cast<Entries*>(X509_LOOKUP_get_method_data(lookup));
  }
};

AuthorityIndex::AuthorityIndex() : entries_(std::make_unique<Entries>()) {}
AuthorityIndex::~AuthorityIndex() = default;
AuthorityIndex::AuthorityIndex(AuthorityIndex&&) noexcept = default;
AuthorityIndex& AuthorityIndex::operator=(AuthorityIndex&&) noexcept = default;

bool AuthorityIndex::add(std::string_view der) {
  const auto [entry, added] = entries_->all.emplace(der);
  if (!added) return false;
  if (const auto hash = subject_hash(*entry)) entries_->by_subject[*hash].push_back(*entry);
  ERR_clear_error();
  return true;
}

std::size_t AuthorityIndex::size() const {
  return entries_->all.size();
}

X509_LOOKUP_METHOD* AuthorityIndex::method() {
  // Lives as long as the process: OpenSSL keeps a pointer to it in every store.
  static X509_LOOKUP_METHOD* const kMethod = [] {
    auto* made = X509_LOOKUP_meth_new("authorities parsed when needed");
    X509_LOOKUP_meth_set_get_by_subject(made, &Entries::find);
    X509_LOOKUP_meth_set_free(made, &Entries::release);
    return made;
  }();
  return kMethod;
}

bool AuthorityIndex::move_into(X509_STORE* store, AuthorityIndex index) {
  auto* lookup = X509_STORE_add_lookup(store, method());
  if (!lookup) return false;
  index.entries_->store = store;
  X509_LOOKUP_set_method_data(lookup, index.entries_.release());
  return true;
}

}  // namespace digester::net
