// Certificate authorities that are parsed when a chain asks for them: a system trusts some 140, a connection
// needs one, and parsing all takes longer than a connection.
#pragma once

#include <openssl/x509_vfy.h>

#include <cstddef>
#include <memory>
#include <string_view>

namespace digester::net {

class AuthorityIndex {
 public:
  AuthorityIndex();
  ~AuthorityIndex();
  AuthorityIndex(AuthorityIndex&&) noexcept;
  AuthorityIndex& operator=(AuthorityIndex&&) noexcept;

  // A certificate in DER. False if it is in there already.
  bool add(std::string_view der);
  std::size_t size() const;

  // From now on the store finds them; it keeps them as long as it lives. Nothing may be added any more.
  static bool move_into(X509_STORE* store, AuthorityIndex index);

 private:
  struct Entries;
  static X509_LOOKUP_METHOD* method();
  std::unique_ptr<Entries> entries_;
};

}  // namespace digester::net
