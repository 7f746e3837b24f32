// usage: receiver PORT MAX_NUMBER [TEXT]
//
// A webhook receiver that is never the bottleneck: one thread, epoll, keep-alive, 127.0.0.1 only. It answers every
// POST with 204 and notes when it had each number that follows TEXT (`"bench_number":`) in the body, for the first time.
// GET /count: "received duplicates\n". GET /times: a line "number nanoseconds" for each (CLOCK_REALTIME).
// GET /reset: forgets everything.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

// Whoever opens a connection for each message has thousands of them open at once.
enum { max_descriptors = 16384, buffer_bytes = 65536, events_per_wait = 256 };

struct connection {
    size_t filled;
    char bytes[buffer_bytes + 1];
};

static struct connection *connections[max_descriptors];
static long long *arrivals;
static long max_number, received, duplicates;
static const char *name = "\"bench_number\":";

static long long now_nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void note_number(long number) {
    if (number < 0 || number > max_number) return;
    if (arrivals[number] != 0) {
        duplicates++;
        return;
    }
    arrivals[number] = now_nanoseconds();
    received++;
}

// A batch has many; a message that says its number twice has it in two places of the same value.
static void note(const char *body) {
    long last = -1;
    for (const char *field = strstr(body, name); field != NULL; field = strstr(field, name)) {
        field += strlen(name);
        while (*field == ' ' || *field == '"') field++;
        long number = strtol(field, NULL, 10);
        if (number != last) note_number(number);
        last = number;
    }
}

static int send_all(int descriptor, const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t sent = send(descriptor, bytes, length, MSG_NOSIGNAL);
        if (sent <= 0) return -1;
        bytes += sent;
        length -= (size_t)sent;
    }
    return 0;
}

static int answer_text(int descriptor, const char *text, size_t length) {
    char head[128];
    int head_length = snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", length);
    if (send_all(descriptor, head, (size_t)head_length) != 0) return -1;
    return send_all(descriptor, text, length);
}

static int answer_times(int descriptor) {
    char *text = NULL;
    size_t length = 0;
    FILE *lines = open_memstream(&text, &length);
    if (lines == NULL) return -1;
    for (long number = 0; number <= max_number; number++)
        if (arrivals[number] != 0) fprintf(lines, "%ld %lld\n", number, arrivals[number]);
    fclose(lines);
    int result = answer_text(descriptor, text, length);
    free(text);
    return result;
}

static int answer(int descriptor, const char *head, const char *body) {
    static const char no_content[] = "HTTP/1.1 204 No Content\r\n\r\n";
    char text[64];
    if (strncmp(head, "POST ", 5) == 0) {
        note(body);
        return send_all(descriptor, no_content, sizeof no_content - 1);
    }
    if (strncmp(head, "GET /times ", 11) == 0) return answer_times(descriptor);
    if (strncmp(head, "GET /reset ", 11) == 0) {
        memset(arrivals, 0, sizeof *arrivals * (size_t)(max_number + 1));
        received = duplicates = 0;
    }
    int length = snprintf(text, sizeof text, "%ld %ld\n", received, duplicates);
    return answer_text(descriptor, text, (size_t)length);
}

// Answers every whole request in the buffer; -1 when the connection is to be closed.
static int serve(int descriptor, struct connection *connection) {
    for (;;) {
        connection->bytes[connection->filled] = 0;
        char *end = memmem(connection->bytes, connection->filled, "\r\n\r\n", 4);
        if (end == NULL) return connection->filled == buffer_bytes ? -1 : 0;
        *end = 0;
        char *field = strcasestr(connection->bytes, "\r\ncontent-length:");
        *end = '\r';
        size_t body_length = field ? strtoul(field + 17, NULL, 10) : 0;
        size_t total = (size_t)(end + 4 - connection->bytes) + body_length;
        if (total > buffer_bytes) return -1;
        if (total > connection->filled) return 0;
        char kept = connection->bytes[total];
        connection->bytes[total] = 0;
        if (answer(descriptor, connection->bytes, end + 4) != 0) return -1;
        connection->bytes[total] = kept;
        connection->filled -= total;
        memmove(connection->bytes, connection->bytes + total, connection->filled);
    }
}

static void drop(int descriptor) {
    free(connections[descriptor]);
    connections[descriptor] = NULL;
    close(descriptor);
}

static void accept_one(int poll, int listener) {
    int descriptor = accept(listener, NULL, NULL);
    if (descriptor < 0) return;
    int on = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = descriptor};
    if (descriptor >= max_descriptors || (connections[descriptor] = calloc(1, sizeof(struct connection))) == NULL
        || epoll_ctl(poll, EPOLL_CTL_ADD, descriptor, &event) != 0) {
        close(descriptor);
    }
}

static void read_one(int descriptor) {
    struct connection *connection = connections[descriptor];
    ssize_t count = read(descriptor, connection->bytes + connection->filled, buffer_bytes - connection->filled);
    if (count <= 0) {
        drop(descriptor);
        return;
    }
    connection->filled += (size_t)count;
    if (serve(descriptor, connection) != 0) drop(descriptor);
}

int main(int count, char **arguments) {
    if (count != 3 && count != 4) {
        fprintf(stderr, "usage: receiver PORT MAX_NUMBER [TEXT]\n");
        return 2;
    }
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (count == 4) name = arguments[3];
    max_number = strtol(arguments[2], NULL, 10);
    arrivals = calloc((size_t)max_number + 1, sizeof *arrivals);
    int listener = socket(AF_INET, SOCK_STREAM, 0), poll = epoll_create1(0), on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((unsigned short)strtoul(arguments[1], NULL, 10)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[events_per_wait];
    if (arrivals == NULL || bind(listener, (struct sockaddr *)&address, sizeof address) != 0
        || listen(listener, 4096) != 0 || epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event) != 0) {
        perror("receiver");
        return 1;
    }
    for (;;) {
        int ready = epoll_wait(poll, events, events_per_wait, -1);
        if (ready < 0 && errno != EINTR) return 1;
        for (int index = 0; index < ready; index++) {
            if (events[index].data.fd == listener) accept_one(poll, listener);
            else read_one(events[index].data.fd);
        }
    }
}
