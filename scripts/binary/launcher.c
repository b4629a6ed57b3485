/* Runs the spacectl that is packed behind this program, from a cache folder into which it is unpacked once.
 *
 * It needs nothing but a kernel: see docs/decisions/0020-single-binary.md. What lies in the cache folder:
 *
 *   NAME         one unpacked version; it appears whole, by being renamed
 *   NAME.lock    locked shared by every process that runs from NAME; its time says when NAME was last looked through
 *   NAME.part    what is being unpacked, or is to be removed; only the holder of `unpacking` touches it
 *   unpacking    locked by the one who unpacks and removes
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>
#include <zstd.h>
#ifdef __APPLE__
#include <mach-o/dyld.h>
#endif

#define PYTHON "bin/spacectl-python"
#define LIST "files" /* how many files there are, then the size and the path of each */
#define EXIT_MACHINE 6
#define DAY_S (24 * 60 * 60)

#ifdef __APPLE__
#define SINCE_BOOT CLOCK_MONOTONIC
#else
#define SINCE_BOOT CLOCK_BOOTTIME
#endif

#ifndef ST_NOEXEC
#define ST_NOEXEC 0 /* not told by this system */
#endif

/* The last bytes of this file, behind the payload: a tar archive, compressed with zstd. */
struct trailer {
    char name[64]; /* version and hash of the payload */
    unsigned char size[8]; /* of the payload, little-endian */
    char magic[16];
};
static const char MAGIC[16] = {'s', 'p', 'a', 'c', 'e', 'c', 't', 'l', '-', 'p', 'a', 'y', 'l', 'o', 'a', 'd'};

struct payload {
    int file;
    uint64_t left; /* bytes that were not read yet */
    ZSTD_DStream *stream;
    ZSTD_inBuffer in;
    size_t expected; /* 0 once the archive has ended and its checksum was right */
    char block[1 << 17];
};

struct cache {
    char path[PATH_MAX];
    int folder;
    int use; /* NAME.lock */
    const char *name;
};

static _Noreturn void fail(const char *what, const char *hint) {
    fprintf(stderr, "error: %s\n  hint: %s\n", what, hint);
    exit(EXIT_MACHINE);
}

static _Noreturn void fail_at(const struct cache *cache, const char *doing) {
    char what[PATH_MAX + 256];
    snprintf(what, sizeof what, "cannot %s in %s: %s", doing, cache->path, strerror(errno));
    fail(what, "make room there, or set XDG_CACHE_HOME to another folder");
}

static _Noreturn void fail_damaged(void) {
    fail("this file is damaged or incomplete", "download it again");
}

static const char *joined(const char *name, const char *ending) {
    static char text[NAME_MAX + 1];
    snprintf(text, sizeof text, "%s%s", name, ending);
    return text;
}

/* ---- the payload ---- */

static int open_self(void) {
#ifdef __APPLE__
    char path[PATH_MAX];
    uint32_t size = sizeof path;
    return _NSGetExecutablePath(path, &size) == 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
#else
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (file < 0 && errno == ENOENT) fail("/proc is not mounted, and spacectl needs it", "mount -t proc proc /proc");
    return file;
#endif
}

static void find_payload(struct payload *payload, struct trailer *trailer) {
    payload->file = open_self();
    if (payload->file < 0) fail("this program cannot read its own file", "chmod +r it");
    off_t end = lseek(payload->file, -(off_t)sizeof *trailer, SEEK_END);
    if (end < 0 || read(payload->file, trailer, sizeof *trailer) != (ssize_t)sizeof *trailer) fail_damaged();
    if (memcmp(trailer->magic, MAGIC, sizeof MAGIC) != 0) fail_damaged();
    payload->left = 0;
    for (int at = 7; at >= 0; at--) payload->left = payload->left << 8 | trailer->size[at];
    if (payload->left > (uint64_t)end || lseek(payload->file, end - (off_t)payload->left, SEEK_SET) < 0) fail_damaged();
}

