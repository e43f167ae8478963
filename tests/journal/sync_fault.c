/* LD_PRELOAD: counts fsync and fdatasync, and lets the one named by SYNC_FAIL_AT fail with EIO.
   Only that one: the next "succeeds", as a kernel does that has marked the lost pages clean. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static long calls;

static int counted(const char *name, int fd)
{
    const char *fail_at = getenv("SYNC_FAIL_AT");
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);

    calls++;
    if (fail_at && calls == atol(fail_at)) {
        errno = EIO;
        return -1;
    }
    return real(fd);
}

int fsync(int fd) { return counted("fsync", fd); }
int fdatasync(int fd) { return counted("fdatasync", fd); }
long sync_calls(void) { return calls; }
