/* Ends the process by SIGKILL at a chosen moment. Loaded by LD_PRELOAD into the core; armed by a file whose path is in
 * KILL_AT. Its first line is the next death; the line behind it is the death of the core that comes after, and so on:
 *
 *     "3 before"        ->  the third commit from now: nothing of it is written
 *     "3 after"         ->  the third commit from now: durable, and nothing that follows from it is done
 *     "3 write"         ->  the third new question on a serial line: not a byte of it has left
 *     "3 read"          ->  the third new answer from a serial line: sent by the device, and not read
 *     "1 put:2:5"       ->  the moment of this name; if threads race past it, the same one after a later commit
 *     "1 seen"          ->  no death
 *
 * With the last two every moment's name goes to the file KILL_AT.seen; the last is the death.
 *
 * A moment has a name, the same in each visit: what is about to be done (`put` a piece of the journal, `sync` it,
 * `synced`: it is durable; `write` a question to a serial line, `read` its answer), after how many commits, and which
 * one. A question that is asked again with nothing in the journal between (an idle poll) is the same moment, not a new
 * one. The armed file, or its first line, is gone just before the end.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/types.h>
#include <unistd.h>

enum { MOMENTS = 4096, LINES = 1024, REST = 512, NAME = 48 };

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static struct {
    ino_t file;
    struct timespec since;
    long left;
    char when[NAME];
    char rest[REST];
    long commits;
    long puts;
    struct { char what[8]; long commits; unsigned long long which; } moment;
    uint64_t seen[MOMENTS];
    int seen_count;
} armed;
static uint64_t question[LINES];
static unsigned answers[LINES];

static void disarm(void) { memset(&armed, 0, sizeof armed); }

/* Look whether the file is there, or is another one than before. */
static int is_armed(void)
{
    const char *name = getenv("KILL_AT");
    struct stat found;
    if (!name || stat(name, &found)) {
        if (armed.left) disarm();
        return 0;
    }
    if (armed.left && found.st_ino == armed.file && found.st_mtim.tv_sec == armed.since.tv_sec
        && found.st_mtim.tv_nsec == armed.since.tv_nsec)
        return 1;
    disarm();
    FILE *file = fopen(name, "r");
    if (!file) return 0;
    if (fscanf(file, "%ld %47s ", &armed.left, armed.when) != 2) armed.left = 0;
    armed.rest[fread(armed.rest, 1, REST - 1, file)] = 0;
    fclose(file);
    sscanf(armed.when, "%7[a-z]:%ld:%llx", armed.moment.what, &armed.moment.commits, &armed.moment.which);
    armed.file = found.st_ino;
    armed.since = found.st_mtim;
    return armed.left > 0;
}

static void die(void)
{
    const char *name = getenv("KILL_AT");
    if (armed.rest[0]) {
        FILE *file = fopen(name, "w");
        if (file) {
            fputs(armed.rest, file);
            fclose(file);
        }
    } else {
        unlink(name);
    }
    kill(getpid(), SIGKILL);
}

static void moment(const char *when)
{
    if (strcmp(armed.when, when) == 0 && --armed.left == 0) die();
}

/* A moment that is met for the first time in this life, by its name. */
static void named(const char *what, uint64_t which)
{
    char name[NAME + 1], path[4096];
    int is_wanted = strchr(armed.when, ':') != NULL;
    if (!is_wanted && strcmp(armed.when, "seen")) return;
    int length = snprintf(name, NAME, "%s:%ld:%llx", what, armed.commits, (unsigned long long)which);
    snprintf(path, sizeof path, "%s.seen", getenv("KILL_AT"));
    int seen = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (seen >= 0) {
        name[length] = '\n';
        ssize_t (*real)(int, const void *, size_t) = (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
        if (real(seen, name, length + 1) != length + 1) abort(); /* a test that cannot count */
        close(seen);
    }
    if (is_wanted && !strcmp(what, armed.moment.what) && which == armed.moment.which
        && armed.commits >= armed.moment.commits)
        die();
}

/* --- the journal */

enum { NOT_OURS, LOG, DATABASE };

static int is_journal(int fd)
{
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 4) return NOT_OURS;
    path[length] = 0;
    if (strcmp(path + length - 4, "-wal") == 0) return LOG;
    return strcmp(path + length - 3, ".db") == 0 ? DATABASE : NOT_OURS;
}

