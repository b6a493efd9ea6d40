/* The echo server that every book has: one client at a time, blocking. What it costs in system calls is the measure. */
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof at;
    static char buffer[1024];
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0 || bind(listener, (void *)&at, len) || listen(listener, 128)
        || getsockname(listener, (void *)&at, &len))
        return 1;
    printf("listening on 127.0.0.1:%d\n", ntohs(at.sin_port));
    fflush(stdout);
    int peer = accept(listener, 0, 0);
    for (ssize_t n; (n = recv(peer, buffer, sizeof buffer, 0)) > 0;)
        send(peer, buffer, n, MSG_NOSIGNAL);
    return 0;
}
