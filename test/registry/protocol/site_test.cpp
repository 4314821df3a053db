#include "registry/protocol/site.hpp"

#include <catch2/catch.hpp>

using digester::registry::protocol::same_site;

TEST_CASE("hosts of one registrable domain are one site") {
  CHECK(same_site("registry.example.com", "registry.example.com"));
  CHECK(same_site("registry.example.com", "auth.example.com"));
  CHECK(same_site("example.com", "a.b.example.com"));
  CHECK(same_site("registry.example.co.uk", "auth.example.co.uk"));
}

TEST_CASE("Docker Hub and its token service belong together") {
  CHECK(same_site("registry-1.docker.io", "auth.docker.io"));
  CHECK(same_site("auth.docker.io", "registry-1.docker.io"));
}

TEST_CASE("two labels in common are not a site") {
  CHECK_FALSE(same_site("a.co.uk", "b.co.uk"));
  CHECK_FALSE(same_site("registry.example.com", "registry.example.org"));
  CHECK_FALSE(same_site("registry.example.com", "notexample.com"));
  CHECK_FALSE(same_site("com", "example.com"));
}

TEST_CASE("the list's private part counts: users of one hosting service are strangers") {
  CHECK_FALSE(same_site("alice.github.io", "mallory.github.io"));
  CHECK_FALSE(same_site("a.s3.amazonaws.com", "b.s3.amazonaws.com"));
  CHECK(same_site("a.alice.github.io", "b.alice.github.io"));
}

TEST_CASE("addresses are only ever the same as themselves") {
  CHECK(same_site("10.0.0.1", "10.0.0.1"));
  CHECK_FALSE(same_site("10.0.0.1", "11.0.0.1"));
  CHECK_FALSE(same_site("10.0.0.1", "10.1.0.1"));
  CHECK_FALSE(same_site("fd00::1", "fd00::2"));
  CHECK_FALSE(same_site("0x7f.1", "0x7e.1"));
}

TEST_CASE("namespaces of a cluster are strangers to each other") {
  CHECK(same_site("registry.a.svc", "registry.a.svc"));
  CHECK_FALSE(same_site("registry.a.svc", "auth.b.svc"));
  CHECK_FALSE(same_site("registry.a.svc.cluster.local", "registry.b.svc.cluster.local"));
  CHECK_FALSE(same_site("registry.a.svc.k8s.example.com", "registry.b.svc.k8s.example.com"));
}

TEST_CASE("no name and odd names belong to nobody") {
  CHECK_FALSE(same_site("", ""));
  CHECK_FALSE(same_site("", "example.com"));
  CHECK_FALSE(same_site("a.example.com.", "b.example.com"));
  CHECK_FALSE(same_site("localhost", "other"));
}
