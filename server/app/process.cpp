#include "app/process.hpp"

#include <dirent.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include "build_info.hpp"

namespace digester::app {
namespace {

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// Quota over period of the tightest cgroup from ours up to the root; "max" and absent files mean no limit.
std::optional<double> cgroup_v2_cpus(std::string group) {
  std::optional<double> least;
  for (;;) {
    std::istringstream fields(first_line("/sys/fs/cgroup" + group + "/cpu.max"));
    double quota = 0;
    double period = 0;
    if (fields >> quota >> period && period > 0)
      least = std::min(least.value_or(quota / period), quota / period);
    if (group.empty() || group == "/") return least;
    group.resize(group.rfind('/'));
  }
}

std::optional<double> cgroup_v1_cpus() {
  try {
    const auto quota = std::stod(first_line("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"));
    const auto period = std::stod(first_line("/sys/fs/cgroup/cpu/cpu.cfs_period_us"));
    if (quota > 0 && period > 0) return quota / period;
  } catch (const std::exception&) {
  }
  return std::nullopt;
}

std::string own_cgroup() {
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("0::")) return line.substr(3);
  return "";
}

unsigned open_files() {
  unsigned count = 0;
  if (DIR* dir = ::opendir("/proc/self/fd")) {
    while (::readdir(dir))
      ++count;
    ::closedir(dir);
  }
  return count > 3 ? count - 3 : 0;  // ".", ".." and the directory itself
}

}  // namespace

unsigned available_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  unsigned cpus = 1;
  if (::sched_getaffinity(0, sizeof set, &set) == 0)
    cpus = static_cast<unsigned>(std::max(1, CPU_COUNT(&set)));
  auto limit = cgroup_v2_cpus(own_cgroup());
  if (!limit) limit = cgroup_v1_cpus();
  if (limit) cpus = std::min(cpus, static_cast<unsigned>(std::max(1.0, std::ceil(*limit))));
  return cpus;
}

std::uint64_t raise_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  const auto before = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_max : before;
}

void add_process_metrics(Metrics& metrics) {
  metrics
      .gauge("digester_build_info", "Always 1; the labels say what runs.",
             {{"version", DIGESTER_VERSION}, {"commit", DIGESTER_COMMIT}, {"compiler", DIGESTER_COMPILER}})
      .Set(1);
  auto& cpu = metrics.counter("process_cpu_seconds_total", "User and system CPU time spent, in seconds.");
  auto& resident = metrics.gauge("process_resident_memory_bytes", "Resident memory, in bytes.");
  auto& virtual_size = metrics.gauge("process_virtual_memory_bytes", "Virtual memory, in bytes.");
  auto& files = metrics.gauge("process_open_fds", "Open file descriptors.");
  auto& max_files = metrics.gauge("process_max_fds", "Limit on open file descriptors.");
  metrics.gauge("process_start_time_seconds", "Start of the process, in seconds since the epoch.")
      .Set(std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count());
  metrics.before_exposition([&cpu, &resident, &virtual_size, &files, &max_files] {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
      return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    const double spent = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    if (const double more = spent - cpu.Value(); more > 0) cpu.Increment(more);
    std::istringstream statm(first_line("/proc/self/statm"));
    double pages = 0;
    double resident_pages = 0;
    statm >> pages >> resident_pages;
    const auto page = static_cast<double>(::sysconf(_SC_PAGESIZE));
    virtual_size.Set(pages * page);
    resident.Set(resident_pages * page);
    files.Set(open_files());
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) max_files.Set(static_cast<double>(limit.rlim_cur));
  });
}

}  // namespace digester::app
