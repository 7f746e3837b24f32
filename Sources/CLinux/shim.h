// What Glibc's Swift module leaves out: epoll, eventfd, signalfd, accept4, and function-like macros.
// Header only, no logic.
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <malloc.h>

// Glibc declares these only under _GNU_SOURCE; defining it here would give types that differ from module Glibc's.
extern int pthread_setname_np(pthread_t thread, const char *name);
extern int accept4(int descriptor, struct sockaddr *address, socklen_t *length, int flags);
extern void *memmem(const void *bytes, size_t count, const void *part, size_t length);
extern int posix_openpt(int flags);
extern int grantpt(int descriptor);
extern int unlockpt(int descriptor);
extern char *ptsname(int descriptor);
#ifndef POSIX_SPAWN_SETSID
#define POSIX_SPAWN_SETSID 0x80
#endif
#ifndef EPOLLRDHUP
#define EPOLLRDHUP 0x2000
#endif

static inline int klinux_wait_exited(int status) { return WIFEXITED(status); }
static inline int klinux_wait_exit_status(int status) { return WEXITSTATUS(status); }
static inline int klinux_wait_signal(int status) { return WIFSIGNALED(status) ? WTERMSIG(status) : 0; }
static inline int klinux_open(const char *path, int flags, unsigned mode) { return open(path, flags, mode); }
static inline int klinux_set_not_dumpable(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }
static inline int klinux_set_signal_on_parent_death(int signal) { return prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0); }
// The name itself is seen or not, depending on which module of C was read first.
static inline int klinux_stream_sockets(void) { return SOCK_STREAM; }
