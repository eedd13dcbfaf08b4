// Makes reads and writes short, by means that a kernel has: the smallest buffers for each socket, and files that take a
// few bytes at a time. Loaded with LD_PRELOAD. (A socket must not return less than it has: epoll(7) allows its caller to
// conclude that nothing is left.)
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define REAL(name) \
    static __typeof__(name) *real; \
    if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

static int with_small_buffers(int file) {
    int least = 1;
    if (file >= 0) {
        setsockopt(file, SOL_SOCKET, SO_SNDBUF, &least, sizeof least);
        setsockopt(file, SOL_SOCKET, SO_RCVBUF, &least, sizeof least);
    }
    return file;
}

int socket(int domain, int type, int protocol) {
    REAL(socket);
    return domain == AF_INET ? with_small_buffers(real(domain, type, protocol)) : real(domain, type, protocol);
}

int accept4(int file, struct sockaddr *address, socklen_t *length, int flags) {
    REAL(accept4);
    return with_small_buffers(real(file, address, length, flags));
}

ssize_t write(int file, const void *bytes, size_t length) {
    REAL(write);
    static __thread unsigned int seed = 7;
    struct stat known;
    if (length > 1 && fstat(file, &known) == 0 && S_ISREG(known.st_mode)) length = 1 + rand_r(&seed) % length;
    return real(file, bytes, length);
}
