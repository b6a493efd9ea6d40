/* The floor under every datagram server: one blocking socket, recvfrom and sendto in a loop, one static page-aligned
 * buffer. It answers whoever asks: no guard, no count.
 *
 *   datagram udp PORT | datagram unix PATH        (port 0: the kernel picks; the ready line says it)
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { BUFFER = 65536 };

static char buffer[BUFFER] __attribute__((aligned(4096)));

static int bind_udp(const char *port)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                              .sin_port = htons(atoi(port)) };
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (void *)&at, len) || getsockname(fd, (void *)&at, &len))
        return -1;
    printf("listening on 127.0.0.1:%d\n", ntohs(at.sin_port));
    return fd;
}

static int bind_unix(const char *path)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    strncpy(at.sun_path, path, sizeof at.sun_path - 1);
    if (fd < 0 || bind(fd, (void *)&at, sizeof at))
        return -1;
    printf("listening on %s\n", path);
    return fd;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    int fd = !strcmp(argv[1], "udp") ? bind_udp(argv[2]) : bind_unix(argv[2]);
    if (fd < 0) {
        perror("datagram floor");
        return 1;
    }
    fflush(stdout);
    for (;;) {
        struct sockaddr_storage peer;
        socklen_t len = sizeof peer;
        ssize_t n = recvfrom(fd, buffer, BUFFER, 0, (void *)&peer, &len);
        if (n >= 0)
            sendto(fd, buffer, n, MSG_NOSIGNAL, (void *)&peer, len);
    }
}
