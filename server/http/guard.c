#include "server/http/guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define NAME_SIZE 256 /* RFC 1035, 2.3.4, with the closing NUL */

struct address {
    int family; /* 0: it is a name */
    unsigned char bytes[sizeof(struct in6_addr)];
};

static struct address address_of(const char *name)
{
    struct address address = {0};

    if (inet_pton(AF_INET, name, address.bytes) == 1)
        address.family = AF_INET;
    else if (inet_pton(AF_INET6, name, address.bytes) == 1)
        address.family = AF_INET6;
    return address;
}

/* Takes the name out of "name", "name:port" or "[address]:port". */
static bool split_authority(const char *authority, char ret_name[static NAME_SIZE])
{
    bool in_brackets = *authority == '[';
    const char *name = authority + in_brackets;
    size_t length = strcspn(name, in_brackets ? "]" : ":");
    const char *rest = name + length;

    if (in_brackets && *rest++ != ']')
        return false;
    if (*rest && (*rest != ':' || rest[1 + strspn(rest + 1, "0123456789")]))
        return false;
    for (size_t i = 0; i < length; i++)
        if (name[i] <= ' ' || name[i] > '~' || strchr("\"'<>/\\@?#,;", name[i]))
            return false;
    if (!in_brackets && length > 1 && name[length - 1] == '.')
        length--; /* the root of all names may be written out */
    if (!length || length >= NAME_SIZE)
        return false;
    memcpy(ret_name, name, length);
    ret_name[length] = '\0';
    return !in_brackets || address_of(ret_name).family == AF_INET6;
}

static bool same_name(const char *a, const char *b)
{
    struct address x = address_of(a);
    struct address y = address_of(b);

    if (x.family || y.family)
        return memcmp(&x, &y, sizeof(x)) == 0;
    return strcasecmp(a, b) == 0;
}

static bool is_loopback(const char *name)
{
    struct address address = address_of(name);
    size_t length = strlen(name);

    if (address.family == AF_INET)
        return address.bytes[0] == 127;
    if (address.family == AF_INET6)
        return memcmp(address.bytes, &in6addr_loopback, sizeof(in6addr_loopback)) == 0;
    return strcasecmp(name, "localhost") == 0 ||
           (length > 10 && strcasecmp(name + length - 10, ".localhost") == 0);
}

static bool is_allowed(const struct http_config *config, const char *name)
{
    if (is_loopback(name) || same_name(name, config->host))
        return true;
    for (const char *const *host = config->allowed_hosts; host && *host; host++)
        if (strcmp(*host, "*") == 0 || same_name(name, *host))
            return true;
    return false;
}

/* A server that listens everywhere is asked for by whatever address it has. An address in Host
 * cannot be the work of a DNS server. */
static bool host_is_allowed(const struct http_config *config, const char *name)
{
    struct address host = address_of(config->host);
    static const struct address nowhere;
    bool everywhere = host.family && memcmp(host.bytes, nowhere.bytes, sizeof(nowhere.bytes)) == 0;

    return is_allowed(config, name) || (everywhere && address_of(name).family);
}

static int check_host(const struct http_config *config, const char *host, struct refusal *refusal)
{
    char name[NAME_SIZE];

    if (!split_authority(host, name))
        return refuse(refusal, 400, "The header Host is no host name with or without a port");
    if (!host_is_allowed(config, name))
        return refuse(refusal, 403,
                      "The server is not known as \"%.100s\". If it should be, add that name to "
                      "its setting allowed_hosts",
                      name);
    return 0;
}

/* A page that came from this server may have come from any name of it: its Origin is its Host. */
static int check_origin(const struct http_config *config, const struct head *head,
                        struct refusal *refusal)
{
    const char *authority = strstr(head->origin, "://");
    char name[NAME_SIZE];

    if (authority && split_authority(authority + 3, name) &&
        (is_allowed(config, name) || (head->host && strcasecmp(authority + 3, head->host) == 0)))
        return 0;
    for (const char *const *host = config->allowed_hosts; host && *host; host++)
        if (strcmp(*host, "*") == 0)
            return 0;
    return refuse(refusal, 403,
                  "Pages from \"%.100s\" may not use this server. If they should, add their host "
                  "to its setting allowed_hosts",
                  authority && split_authority(authority + 3, name) ? name : "null");
}

int guard_check(const struct http_config *config, const struct head *head,
                struct refusal *ret_refusal)
{
    if (head->host && check_host(config, head->host, ret_refusal) < 0)
        return -1;
    if (head->authority && check_host(config, head->authority, ret_refusal) < 0)
        return -1;
    return head->origin ? check_origin(config, head, ret_refusal) : 0;
}
