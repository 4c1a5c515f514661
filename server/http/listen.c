#include "server/http/listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 1024

static void release_addresses(struct addrinfo **addresses)
{
    if (*addresses)
        freeaddrinfo(*addresses);
}

static int listen_error(const char *host, int port, struct error *error)
{
    switch (errno) {
    case EADDRINUSE:
        return error_set(error, errno, "port %d on %s is already in use", port, host);
    case EACCES:
    case EPERM:
        return error_set(error, errno, "no permission to listen on port %d of %s", port, host);
    case EADDRNOTAVAIL:
        return error_set(error, errno, "%s is no address of this machine", host);
    default:
        return error_errno(error, "cannot listen on port %d of %s", port, host);
    }
}

static void set_port(struct sockaddr *address, int port)
{
    if (address->sa_family == AF_INET6)
        ((struct sockaddr_in6 *)(void *)address)->sin6_port = htons((uint16_t)port);
    else
        ((struct sockaddr_in *)(void *)address)->sin_port = htons((uint16_t)port);
}

static int port_of(int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof(address);

    if (getsockname(fd, (struct sockaddr *)&address, &length) < 0)
        return -1;
    return ntohs(address.ss_family == AF_INET6
                     ? ((struct sockaddr_in6 *)(void *)&address)->sin6_port
                     : ((struct sockaddr_in *)(void *)&address)->sin_port);
}

/* -1 with errno. "::" takes IPv4 too; where both are named, each has its own socket. */
static int listen_on_address(struct addrinfo *address, int port)
{
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int yes = 1;
    int v6only;

    if (fd < 0)
        return -1;
    set_port(address->ai_addr, port);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    if (address->ai_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const void *)address->ai_addr;
        v6only = memcmp(&in6->sin6_addr, &in6addr_any, sizeof(in6addr_any)) != 0;
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only, sizeof(v6only));
    }
    if (bind(fd, address->ai_addr, address->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0) {
        int code = errno;
        close(fd);
        errno = code;
        return -1;
    }
    return fd;
}

static int look_up(const char *host, struct addrinfo **ret_addresses, struct error *error)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    int r = getaddrinfo(host, NULL, &hints, ret_addresses);

    if (r == EAI_SYSTEM)
        return error_errno(error, "cannot look up the host %s", host);
    if (r)
        return error_set(error, ENOENT, "unknown host %s: %s", host, gai_strerror(r));
    return 0;
}

/* A name whose IPv6 address this machine does not really have is no error as long as another
 * address of it can be had. */
static bool is_absent(int code)
{
    return code == EADDRNOTAVAIL || code == EAFNOSUPPORT;
}

int listen_on(const char *host, int port, int limit, int *ret_fds, int *ret_port,
              struct error *error)
{
    CLEANUP(release_addresses) struct addrinfo *addresses = NULL;
    int count = 0;
    int result = 0;

    if (port < 0 || port > 65535)
        return error_set(error, EINVAL, "%d is no port", port);
    if (look_up(host, &addresses, error) < 0)
        return -1;
    for (struct addrinfo *a = addresses; a && count < limit && result == 0; a = a->ai_next) {
        int fd = listen_on_address(a, port);
        if (fd < 0 && (!is_absent(errno) || (!a->ai_next && !count)))
            result = listen_error(host, port, error);
        if (fd < 0)
            continue;
        ret_fds[count++] = fd;
        if (!port)
            port = port_of(fd);
    }
    while (result < 0 && count > 0)
        close(ret_fds[--count]);
    if (result < 0)
        return -1;
    *ret_port = port;
    return count;
}
