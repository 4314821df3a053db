// Runs a command from start to end, and says on standard error what it took: `microseconds
// processor_microseconds peak_KiB`. For bench.py: a process's peak counts what its parent had when it forked,
// which must therefore be small.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const auto started = std::chrono::steady_clock::now();
  const auto child = ::fork();
  if (child == 0) {
    ::execvp(argv[1], argv + 1);
    ::_exit(127);
  }
  int status = 0;
  rusage usage{};
  if (::wait4(child, &status, 0, &usage) != child) return 126;
  const auto took = std::chrono::steady_clock::now() - started;
  const auto microseconds = [](const timeval& t) { return t.tv_sec * 1'000'000L + t.tv_usec; };
  std::fprintf(stderr, "%ld %ld %ld\n",
               static_cast<long>(std::chrono::duration_cast<std::chrono::microseconds>(took).count()),
               microseconds(usage.ru_utime) + microseconds(usage.ru_stime), usage.ru_maxrss);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