static void before_write(int fd)
{
    int file = is_journal(fd);
    if (!file) return;
    pthread_mutex_lock(&one_at_a_time);
    if (is_armed()) {
        if (file == LOG && strcmp(armed.when, "before") == 0 && armed.left == 1) die();
        named("put", armed.puts++);
    }
    pthread_mutex_unlock(&one_at_a_time);
}

static void before_sync(int fd)
{
    if (!is_journal(fd)) return;
    pthread_mutex_lock(&one_at_a_time);
    if (is_armed()) named("sync", 0);
    pthread_mutex_unlock(&one_at_a_time);
}

static void after_sync(int fd)
{
    int file = is_journal(fd);
    if (!file) return;
    pthread_mutex_lock(&one_at_a_time);
    if (is_armed()) {
        named("synced", 0);
        armed.puts = 0;
        if (file == LOG) {
            armed.commits++;
            moment("after");
            if (strcmp(armed.when, "before") == 0 && armed.left > 1) armed.left--;
        }
    }
    pthread_mutex_unlock(&one_at_a_time);
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
    before_sync(fd);
    int result = real(fd);
    after_sync(fd);
    return result;
}

int fdatasync(int fd) { return synced(fd, "fdatasync"); }
int fsync(int fd) { return synced(fd, "fsync"); }

/* --- serial lines: here they are ptys */

static int is_line(int fd)
{
    struct stat found;
    if (fd < 0 || fd >= LINES || fstat(fd, &found) || !S_ISCHR(found.st_mode)) return 0;
    unsigned kind = major(found.st_rdev);
    return kind >= 136 && kind <= 143;
}

static uint64_t mixed(uint64_t hash, const void *data, size_t size)
{
    const unsigned char *at = data;
    while (size--) hash = (hash ^ *at++) * 1099511628211u;
    return hash;
}

static int is_new(uint64_t hash)
{
    for (int at = 0; at < armed.seen_count; at++)
        if (armed.seen[at] == hash) return 0;
    if (armed.seen_count < MOMENTS) armed.seen[armed.seen_count++] = hash;
    return 1;
}

static void serial(int fd, const char *when, const void *data, size_t size)
{
    pthread_mutex_lock(&one_at_a_time);
    uint64_t hash = 14695981039346656037u;
    if (data) {
        question[fd] = mixed(hash, data, size);
        answers[fd] = 0;
    } else {
        answers[fd]++;
    }
    if (is_armed()) {
        hash = mixed(hash, &armed.commits, sizeof armed.commits);
        hash = mixed(hash, &question[fd], sizeof question[fd]);
        hash = mixed(hash, &answers[fd], sizeof answers[fd]);
        if (is_new(hash)) {
            moment(when);
            named(when, mixed(question[fd], &answers[fd], sizeof answers[fd]));
        }
    }
    pthread_mutex_unlock(&one_at_a_time);
}

ssize_t write(int fd, const void *data, size_t size)
{
    static ssize_t (*real)(int, const void *, size_t);
    if (!real) real = (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
    if (is_line(fd)) serial(fd, "write", data, size);
    return real(fd, data, size);
}

ssize_t read(int fd, void *data, size_t size)
{
    static ssize_t (*real)(int, void *, size_t);
    if (!real) real = (ssize_t(*)(int, void *, size_t))dlsym(RTLD_NEXT, "read");
    if (is_line(fd)) serial(fd, "read", NULL, 0);
    return real(fd, data, size);
}
