/* The floor under a completion server: liburing, multishot accept, multishot recv out of one ring of 64 KiB buffers,
 * one send in flight per connection. What arrives meanwhile queues as a list of buffer numbers. A peer that found no
 * free buffer is armed again when one returns.
 *
 *   uring tcp PORT BUFFERS        (BUFFERS: a power of two; port 0: the kernel picks; the ready line says it)
 */
#define _GNU_SOURCE /* SOCK_CLOEXEC */
#include <arpa/inet.h>
#include <errno.h>
#include <liburing.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>

enum { BUFFER = 65536, MOST_BUFFERS = 1024, MOST_PEERS = 65536, ENTRIES = 4096, BACKLOG = 4096 };
enum { ACCEPT, RECV, SEND, NONE = 0xffff };

/* first, last: queued buffers; the first of them is being sent. */
static struct peer { uint16_t first, last; uint8_t ended; } peers[MOST_PEERS];
static uint16_t next[MOST_BUFFERS];
static int length[MOST_BUFFERS];
static int starved[MOST_PEERS], starving;
static struct io_uring ring;
static struct io_uring_buf_ring *group;
static char *memory;
static int buffers, unused;

static struct io_uring_sqe *entry(void)
{
    struct io_uring_sqe *sqe;
    while (!(sqe = io_uring_get_sqe(&ring)))
        io_uring_submit(&ring);
    return sqe;
}

static void name(struct io_uring_sqe *sqe, int what, int fd)
{
    sqe->user_data = (uint64_t)what << 32 | (uint32_t)fd;
}

static void arm_accept(int listener)
{
    struct io_uring_sqe *sqe = entry();
    io_uring_prep_multishot_accept(sqe, listener, 0, 0, SOCK_CLOEXEC);
    name(sqe, ACCEPT, listener);
}

static void arm_recv(int fd)
{
    struct io_uring_sqe *sqe = entry();
    io_uring_prep_recv_multishot(sqe, fd, 0, 0, 0);
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = 0;
    name(sqe, RECV, fd);
}

static void send_first(int fd)
{
    uint16_t bid = peers[fd].first;
    struct io_uring_sqe *sqe = entry();
    /* MSG_WAITALL: the ring goes on after a short send by itself. */
    io_uring_prep_send(sqe, fd, memory + (size_t)bid * BUFFER, length[bid], MSG_WAITALL | MSG_NOSIGNAL);
    name(sqe, SEND, fd);
}

static void close_when_done(int fd)
{
    if (!peers[fd].ended || peers[fd].first != NONE)
        return;
    struct io_uring_sqe *sqe = entry();
    io_uring_prep_close(sqe, fd);
    name(sqe, NONE, fd);
    sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
}

static void give_back(uint16_t bid)
{
    io_uring_buf_ring_add(group, memory + (size_t)bid * BUFFER, BUFFER, bid, io_uring_buf_ring_mask(buffers), 0);
    io_uring_buf_ring_advance(group, 1);
    unused++;
    if (starving)
        arm_recv(starved[--starving]);
}

static void received(int fd, const struct io_uring_cqe *cqe)
{
    if (cqe->res > 0) {
        uint16_t bid = cqe->flags >> IORING_CQE_BUFFER_SHIFT;
        struct peer *peer = &peers[fd];
        unused--;
        length[bid] = cqe->res;
        next[bid] = NONE;
        if (peer->first == NONE) {
            peer->first = peer->last = bid;
            send_first(fd);
        } else {
            next[peer->last] = bid;
            peer->last = bid;
        }
        if (!(cqe->flags & IORING_CQE_F_MORE))
            arm_recv(fd);
    } else if (cqe->res == -ENOBUFS && unused) {
        arm_recv(fd); /* one has returned since the kernel looked */
    } else if (cqe->res == -ENOBUFS) {
        starved[starving++] = fd;
    } else {
        peers[fd].ended = 1;
        close_when_done(fd);
    }
}

static void sent(int fd)
{
    uint16_t bid = peers[fd].first;
    peers[fd].first = next[bid];
    give_back(bid);
    if (peers[fd].first != NONE)
        send_first(fd);
    else
        close_when_done(fd);
}

static int set_up(void)
{
    struct io_uring_params params = { .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN
                                               | IORING_SETUP_COOP_TASKRUN };
    int failed = io_uring_queue_init_params(ENTRIES, &ring, &params);
    if (failed)
        return failed;
    memory = mmap(0, (size_t)buffers * BUFFER, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    group = mmap(0, buffers * sizeof(struct io_uring_buf), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct io_uring_buf_reg reg = { .ring_addr = (uintptr_t)group, .ring_entries = buffers, .bgid = 0 };
    failed = io_uring_register_buf_ring(&ring, &reg, 0);
    for (int bid = 0; bid < buffers; bid++)
        io_uring_buf_ring_add(group, memory + (size_t)bid * BUFFER, BUFFER, bid, io_uring_buf_ring_mask(buffers), bid);
    io_uring_buf_ring_advance(group, buffers);
    unused = buffers;
    return failed;
}

int main(int argc, char **argv)
{
    if (argc != 4 || (buffers = atoi(argv[3])) < 1 || buffers > MOST_BUFFERS || buffers & (buffers - 1))
        return 2;
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                              .sin_port = htons(atoi(argv[2])) };
    socklen_t len = sizeof at;
    int on = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) || bind(listener, (void *)&at, len)
        || listen(listener, BACKLOG) || getsockname(listener, (void *)&at, &len)) {
        perror("uring floor");
        return 1;
    }
    int failed = set_up();
    if (failed) {
        fprintf(stderr, "uring floor: the ring: errno %d\n", -failed);
        return 4;
    }
    arm_accept(listener);
    printf("listening on 127.0.0.1:%d\n", ntohs(at.sin_port));
    fflush(stdout);
    for (;;) {
        struct io_uring_cqe *cqe;
        unsigned head, seen = 0;
        io_uring_submit_and_wait(&ring, 1);
        io_uring_for_each_cqe(&ring, head, cqe) {
            int what = cqe->user_data >> 32, fd = (int)(uint32_t)cqe->user_data;
            if (what == ACCEPT) {
                if (cqe->res >= 0 && cqe->res < MOST_PEERS) {
                    peers[cqe->res] = (struct peer){ .first = NONE };
                    arm_recv(cqe->res);
                }
                if (!(cqe->flags & IORING_CQE_F_MORE))
                    arm_accept(fd);
            } else if (what == RECV) {
                received(fd, cqe);
            } else if (what == SEND) {
                sent(fd);
            }
            seen++;
        }
        io_uring_cq_advance(&ring, seen);
    }
}
