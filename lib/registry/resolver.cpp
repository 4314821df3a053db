#include "registry/resolver.hpp"