/* Decompress until `size` bytes are there, or the archive has ended; how many came. */
static size_t pull(struct payload *payload, void *to, size_t size) {
    ZSTD_outBuffer out = {to, size, 0};
    while (out.pos < size && payload->expected != 0) {
        if (payload->in.pos == payload->in.size) {
            size_t most = payload->left < sizeof payload->block ? (size_t)payload->left : sizeof payload->block;
            ssize_t count = read(payload->file, payload->block, most);
            if (count <= 0) fail_damaged();
            payload->left -= (uint64_t)count;
            payload->in = (ZSTD_inBuffer){payload->block, (size_t)count, 0};
        }
        payload->expected = ZSTD_decompressStream(payload->stream, &out, &payload->in);
        if (ZSTD_isError(payload->expected)) fail_damaged();
    }
    return out.pos;
}

static uint64_t octal(const char *digits, size_t size) {
    uint64_t value = 0;
    for (size_t at = 0; at < size && digits[at] >= '0' && digits[at] <= '7'; at++) value = value * 8 + (uint64_t)(digits[at] - '0');
    return value;
}

static void unpack_file(const struct cache *cache, struct payload *payload, int into, const char *path, const char *header) {
    static char block[1 << 18];
    int file = openat(into, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)octal(header + 100, 8));
    if (file < 0) fail_at(cache, "unpack");
    uint64_t left = octal(header + 124, 12), padding = (512 - left % 512) % 512;
    while (left > 0) {
        size_t size = left < sizeof block ? (size_t)left : sizeof block;
        if (pull(payload, block, size) != size) fail_damaged();
        for (size_t done = 0; done < size;) {
            ssize_t count = write(file, block + done, size - done);
            if (count < 0) fail_at(cache, "unpack");
            done += (size_t)count;
        }
        left -= size;
    }
    if (close(file) != 0) fail_at(cache, "unpack");
    if (pull(payload, block, padding) != padding) fail_damaged();
}

/* A tar archive in the ustar form of POSIX, of plain files and folders only. */
static void unpack_all(const struct cache *cache, struct payload *payload, int into) {
    char header[512], path[260];
    payload->stream = ZSTD_createDStream();
    payload->expected = 1;
    while (pull(payload, header, sizeof header) == sizeof header) {
        if (header[0] == '\0') continue; /* only zeros follow; the checksum comes last */
        snprintf(path, sizeof path, header[345] ? "%.155s/%.100s" : "%.0s%.100s", header + 345, header);
        if (header[156] != '5')
            unpack_file(cache, payload, into, path, header);
        else if (mkdirat(into, path, 0700) != 0)
            fail_at(cache, "make a folder");
    }
    ZSTD_freeDStream(payload->stream);
}

/* ---- the cache folder ---- */

static void remove_tree(int folder, const char *name) {
    if (unlinkat(folder, name, 0) == 0) return;
    int inner = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *entries = inner < 0 ? NULL : fdopendir(inner);
    if (entries == NULL) return;
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) remove_tree(inner, entry->d_name);
    closedir(entries);
    unlinkat(folder, name, AT_REMOVEDIR);
}

