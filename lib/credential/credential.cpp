#include "credential/credential.hpp"
