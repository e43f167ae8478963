/* LD_PRELOAD: writes down, in order, what a process tells the kernel to do with the files of one folder (POWER_DIR), into
   the file POWER_LOG: which bytes, which syncs, which names. tests/journal/power.py replays it and cuts the power anywhere.

   A line of text, then the bytes:   OP NAME OFFSET LENGTH\n<LENGTH bytes>
   OP: W write, T truncate to OFFSET, S sync of a file, D sync of the folder, C name made, U name removed, M mark OFFSET.
   The -shm file is memory shared between processes (mmap) and promises nothing over a power cut: it is left out. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static ssize_t (*real_write)(int, const void *, size_t);
static int log_fd = -2;

static void note(char op, const char *name, long long offset, const void *data, size_t length)
{
    char line[4200];
    int size;
    if (!real_write) real_write = (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
    if (log_fd == -2) {
        int (*real_open)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
        const char *path = getenv("POWER_LOG");
        log_fd = path ? real_open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    }
    if (log_fd < 0) return;
    size = snprintf(line, sizeof line, "%c %s %lld %zu\n", op, name, offset, length);
    if (real_write(log_fd, line, size) != size) abort();
    if (length && real_write(log_fd, data, length) != (ssize_t)length) abort();
}

/* The name inside POWER_DIR, "." for the folder itself, NULL for anything else. */
static const char *inside(const char *path)
{
    const char *folder = getenv("POWER_DIR");
    size_t length = folder ? strlen(folder) : 0;
    if (!length || strncmp(path, folder, length)) return NULL;
    if (!path[length]) return ".";
    if (path[length] != '/') return NULL;
    path += length + 1;
    length = strlen(path);
    if (length > 4 && !strcmp(path + length - 4, "-shm")) return NULL;
    if (length > 5 && !strcmp(path + length - 5, ".lock")) return NULL;
    return path;
}

static const char *name_of(int fd, char *path, size_t room)
{
    char link[64];
    ssize_t length;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    length = readlink(link, path, room - 1);
    if (length < 0) return NULL;
    path[length] = 0;
    return inside(path);
}

static void wrote(int fd, const void *data, ssize_t length, long long offset)
{
    char path[4096];
    const char *name = length > 0 ? name_of(fd, path, sizeof path) : NULL;
    if (name) note('W', name, offset, data, (size_t)length);
}

#define PWRITE(NAME, OFF)                                                            \
    ssize_t NAME(int fd, const void *data, size_t size, OFF at)                      \
    {                                                                                \
        ssize_t (*real)(int, const void *, size_t, OFF) =                            \
            (ssize_t(*)(int, const void *, size_t, OFF))dlsym(RTLD_NEXT, #NAME);     \
        ssize_t done = real(fd, data, size, at);                                     \
        wrote(fd, data, done, at);                                                   \
        return done;                                                                 \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

ssize_t write(int fd, const void *data, size_t size)
{
    off_t at;
    ssize_t done;
    if (!real_write) real_write = (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
    at = lseek(fd, 0, SEEK_CUR);
    done = real_write(fd, data, size);
    if (at >= 0) wrote(fd, data, done, at);
    return done;
}

#define TRUNCATE(NAME, OFF)                                                          \
    int NAME(int fd, OFF size)                                                       \
    {                                                                                \
        int (*real)(int, OFF) = (int (*)(int, OFF))dlsym(RTLD_NEXT, #NAME);          \
        char path[4096];                                                             \
        const char *name = name_of(fd, path, sizeof path);                           \
        int done = real(fd, size);                                                   \
        if (!done && name) note('T', name, size, NULL, 0);                           \
        return done;                                                                 \
    }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

#define SYNC(NAME)                                                                   \
    int NAME(int fd)                                                                 \
    {                                                                                \
        int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, #NAME);                    \
        char path[4096];                                                             \
        const char *name = name_of(fd, path, sizeof path);                           \
        int done = real(fd);                                                         \
        if (!done && name) note(strcmp(name, ".") ? 'S' : 'D', name, 0, NULL, 0);    \
        return done;                                                                 \
    }
SYNC(fsync)
SYNC(fdatasync)

#define OPEN(NAME)                                                                   \
    int NAME(const char *path, int flags, ...)                                       \
    {                                                                                \
        int (*real)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #NAME); \
        const char *name = inside(path);                                             \
        int is_new = (flags & O_CREAT) && name && access(path, F_OK), fd;            \
        mode_t mode = 0;                                                             \
        if (flags & (O_CREAT | O_TMPFILE)) {                                         \
            va_list rest;                                                            \
            va_start(rest, flags);                                                   \
            mode = va_arg(rest, mode_t);                                             \
            va_end(rest);                                                            \
        }                                                                            \
        fd = real(path, flags, mode);                                                \
        if (fd >= 0 && is_new) note('C', name, 0, NULL, 0);                          \
        if (fd >= 0 && name && !is_new && (flags & O_TRUNC)) note('T', name, 0, NULL, 0); \
        return fd;                                                                   \
    }
OPEN(open)
OPEN(open64)

int unlink(const char *path)
{
    int (*real)(const char *) = (int (*)(const char *))dlsym(RTLD_NEXT, "unlink");
    const char *name = inside(path);
    int done = real(path);
    if (!done && name) note('U', name, 0, NULL, 0);
    return done;
}

/* The test's own: so many records are acknowledged now. */
void power_mark(long acknowledged) { note('M', ".", acknowledged, NULL, 0); }