/* Do something with each name in the cache folder that ends so; it is given without its ending. */
static void each(const struct cache *cache, const char *ending, void (*act)(const struct cache *, const char *)) {
    DIR *entries = fdopendir(openat(cache->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (entries == NULL) fail_at(cache, "look");
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        size_t size = strlen(entry->d_name), tail = strlen(ending);
        if (size <= tail || strcmp(entry->d_name + size - tail, ending) != 0) continue;
        entry->d_name[size - tail] = '\0';
        act(cache, entry->d_name);
    }
    closedir(entries);
}

static void remove_part(const struct cache *cache, const char *name) {
    remove_tree(cache->folder, joined(name, ".part"));
}

/* Put another version among what is to be removed, unless something runs from it. */
static void retire(const struct cache *cache, const char *name) {
    if (strcmp(name, cache->name) == 0) return;
    int lock = openat(cache->folder, joined(name, ".lock"), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (lock < 0) return;
    if (flock(lock, LOCK_EX | LOCK_NB) == 0) {
        renameat(cache->folder, name, cache->folder, joined(name, ".part"));
        unlinkat(cache->folder, joined(name, ".lock"), 0);
    }
    close(lock);
}

/* Whether every file is there in its size: cleaners of temporary folders take single files, a lost power their ends. */
static bool is_whole(const struct cache *cache) {
    char path[PATH_MAX];
    long long size;
    long missing;
    int tree = openat(cache->folder, cache->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int list = tree < 0 ? -1 : openat(tree, LIST, O_RDONLY | O_CLOEXEC);
    FILE *lines = list < 0 ? NULL : fdopen(list, "r");
    if (lines == NULL) return false;
    if (fscanf(lines, "%ld", &missing) != 1) missing = 1;
    while (missing > 0 && fscanf(lines, "%lld %4095[^\n]", &size, path) == 2) {
        struct stat seen;
        if (fstatat(tree, path, &seen, AT_SYMLINK_NOFOLLOW) != 0 || seen.st_size != size) break;
        missing--;
    }
    fclose(lines);
    close(tree);
    return missing == 0;
}

static bool was_looked_at(const struct cache *cache) {
    struct stat lock;
    struct timespec up = {0};
    clock_gettime(SINCE_BOOT, &up);
    if (fstat(cache->use, &lock) != 0) return false;
    time_t age = time(NULL) - lock.st_mtime;
    return age >= 0 && age < (up.tv_sec < DAY_S ? up.tv_sec : DAY_S);
}

static bool is_usable(const struct cache *cache) {
    struct stat seen;
    char python[NAME_MAX + sizeof PYTHON];
    snprintf(python, sizeof python, "%s/%s", cache->name, PYTHON);
    if (fstatat(cache->folder, python, &seen, 0) != 0) return false;
    if (was_looked_at(cache)) return true;
    if (!is_whole(cache)) return false;
    futimens(cache->use, NULL);
    return true;
}

static void unpack(struct cache *cache, struct payload *payload) {
    char part[NAME_MAX + 1];
    snprintf(part, sizeof part, "%s.part", cache->name);
    int turn = openat(cache->folder, "unpacking", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (turn < 0 || flock(turn, LOCK_EX) != 0) fail_at(cache, "take a lock");
    if (!is_usable(cache)) { /* else another one unpacked it while this one waited for its turn */
        if (isatty(STDERR_FILENO)) fprintf(stderr, "unpacking %s into %s, once\n", cache->name, cache->path);
        each(cache, ".part", remove_part);
        int into = mkdirat(cache->folder, part, 0700) != 0 ? -1 : openat(cache->folder, part, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (into < 0) fail_at(cache, "make a folder");
        unpack_all(cache, payload, into);
        close(into);
        renameat(cache->folder, cache->name, cache->folder, joined(cache->name, ".damaged.part"));
        if (renameat(cache->folder, part, cache->folder, cache->name) != 0) fail_at(cache, "rename a folder");
        if (futimens(cache->use, NULL) != 0) fail_at(cache, "touch a file");
        each(cache, ".lock", retire);
        each(cache, ".part", remove_part);
    }
    close(turn);
}

/* Lock NAME.lock shared: as long as this process and what it becomes hold it, nobody removes NAME. */
static bool hold(struct cache *cache) {
    const char *name = joined(cache->name, ".lock");
    for (;;) {
        struct stat held, named;
        /* Not closed when the program becomes Python: that is how the lock is handed on. */
        cache->use = openat(cache->folder, name, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
        if (cache->use < 0) cache->use = openat(cache->folder, name, O_RDONLY | O_NOFOLLOW);
        if (cache->use < 0 || flock(cache->use, LOCK_SH) != 0 || fstat(cache->use, &held) != 0) return false;
        if (held.st_size == 0 && write(cache->use, "\n", 1) != 1) return false; /* an empty file cannot be mapped */
        if (fstatat(cache->folder, name, &named, 0) == 0 && named.st_ino == held.st_ino) return true;
        close(cache->use); /* it was removed in between */
    }
}

/* Make a folder and those above it; what there was against it, if it is not there now. */
static int make_folders(const char *path) {
    char above[PATH_MAX];
    for (const char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        snprintf(above, sizeof above, "%.*s", (int)(slash - path), path);
        mkdir(above, 0700);
    }
    return mkdir(path, 0700) == 0 ? 0 : errno;
}

/* Whether the cache can be in this folder; else why not is added to `reasons`. */
static bool can_be(struct cache *cache, const char *path, char *reasons, size_t room) {
    struct stat owner;
    struct statvfs system;
    const char *reason = NULL;
    snprintf(cache->path, sizeof cache->path, "%s", path);
    int against = make_folders(path);
    cache->folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (cache->folder < 0 || fstat(cache->folder, &owner) != 0 || fstatvfs(cache->folder, &system) != 0)
        reason = strerror(errno == ENOENT ? against : errno);
    else if (owner.st_uid != geteuid() || (owner.st_mode & 022) != 0)
        reason = "others may write there";
    else if (system.f_flag & ST_NOEXEC)
        reason = "programs may not run there";
    else if (!hold(cache))
        reason = strerror(errno);
    else
        return true;
    size_t used = strlen(reasons);
    snprintf(reasons + used, room - used, "%s%s (%s)", used ? ", " : "", path, reason);
    return false;
}

static void find_cache(struct cache *cache) {
    char path[PATH_MAX], reasons[3 * PATH_MAX] = "";
    const char *caches = getenv("XDG_CACHE_HOME"), *home = getenv("HOME"), *temporary = getenv("TMPDIR");
    path[0] = '\0';
    if (caches != NULL && caches[0] == '/') /* a relative one is to be ignored, says the XDG specification */
        snprintf(path, sizeof path, "%s/spacectl", caches);
    else if (home != NULL && home[0] == '/')
        snprintf(path, sizeof path, "%s/.cache/spacectl", home);
    if (path[0] != '\0' && can_be(cache, path, reasons, sizeof reasons)) return;
    if (temporary == NULL || temporary[0] != '/') temporary = "/tmp";
    snprintf(path, sizeof path, "%s/spacectl-%ld", temporary, (long)geteuid());
    if (can_be(cache, path, reasons, sizeof reasons)) return;
    char what[4 * PATH_MAX];
    snprintf(what, sizeof what, "there is no folder to unpack to: %s", reasons);
    fail(what, "set XDG_CACHE_HOME to a folder that you can write to");
}

int main(int count, char **words) {
    static struct payload payload;
    static struct cache cache;
    struct trailer trailer;
    find_payload(&payload, &trailer);
    trailer.name[sizeof trailer.name - 1] = '\0';
    cache.name = trailer.name;
    find_cache(&cache);
    if (!is_usable(&cache)) {
        mode_t usual = umask(077);
        unpack(&cache, &payload);
        umask(usual);
    }
    char python[PATH_MAX + 128];
    snprintf(python, sizeof python, "%s/%s/%s", cache.path, cache.name, PYTHON);
    char **command = calloc((size_t)count + 4, sizeof *command);
    if (command == NULL) fail("there is no memory left", "end some programs");
    char *start[] = {python, "-I", "-m", "spacectl"}; /* -I: what the environment says of Python is meant for another one */
    memcpy(command, start, sizeof start);
    if (count > 1) memcpy(command + 4, words + 1, (size_t)(count - 1) * sizeof *words);
    close(payload.file);
    execv(python, command);
    fail_at(&cache, "run Python");
}
