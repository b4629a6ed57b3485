/* Reads what is packed behind the program in its own file: a tar archive, compressed with zstd. */
#define _GNU_SOURCE
#include "payload.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __APPLE__
#include <mach-o/dyld.h>
#endif

static const char MAGIC[16] = {'s', 'p', 'a', 'c', 'e', 'c', 't', 'l', '-', 'p', 'a', 'y', 'l', 'o', 'a', 'd'};

_Noreturn void fail(const char *what, const char *hint) {
    fprintf(stderr, "error: %s\n  hint: %s\n", what, hint);
    exit(EXIT_MACHINE);
}

_Noreturn void fail_at(const char *folder, const char *doing) {
    char what[PATH_MAX + 256];
    snprintf(what, sizeof what, "cannot %s in %s: %s", doing, folder, strerror(errno));
    fail(what, "make room there, or set XDG_CACHE_HOME to another folder");
}

static _Noreturn void fail_damaged(void) {
    fail("this file is damaged or incomplete", "download it again");
}

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

void find_payload(struct payload *payload, struct trailer *trailer) {
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
    for (size_t at = 0; at < size && digits[at] >= '0' && digits[at] <= '7'; at++)
        value = value * 8 + (uint64_t)(digits[at] - '0');
    return value;
}

static void unpack_file(struct payload *payload, int into, const char *name, const char *path, const char *header) {
    static char block[1 << 18];
    int file = openat(into, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)octal(header + 100, 8));
    if (file < 0) fail_at(name, "unpack");
    uint64_t left = octal(header + 124, 12), padding = (512 - left % 512) % 512;
    while (left > 0) {
        size_t size = left < sizeof block ? (size_t)left : sizeof block;
        if (pull(payload, block, size) != size) fail_damaged();
        for (size_t done = 0; done < size;) {
            ssize_t count = write(file, block + done, size - done);
            if (count < 0) fail_at(name, "unpack");
            done += (size_t)count;
        }
        left -= size;
    }
    if (close(file) != 0) fail_at(name, "unpack");
    if (pull(payload, block, padding) != padding) fail_damaged();
}

/* A tar archive in the ustar form of POSIX, of plain files and folders only. */
void unpack_payload(struct payload *payload, int into, const char *name) {
    char header[512], path[260];
    payload->stream = ZSTD_createDStream();
    payload->expected = 1;
    while (pull(payload, header, sizeof header) == sizeof header) {
        if (header[0] == '\0') continue; /* only zeros follow; the checksum comes last */
        snprintf(path, sizeof path, header[345] ? "%.155s/%.100s" : "%.0s%.100s", header + 345, header);
        if (header[156] != '5')
            unpack_file(payload, into, name, path, header);
        else if (mkdirat(into, path, 0700) != 0)
            fail_at(name, "make a folder");
    }
    ZSTD_freeDStream(payload->stream);
}
