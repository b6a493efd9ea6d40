/* What sockperf's server does with a message, and nothing else: one blocking UDP socket, recvfrom, clear the client's bit
 * in the header (sequence u64, flags u16, length u32, big-endian), sendto.
 *
 *   pong        (the kernel picks the port; the ready line says it)
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>

enum { BUFFER = 65536, HEADER = 14, LOW_FLAGS = 9, CLIENT = 1 };

static unsigned char buffer[BUFFER] __attribute__((aligned(4096)));

int main(void)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (void *)&at, len) || getsockname(fd, (void *)&at, &len)) {
        perror("pong");
        return 1;
    }
    printf("listening on 127.0.0.1:%d\n", ntohs(at.sin_port));
    fflush(stdout);
    for (;;) {
        struct sockaddr_in from;
        socklen_t from_len = sizeof from;
        ssize_t n = recvfrom(fd, buffer, sizeof buffer, 0, (void *)&from, &from_len);
        if (n < 0)
            return 1;
        if (n >= HEADER)
            buffer[LOW_FLAGS] &= ~CLIENT;
        sendto(fd, buffer, n, 0, (void *)&from, from_len);
    }
}
