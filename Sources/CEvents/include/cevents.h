#pragma once

// Readiness notification of the kernel, which the Swift overlay for glibc does not carry.
#ifdef __linux__
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>

static inline int ongrid_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

// Adds (operation 1), changes (3) or removes (2) the interest of `fd`, carrying `token` with its events.
static inline int ongrid_epoll_control(int epoll, int operation, int fd, unsigned events, unsigned long long token) {
  struct epoll_event event = {.events = events, .data = {.u64 = token}};
  return epoll_ctl(epoll, operation, fd, &event);
}

static inline unsigned long long ongrid_epoll_token(const struct epoll_event *event) { return event->data.u64; }
static inline unsigned ongrid_epoll_events(const struct epoll_event *event) { return event->events; }
static inline int ongrid_eventfd(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }
#endif

#ifdef __GLIBC__
#include <malloc.h>
#endif

// Gives memory that was freed back to the system. glibc keeps what lies below anything still in use, so that a process
// would stay as large as it was in its worst moment. Takes about a millisecond.
static inline void ongrid_release_free_memory(void) {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

#include <sys/types.h>

// Starts `path` as a child whose standard output and error go to `output` and which gets SIGTERM when this thread ends
// (Linux). -1 and `errno` when it cannot be started, also when the program cannot be run.
pid_t ongrid_spawn(const char *path, char *const *arguments, char *const *environment, int output);
