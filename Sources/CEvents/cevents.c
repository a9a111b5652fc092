#define _GNU_SOURCE  // pipe2, syscall
#include "cevents.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif
#include <sys/wait.h>
#include <unistd.h>

// Waits for the child's verdict on `execve`: nothing when the program runs, else the error number.
static pid_t started(pid_t child, int verdict) {
  int failure = 0;
  ssize_t count;
  do count = read(verdict, &failure, sizeof failure);
  while (count < 0 && errno == EINTR);
  close(verdict);
  if (count != sizeof failure) return child;
  while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
  errno = failure;
  return -1;
}

// Closes the descriptors from `first` on. At once where the kernel can: until then the child holds what the parent's
// other threads have open, such as a program that they write and are about to run.
static void close_from(int first) {
#ifdef SYS_close_range
  if (syscall(SYS_close_range, first, ~0U, 0) == 0) return;
#endif
  for (int descriptor = first; descriptor < 1024; descriptor++) close(descriptor);
}

// A pipe that no program gets that another thread starts meanwhile: who holds it keeps the reader waiting.
static int verdict_pipe(int ends[2]) {
#ifdef __linux__
  return pipe2(ends, O_CLOEXEC);
#else
  if (pipe(ends) != 0) return -1;
  fcntl(ends[0], F_SETFD, FD_CLOEXEC);
  fcntl(ends[1], F_SETFD, FD_CLOEXEC);
  return 0;
#endif
}

pid_t ongrid_spawn(const char *path, char *const *arguments, char *const *environment, int output) {
  int verdict[2];
  if (verdict_pipe(verdict) != 0) return -1;
  pid_t parent = getpid();
  pid_t child = fork();
  if (child != 0) {
    int failure = errno;
    close(verdict[1]);
    if (child > 0) return started(child, verdict[0]);
    close(verdict[0]);
    errno = failure;
    return -1;
  }
  // Only calls that are safe after a fork in a process with threads.
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  dup2(verdict[1], 3);
  fcntl(3, F_SETFD, FD_CLOEXEC);
  close_from(4);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  signal(SIGPIPE, SIG_DFL);
#ifdef __linux__
  // Whatever becomes of this process, its child does not outlive it.
  prctl(PR_SET_PDEATHSIG, SIGTERM);
#endif
  if (getppid() != parent) _exit(127);
  int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null >= 0) dup2(null, STDIN_FILENO);
  execve(path, arguments, environment);
  int failure = errno;
  (void)!write(3, &failure, sizeof failure);
  _exit(127);
}
