/* The floor under every stream server: level-triggered epoll, one static page-aligned buffer, one recv and one send
 * per readiness. Sockets block, so a send takes everything; a peer that stops reading stops this server, and nothing
 * is counted, limited or said.
 *
 *   epoll tcp PORT | epoll unix PATH | epoll seqpacket PATH        (port 0: the kernel picks; the ready line says it)
 */
#define _GNU_SOURCE /* accept4 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { BUFFER = 65536, EVENTS = 256, BACKLOG = 4096 };

static char buffer[BUFFER] __attribute__((aligned(4096)));
static struct epoll_event events[EVENTS];

static int listen_tcp(const char *port)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                              .sin_port = htons(atoi(port)) };
    socklen_t len = sizeof at;
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) || bind(fd, (void *)&at, len)
        || listen(fd, BACKLOG) || getsockname(fd, (void *)&at, &len))
        return -1;
    printf("listening on 127.0.0.1:%d\n", ntohs(at.sin_port));
    return fd;
}

static int listen_unix(int type, const char *path)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    strncpy(at.sun_path, path, sizeof at.sun_path - 1);
    if (fd < 0 || bind(fd, (void *)&at, sizeof at) || listen(fd, BACKLOG))
        return -1;
    printf("listening on %s\n", path);
    return fd;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    int listener = !strcmp(argv[1], "tcp") ? listen_tcp(argv[2])
                                           : listen_unix(strcmp(argv[1], "unix") ? SOCK_SEQPACKET : SOCK_STREAM, argv[2]);
    int set = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event interest = { .events = EPOLLIN, .data.fd = listener };
    if (listener < 0 || set < 0 || epoll_ctl(set, EPOLL_CTL_ADD, listener, &interest)) {
        perror("epoll floor");
        return 1;
    }
    fflush(stdout);
    for (;;) {
        int ready = epoll_wait(set, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            ssize_t n;
            if (fd == listener) {
                interest.data.fd = accept4(listener, 0, 0, SOCK_CLOEXEC);
                if (interest.data.fd >= 0)
                    epoll_ctl(set, EPOLL_CTL_ADD, interest.data.fd, &interest);
            } else if ((n = recv(fd, buffer, BUFFER, 0)) <= 0 || send(fd, buffer, n, MSG_NOSIGNAL) != n) {
                close(fd);
            }
        }
    }
}
