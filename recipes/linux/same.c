/* What a training program sees of the machine is the same on each: LD_PRELOAD, under qemu-user, which sees to addresses and
   to the processor. Inode numbers, times and chance decide how long the interpreter's integers are, and the order of a
   folder's files decides how often its sets collide: each would be in the counts. */

#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const time_t then = 1000000000;
static const unsigned user = 1000;

/* Inside there are fewer processes, or more, and so their numbers are longer or shorter. */
pid_t getpid(void) { return 2; }
uid_t getuid(void) { return user; }
uid_t geteuid(void) { return user; }
gid_t getgid(void) { return user; }
gid_t getegid(void) { return user; }

/* The C library's own function for a thread's number is newer than the interpreter's way to ask for it. */
long syscall(long number, ...)
{
    long (*real_syscall)(long, ...) = dlsym(RTLD_NEXT, "syscall");
    long given[6];
    va_list arguments;
    va_start(arguments, number);
    for (size_t i = 0; i < 6; i++)
        given[i] = va_arg(arguments, long);
    va_end(arguments);
    if (number == SYS_gettid)
        return getpid();
    return real_syscall(number, given[0], given[1], given[2], given[3], given[4], given[5]);
}

int fstatat(int folder, const char *path, struct stat *found, int flags)
{
    long result = syscall(SYS_newfstatat, (long)folder, path, found, (long)flags);
    if (result == 0) {
        found->st_dev = found->st_ino = found->st_nlink = 1;
        found->st_uid = found->st_gid = user;
        found->st_size = S_ISREG(found->st_mode) ? found->st_size : 4096;
        found->st_blksize = 4096;
        found->st_blocks = (found->st_size + 511) / 512;
        found->st_atim = found->st_mtim = found->st_ctim = (struct timespec){then, 0};
    }
    return (int)result;
}

int stat(const char *path, struct stat *found) { return fstatat(AT_FDCWD, path, found, 0); }
int lstat(const char *path, struct stat *found) { return fstatat(AT_FDCWD, path, found, AT_SYMLINK_NOFOLLOW); }
int fstat(int file, struct stat *found) { return fstatat(file, "", found, AT_EMPTY_PATH); }

/* It goes on by a microsecond each time that somebody looks. */
int clock_gettime(clockid_t clock, struct timespec *now)
{
    static long looks;
    (void)clock;
    looks += 1000;
    *now = (struct timespec){then + looks / 1000000000, looks % 1000000000};
    return 0;
}

int clock_getres(clockid_t clock, struct timespec *resolution)
{
    (void)clock;
    if (resolution)
        *resolution = (struct timespec){0, 1};
    return 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec precise;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &precise);
    *now = (struct timeval){precise.tv_sec, precise.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *now)
{
    if (now)
        *now = then;
    return then;
}

/* Numbers of Marsaglia's xorshift32. */
ssize_t getrandom(void *buffer, size_t length, unsigned flags)
{
    static uint32_t state = 2463534242;
    (void)flags;
    for (size_t i = 0; i < length; i++) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        ((unsigned char *)buffer)[i] = state;
    }
    return length;
}

/* A folder's files by their names, at most of so many folders at a time. */
static struct listing {
    DIR *folder;
    struct dirent *entries;
    size_t count, next;
} listings[8];

static struct listing *listing_of(DIR *folder)
{
    for (size_t i = 0; i < sizeof listings / sizeof *listings; i++)
        if (listings[i].folder == folder)
            return &listings[i];
    abort();
}

static int by_name(const void *left, const void *right)
{
    return strcmp(((const struct dirent *)left)->d_name, ((const struct dirent *)right)->d_name);
}

DIR *opendir(const char *path)
{
    DIR *(*real_opendir)(const char *) = dlsym(RTLD_NEXT, "opendir");
    struct dirent *(*real_readdir)(DIR *) = dlsym(RTLD_NEXT, "readdir"), *entry;
    DIR *folder = real_opendir(path);
    if (!folder)
        return NULL;
    struct listing *listing = listing_of(NULL);
    *listing = (struct listing){.folder = folder};
    while ((entry = real_readdir(folder))) {
        listing->entries = reallocarray(listing->entries, listing->count + 1, sizeof *entry);
        if (!listing->entries)
            abort();
        memcpy(&listing->entries[listing->count], entry, entry->d_reclen);
        listing->entries[listing->count++].d_ino = 1;
    }
    qsort(listing->entries, listing->count, sizeof *entry, by_name);
    return folder;
}

struct dirent *readdir(DIR *folder)
{
    struct listing *listing = listing_of(folder);
    return listing->next < listing->count ? &listing->entries[listing->next++] : NULL;
}

int closedir(DIR *folder)
{
    int (*real_closedir)(DIR *) = dlsym(RTLD_NEXT, "closedir");
    struct listing *listing = listing_of(folder);
    free(listing->entries);
    *listing = (struct listing){0};
    return real_closedir(folder);
}
