/* What is packed behind the launcher, and the ways in which it can fail. */
#ifndef PAYLOAD_H
#define PAYLOAD_H

#include <stddef.h>
#include <stdint.h>
#include <zstd.h>

#define EXIT_MACHINE 6 /* as in spacectl itself: the machine lacks something */

/* The last bytes of this file, behind the payload: a tar archive, compressed with zstd. */
struct trailer {
    char name[64]; /* version and hash of the payload */
    unsigned char size[8]; /* of the payload, little-endian */
    char magic[16];
};

struct payload {
    int file;
    uint64_t left; /* bytes that were not read yet */
    ZSTD_DStream *stream;
    ZSTD_inBuffer in;
    size_t expected; /* 0 once the archive has ended and its checksum was right */
    char block[1 << 17];
};

/* Say what happened and what to do about it, and end. */
_Noreturn void fail(const char *what, const char *hint);

/* The same after a call of the system that failed. */
_Noreturn void fail_at(const char *folder, const char *doing);

/* Open the payload of this program, and read its trailer. */
void find_payload(struct payload *payload, struct trailer *trailer);

/* Unpack it into a folder that is open; `name` is what the folder is called in errors. */
void unpack_payload(struct payload *payload, int into, const char *name);

#endif
