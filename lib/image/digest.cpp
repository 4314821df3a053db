#include "image/digest.hpp"
