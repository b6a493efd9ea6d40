/* As little as an epoll server can do: level-triggered, one static buffer, until the last client has gone. */
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof at;
    static char buffer[65536];
    int listener = socket(AF_INET, SOCK_STREAM, 0), set = epoll_create1(0), clients = 0;
    struct epoll_event event = { .events = EPOLLIN, .data.fd = listener };
    if (listener < 0 || bind(listener, (void *)&at, len) || listen(listener, 128)
        || getsockname(listener, (void *)&at, &len) || epoll_ctl(set, EPOLL_CTL_ADD, listener, &event))
        return 1;
    printf("listening on 127.0.0.1:%d\n", ntohs(at.sin_port));
    fflush(stdout);
    do {
        if (epoll_wait(set, &event, 1, -1) != 1)
            return 1;
        int fd = event.data.fd;
        ssize_t n;
        if (fd == listener) {
            event.data.fd = accept(listener, 0, 0);
            event.events = EPOLLIN;
            clients += !epoll_ctl(set, EPOLL_CTL_ADD, event.data.fd, &event);
        } else if ((n = recv(fd, buffer, sizeof buffer, 0)) > 0) {
            send(fd, buffer, n, MSG_NOSIGNAL);
        } else {
            close(fd);
            clients--;
        }
    } while (clients);
    return 0;
}
