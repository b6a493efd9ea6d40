/* As little as an io_uring echo server can do: multishot accept and receive, provided 64 KiB buffers, one thread.
   Build: cc -O2 -o uring_floor uring_floor.c -luring      Run: uring_floor [PORT] */
#include <arpa/inet.h>
#include <liburing.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SIZE = 65536, BUFFERS = 64, ACCEPT = 1, RECV = 2, SEND = 3 };

static struct io_uring ring;
static struct io_uring_buf_ring *provided;
static char *memory;

static struct io_uring_sqe *operation(int kind, int fd, unsigned buffer)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);
    if (!sqe) {
        io_uring_submit(&ring);
        sqe = io_uring_get_sqe(&ring);
    }
    sqe->user_data = (unsigned long long)kind << 56 | (unsigned long long)buffer << 32 | (unsigned)fd;
    return sqe;
}

static void tag(struct io_uring_sqe *sqe, int kind, int fd, unsigned buffer)
{
    sqe->user_data = (unsigned long long)kind << 56 | (unsigned long long)buffer << 32 | (unsigned)fd;
}

static void receive(int fd)
{
    struct io_uring_sqe *sqe = operation(RECV, fd, 0);
    io_uring_prep_recv_multishot(sqe, fd, 0, 0, 0);
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = 0;
    tag(sqe, RECV, fd, 0);
}

static void accept_all(int listener)
{
    struct io_uring_sqe *sqe = operation(ACCEPT, listener, 0);
    io_uring_prep_multishot_accept(sqe, listener, 0, 0, SOCK_CLOEXEC);
    tag(sqe, ACCEPT, listener, 0);
}

static void give_back(unsigned buffer)
{
    io_uring_buf_ring_add(provided, memory + (size_t)buffer * SIZE, SIZE, buffer, BUFFERS - 1, 0);
    io_uring_buf_ring_advance(provided, 1);
}

static void done(struct io_uring_cqe *cqe, int listener)
{
    int kind = cqe->user_data >> 56, fd = (unsigned)cqe->user_data;
    unsigned buffer = cqe->flags >> IORING_CQE_BUFFER_SHIFT;
    if (kind == ACCEPT) {
        if (cqe->res >= 0)
            receive(cqe->res);
        if (!(cqe->flags & IORING_CQE_F_MORE))
            accept_all(listener);
    } else if (kind == SEND) {
        give_back(cqe->user_data >> 32 & 0xffff);
    } else if (cqe->res > 0) {
        struct io_uring_sqe *sqe = operation(SEND, fd, buffer);
        io_uring_prep_send(sqe, fd, memory + (size_t)buffer * SIZE, cqe->res, MSG_NOSIGNAL | MSG_WAITALL);
        tag(sqe, SEND, fd, buffer);
        if (!(cqe->flags & IORING_CQE_F_MORE))
            receive(fd);
    } else if (cqe->res == -ENOBUFS) {
        receive(fd);
    } else {
        close(fd);
    }
}

int main(int argc, char **argv)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                              .sin_port = htons(argc > 1 ? atoi(argv[1]) : 0) };
    struct io_uring_params params = { .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN
                                               | IORING_SETUP_COOP_TASKRUN | IORING_SETUP_CQSIZE,
                                      .cq_entries = 4096 };
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    socklen_t len = sizeof at;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (listener < 0 || bind(listener, (void *)&at, len) || listen(listener, 4096)
        || getsockname(listener, (void *)&at, &len) || io_uring_queue_init_params(256, &ring, &params)
        || posix_memalign((void **)&memory, 4096, (size_t)SIZE * BUFFERS)
        || posix_memalign((void **)&provided, 4096, 4096))
        return 1;
    struct io_uring_buf_reg group = { .ring_addr = (unsigned long)provided, .ring_entries = BUFFERS };
    if (io_uring_register_buf_ring(&ring, &group, 0))
        return 1;
    io_uring_buf_ring_init(provided);
    for (unsigned buffer = 0; buffer < BUFFERS; buffer++)
        give_back(buffer);
    accept_all(listener);
    printf("listening on 127.0.0.1:%d\n", ntohs(at.sin_port));
    fflush(stdout);
    for (;;) {
        struct io_uring_cqe *cqe;
        unsigned head, n = 0;
        if (io_uring_submit_and_wait(&ring, 1) < 0)
            return 1;
        io_uring_for_each_cqe(&ring, head, cqe) {
            done(cqe, listener);
            n++;
        }
        io_uring_cq_advance(&ring, n);
    }
}
