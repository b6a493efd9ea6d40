// asio's own shape of an echo server: a session object per connection, async_read_some and async_write in turns,
// one thread. 64 KiB per session.    asio PORT   (0: the kernel picks; the ready line says it)
#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#if __has_include(<asio.hpp>)
#include <asio.hpp>
using error_code = asio::error_code;
#else
#include <boost/asio.hpp>
namespace asio = boost::asio;
using error_code = boost::system::error_code;
#endif
using asio::ip::tcp;

struct Session : std::enable_shared_from_this<Session> {
    explicit Session(tcp::socket s) : socket(std::move(s)) {}
    void read()
    {
        auto self = shared_from_this();
        socket.async_read_some(asio::buffer(data), [self](error_code failed, std::size_t n) {
            if (!failed)
                self->write(n);
        });
    }
    void write(std::size_t n)
    {
        auto self = shared_from_this();
        asio::async_write(socket, asio::buffer(data, n), [self](error_code failed, std::size_t) {
            if (!failed)
                self->read();
        });
    }
    tcp::socket socket;
    std::array<char, 65536> data;
};

static void accept(tcp::acceptor &acceptor)
{
    acceptor.async_accept([&](error_code failed, tcp::socket socket) {
        if (!failed)
            std::make_shared<Session>(std::move(socket))->read();
        accept(acceptor);
    });
}

int main(int argc, char **argv)
{
    asio::io_context context(1);
    auto port = static_cast<unsigned short>(argc > 1 ? std::atoi(argv[1]) : 0);
    tcp::acceptor acceptor(context, tcp::endpoint(asio::ip::address_v4::loopback(), port));
    std::printf("listening on 127.0.0.1:%d\n", static_cast<int>(acceptor.local_endpoint().port()));
    std::fflush(stdout);
    accept(acceptor);
    context.run();
}
