/*
 * Faults for a server that is started with this library in LD_PRELOAD. FAULTS names a folder:
 *   fdatasync, fsync   as soon as such a file appears, the next call of that name removes it and fails with EIO
 *   clock              eight bytes, seconds that are added to the time of day; to be there before the start
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *shift;

static int path_of(char *path, size_t size, const char *name) {
    const char *folder = getenv("FAULTS");
    return folder && snprintf(path, size, "%s/%s", folder, name) < (int)size;
}

__attribute__((constructor)) static void find_clock(void) {
    char path[4096];
    int fd = path_of(path, sizeof path, "clock") ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) return;
    void *bytes = mmap(NULL, sizeof *shift, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (bytes != MAP_FAILED) shift = bytes;
}

static int64_t seconds(void) { return shift ? *shift : 0; }

static int flush(const char *name, int fd) {
    char path[4096];
    if (path_of(path, sizeof path, name) && unlink(path) == 0) {
        errno = EIO;
        return -1;
    }
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    return real(fd);
}

int fdatasync(int fd) { return flush("fdatasync", fd); }
int fsync(int fd) { return flush("fsync", fd); }

int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int failed = real(clock, now);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += seconds();
    return failed;
}

int gettimeofday(struct timeval *now, void *zone) {
    (void)zone;
    struct timespec precise;
    int failed = clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return failed;
}

time_t time(time_t *result) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (result) *result = now.tv_sec;
    return now.tv_sec;
}
