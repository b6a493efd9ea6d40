/* What getsockopt(2) answers, decoded by C's own structs: the judge of tests/truth.rs.
 *
 * Standard input is a seqpacket socket. Each message is a question with the descriptor as SCM_RIGHTS; each answer is
 * "errno N" or "ok TEXT", where TEXT is the value in the form that the test puts its own into. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <linux/in6.h>
#include <linux/net_tstamp.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>

struct question { int level, name, len; char kind[32]; };

static unsigned char value[1 << 19];
static char text[1 << 20];
static size_t used;

#define SAY(...) (used += (size_t)snprintf(text + used, sizeof text - used, __VA_ARGS__))
#define IS(word) (strcmp(kind, word) == 0)
/* A field that the kernel has filled in. */
#define FIELD(s, member, name) \
    if (offsetof(struct s, member) + sizeof ((struct s *)0)->member <= len) \
        SAY(name "=%lld ", (long long)((struct s *)value)->member)
#define TCP(name) FIELD(tcp_info, tcpi_##name, #name)
#define MEM(index, name) if ((index + 1) * 4 <= len) SAY(name "=%u ", ((uint32_t *)value)[index])

static void hex(size_t len) {
    for (size_t i = 0; i < len; i++) SAY("%02x", value[i]);
}

static void tcp_info(size_t len) {
    TCP(state); TCP(ca_state); TCP(retransmits); TCP(probes); TCP(backoff); TCP(options); TCP(rto); TCP(ato);
    TCP(snd_mss); TCP(rcv_mss); TCP(unacked); TCP(sacked); TCP(lost); TCP(retrans); TCP(fackets); TCP(pmtu);
    TCP(rcv_ssthresh); TCP(rtt); TCP(rttvar); TCP(snd_ssthresh); TCP(snd_cwnd); TCP(advmss); TCP(reordering);
    TCP(rcv_rtt); TCP(rcv_space); TCP(total_retrans); TCP(bytes_acked); TCP(bytes_received); TCP(segs_out);
    TCP(segs_in); TCP(notsent_bytes); TCP(min_rtt); TCP(data_segs_in); TCP(data_segs_out); TCP(delivered);
    TCP(delivered_ce); TCP(bytes_sent); TCP(bytes_retrans); TCP(dsack_dups); TCP(reord_seen); TCP(rcv_ooopack);
    TCP(snd_wnd);
    SAY("snd_wscale=%u rcv_wscale=%u ", ((struct tcp_info *)value)->tcpi_snd_wscale,
        ((struct tcp_info *)value)->tcpi_rcv_wscale);
}

static void structure(const char *kind, size_t len) {
    if (IS("linger")) { FIELD(linger, l_onoff, "onoff"); FIELD(linger, l_linger, "linger"); }
    else if (IS("timeval")) { FIELD(timeval, tv_sec, "tv_sec"); FIELD(timeval, tv_usec, "tv_usec"); }
    else if (IS("ucred")) { FIELD(ucred, pid, "pid"); FIELD(ucred, uid, "uid"); FIELD(ucred, gid, "gid"); }
    else if (IS("sock_txtime")) { FIELD(sock_txtime, clockid, "clockid"); FIELD(sock_txtime, flags, "flags"); }
    else if (IS("meminfo")) {
        MEM(SK_MEMINFO_RMEM_ALLOC, "rmem_alloc"); MEM(SK_MEMINFO_RCVBUF, "rcvbuf");
        MEM(SK_MEMINFO_WMEM_ALLOC, "wmem_alloc"); MEM(SK_MEMINFO_SNDBUF, "sndbuf");
        MEM(SK_MEMINFO_FWD_ALLOC, "fwd_alloc"); MEM(SK_MEMINFO_WMEM_QUEUED, "wmem_queued");
        MEM(SK_MEMINFO_OPTMEM, "optmem"); MEM(SK_MEMINFO_BACKLOG, "backlog"); MEM(SK_MEMINFO_DROPS, "drops");
    }
    else if (IS("tcp_info")) tcp_info(len);
    else { SAY("raw "); hex(len); }
}

static void tell(const char *kind, size_t len) {
    int word = len >= sizeof word ? *(int *)value : len ? value[0] : 0;
    if (IS("flag")) SAY("%s", word ? "true" : "false");
    else if (IS("int")) SAY("%d", word);
    else if (IS("unsigned")) SAY("%u", (unsigned)word);
    else if (IS("be")) SAY("%u", ntohl((uint32_t)word));
    else if (IS("u64")) SAY("%llu", *(unsigned long long *)value);
    else if (IS("ports")) SAY("%u-%u", (unsigned)word & 0xffff, (unsigned)word >> 16);
    else if (IS("text")) SAY("%.*s", (int)strnlen((char *)value, len), value);
    else if (IS("address")) { char at[64]; SAY("%s", inet_ntop(AF_INET, value, at, sizeof at)); }
    else if (IS("words")) {
        SAY("[");
        for (size_t i = 0; i + 4 <= len; i += 4) SAY("%s%u", i ? ", " : "", *(uint32_t *)(value + i));
        SAY("]");
    }
    else if (IS("hex")) hex(len);
    /* SO_GET_FILTER answers in instructions. */
    else if (IS("filter")) hex(len * 8);
    else structure(kind, len);
}

int main(void) {
    for (;;) {
        struct question asked;
        union { struct cmsghdr align; char room[CMSG_SPACE(sizeof(int))]; } control;
        struct iovec into = { &asked, sizeof asked };
        struct msghdr message = { .msg_iov = &into, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
        if (recvmsg(0, &message, 0) != (ssize_t)sizeof asked) return 0;
        int fd;
        memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
        memset(value, 0, (size_t)asked.len);
        socklen_t len = (socklen_t)asked.len;
        used = 0;
        if (getsockopt(fd, asked.level, asked.name, value, &len) == -1) SAY("errno %d", errno);
        else { SAY("ok "); tell(asked.kind, len < (socklen_t)asked.len ? len : (socklen_t)asked.len); }
        close(fd);
        if (send(0, text, used, MSG_NOSIGNAL) < 0) return 1;
    }
}
