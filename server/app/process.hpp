// What the operating system says of this process.
#pragma once

#include <cstdint>

#include "base/metrics.hpp"

namespace digester::app {

// CPUs that the cgroup's quota allows (rounded up, version 1 or 2), at most those of the affinity mask, at
// least 1.
unsigned available_cpus();

// Raises the soft limit on open files to the hard one; answers what holds from now on.
std::uint64_t raise_file_limit();

// process_* and build figures by Prometheus' conventions, read at each exposition.
void add_process_metrics(Metrics& metrics);

}  // namespace digester::app
