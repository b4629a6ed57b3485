/* The services that every tool runs, as cheap as can be, so that the tools are measured and not the services.
 *
 *   program serve PORT
 *       answers every HTTP request on 127.0.0.1:PORT with its own process id
 *   program produce LINES WIDTH GO REPORT
 *       makes REPORT.waiting, waits until the file GO.1 is there, writes LINES lines of WIDTH bytes to stdout, one
 *       write(2) for each, as loggers do; REPORT.1 then holds the seconds it took; and again with GO.2, GO.3, ...
 *
 * SIGTERM has its default effect.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static void serve(int port) {
    int listener = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 64) != 0) {
        perror("program: cannot listen");
        exit(1);
    }
    char body[32], answer[160], request[4096];
    int body_length = snprintf(body, sizeof body, "%ld\n", (long)getpid());
    int length = snprintf(answer, sizeof answer,
                          "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
                          body_length, body);
    struct timeval patience = {.tv_sec = 1};
    for (;;) {
        int client = accept(listener, NULL, NULL);
        if (client < 0) continue;
        setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        if (read(client, request, sizeof request) > 0 && write(client, answer, (size_t)length) < 0) perror("program");
        close(client);
    }
}

static double seconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void write_line(const char *line, size_t width) {
    while (width > 0) {
        ssize_t written = write(1, line, width);
        if (written < 0) exit(1);
        line += written;
        width -= (size_t)written;
    }
}

static double write_lines(long lines, char *line, size_t width) {
    double began = seconds(CLOCK_MONOTONIC);
    for (long number = 0; number < lines; number++) {
        long rest = number;
        for (int place = 12; place >= 5; place--, rest /= 10) line[place] = (char)('0' + rest % 10);
        write_line(line, width);
    }
    return seconds(CLOCK_MONOTONIC) - began;
}

static void tell(const char *report, int round, double took) {
    char part[4096], whole[4096];
    snprintf(part, sizeof part, "%s.part", report);
    snprintf(whole, sizeof whole, "%s.%d", report, round);
    FILE *out = fopen(part, "w");
    fprintf(out, "%.6f\n", took);
    fclose(out);
    rename(part, whole);
}

static void produce(long lines, size_t width, const char *go, const char *report) {
    char path[4096], *line = malloc(width);
    if (line == NULL || width < 16) exit(1);
    memset(line, 'x', width);
    memcpy(line, "line ", 5);
    line[13] = ' ';
    line[width - 1] = '\n';
    snprintf(path, sizeof path, "%s.waiting", report);
    fclose(fopen(path, "w"));
    struct timespec pause_ = {.tv_nsec = 10000000};
    for (int round = 1;; round++) {
        snprintf(path, sizeof path, "%s.%d", go, round);
        while (access(path, F_OK) != 0) nanosleep(&pause_, NULL);
        tell(report, round, write_lines(lines, line, width));
    }
}

int main(int count, char **words) {
    signal(SIGPIPE, SIG_IGN);
    if (count == 3 && strcmp(words[1], "serve") == 0) serve(atoi(words[2]));
    if (count == 6 && strcmp(words[1], "produce") == 0)
        produce(atol(words[2]), (size_t)atol(words[3]), words[4], words[5]);
    fprintf(stderr, "usage: program serve PORT | program produce LINES WIDTH GO REPORT\n");
    return 2;
}
