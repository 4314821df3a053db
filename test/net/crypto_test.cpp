#include "net/crypto.hpp"

#include <catch2/catch.hpp>
#include <set>

using namespace digester;

TEST_CASE("hashes match the vectors of FIPS 180-4") {
  CHECK(net::sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(net::sha256_hex({}) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(net::sha512_hex("abc") ==
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d"
        "4423643ce80e"
        "2a9ac94fa54ca49f");
}

TEST_CASE("the MAC matches the vectors of RFC 4231") {
  CHECK(net::hex(net::hmac_sha256(std::string(20, '\x0b'), "Hi There")) ==
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  CHECK(net::hex(net::hmac_sha256("Jefe", "what do ya want for nothing?")) ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  // An empty key after a used one: OpenSSL must not take the earlier key.
  CHECK(net::hex(net::hmac_sha256({}, {})) ==
        "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST_CASE("random bytes do not repeat") {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i)
    seen.insert(net::random_bytes(16));
  CHECK(seen.size() == 100);
  CHECK(net::random_bytes(0).empty());
}
