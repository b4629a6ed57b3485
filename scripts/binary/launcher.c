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
#include "payload.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#define PYTHON "bin/spacectl-python"
#define LIST "files" /* how many files there are, then the size and the path of each */
#define DAY_S (24 * 60 * 60)

#ifdef __APPLE__
#define SINCE_BOOT CLOCK_MONOTONIC
#else
#define SINCE_BOOT CLOCK_BOOTTIME
#endif

#ifndef ST_NOEXEC
#define ST_NOEXEC 0 /* not told by this system */
#endif

struct cache {
    char path[PATH_MAX];
    int folder;
    int use; /* NAME.lock */
    const char *name;
};

static struct cache chosen;

static const char *joined(const char *name, const char *ending) {
    static char text[NAME_MAX + 1];
    snprintf(text, sizeof text, "%s%s", name, ending);
    return text;
}

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
    if (entries == NULL) fail_at(cache->path, "look");
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

/* What to do when unpacking fails, for a disk may be full of it. */
static void give_room(void) {
    remove_part(&chosen, chosen.name);
}

static void unpack(struct payload *payload) {
    char part[NAME_MAX + 1];
    snprintf(part, sizeof part, "%s.part", chosen.name);
    int turn = openat(chosen.folder, "unpacking", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (turn < 0 || flock(turn, LOCK_EX) != 0) fail_at(chosen.path, "take a lock");
    if (!is_usable(&chosen)) { /* else another one unpacked it while this one waited for its turn */
        if (isatty(STDERR_FILENO)) fprintf(stderr, "unpacking %s into %s, once\n", chosen.name, chosen.path);
        each(&chosen, ".part", remove_part);
        atexit(give_room);
        if (mkdirat(chosen.folder, part, 0700) != 0) fail_at(chosen.path, "make a folder");
        int into = openat(chosen.folder, part, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (into < 0) fail_at(chosen.path, "open a folder");
        unpack_payload(payload, into, chosen.path);
        close(into);
        renameat(chosen.folder, chosen.name, chosen.folder, joined(chosen.name, ".damaged.part"));
        if (renameat(chosen.folder, part, chosen.folder, chosen.name) != 0) fail_at(chosen.path, "rename a folder");
        if (futimens(chosen.use, NULL) != 0) fail_at(chosen.path, "touch a file");
        each(&chosen, ".lock", retire);
        each(&chosen, ".part", remove_part);
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
    struct trailer trailer;
    mode_t usual = umask(077); /* what is made here is nobody else's business, and this user must be able to use it */
    find_payload(&payload, &trailer);
    trailer.name[sizeof trailer.name - 1] = '\0';
    chosen.name = trailer.name;
    find_cache(&chosen);
    if (!is_usable(&chosen)) unpack(&payload);
    umask(usual);
    char python[PATH_MAX + 128];
    snprintf(python, sizeof python, "%s/%s/%s", chosen.path, chosen.name, PYTHON);
    char **command = calloc((size_t)count + 4, sizeof *command);
    if (command == NULL) fail("there is no memory left", "end some programs");
    char *start[] = {python, "-I", "-m", "spacectl"}; /* -I: the environment speaks of another Python */
    memcpy(command, start, sizeof start);
    if (count > 1) memcpy(command + 4, words + 1, (size_t)(count - 1) * sizeof *words);
    close(payload.file);
    execv(python, command);
    fail_at(chosen.path, "run Python");
}
