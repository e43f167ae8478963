/* Ends the process by SIGKILL at the N-th durable write of a journal, just before its bytes are handed to the kernel
 * or just after they are durable. Loaded by LD_PRELOAD into the core; armed by a file whose path is in KILL_AT:
 *
 *     "3 before"  ->  the third commit from now: nothing of it is written
 *     "3 after"   ->  the third commit from now: durable, and nothing that follows from it is done
 *
 * The file is removed just before the end, so the core that comes after lives.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int is_journal(int fd)
{
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 4) return 0;
    path[length] = 0;
    return strcmp(path + length - 4, "-wal") == 0;
}

/* Commits left until the end, this one included; 0: not armed. */
static int armed(int *after)
{
    const char *name = getenv("KILL_AT");
    FILE *file = name ? fopen(name, "r") : NULL;
    if (!file) return 0;
    char when[8] = "";
    int left = 0;
    if (fscanf(file, "%d %7s", &left, when) != 2) left = 0;
    fclose(file);
    *after = strcmp(when, "after") == 0;
    return left;
}

static void die(void)
{
    unlink(getenv("KILL_AT"));
    kill(getpid(), SIGKILL);
}

static void count(int left, int after)
{
    FILE *file = fopen(getenv("KILL_AT"), "w");
    if (!file) return;
    fprintf(file, "%d %s", left - 1, after ? "after" : "before");
    fclose(file);
}

static void before_write(int fd)
{
    int after = 0;
    if (is_journal(fd) && armed(&after) == 1 && !after) die();
}

static void after_sync(int fd)
{
    int after = 0;
    int left = is_journal(fd) ? armed(&after) : 0;
    if (left == 1 && after) die();
    if (left > 1) count(left, after);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at)
{
    static ssize_t (*real)(int, const void *, size_t, off64_t);
    if (!real) real = (ssize_t(*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT, "pwrite64");
    before_write(fd);
    return real(fd, data, size, at);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
    static ssize_t (*real)(int, const void *, size_t, off_t);
    if (!real) real = (ssize_t(*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, "pwrite");
    before_write(fd);
    return real(fd, data, size, at);
}

static int synced(int fd, const char *name)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    int result = real(fd);
    after_sync(fd);
    return result;
}

int fdatasync(int fd) { return synced(fd, "fdatasync"); }
int fsync(int fd) { return synced(fd, "fsync"); }
