#include "cevents.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

pid_t ongrid_spawn(const char *path, char *const *arguments, char *const *environment, int output) {
  pid_t parent = getpid();
  pid_t child = fork();
  if (child != 0) return child;
  // Only calls that are safe after a fork in a process with threads.
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  signal(SIGPIPE, SIG_DFL);
#ifdef __linux__
  // Whatever becomes of this process, its child does not outlive it.
  prctl(PR_SET_PDEATHSIG, SIGTERM);
#endif
  if (getppid() != parent) _exit(127);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  int null = open("/dev/null", O_RDONLY);
  if (null >= 0) dup2(null, STDIN_FILENO);
  for (int descriptor = 3; descriptor < 1024; descriptor++) close(descriptor);
  execve(path, arguments, environment);
  _exit(127);
}
