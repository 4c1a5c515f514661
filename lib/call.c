/* One call of the API: its tries, and what comes of them. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <time.h>

#include <jansson.h>

#include "common/buf.h"
#include "lib/client.h"
#include "lib/errors.h"
#include "lib/transport.h"

#define DEFAULT_TIMEOUT 60.0 /* seconds; what the stock client has */
#define CONNECT_TIMEOUT 10.0
#define DEFAULT_RETRIES 5
#define LONGEST_PAUSE   60.0 /* between two tries, whatever Retry-After says */
#define LONGEST_POLL                                                                               \
    (1 << 30) /* milliseconds: whatever comes wakes a transfer, time limits too                    \
               */

/* One try of a call. */
struct attempt {
    struct buf body;
    struct fm_reply reply; /* its body is set at the end */
    double retry_after;    /* seconds; negative: not told */
};

/* ---- one try --------------------------------------------------------------------------------- */

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
    struct attempt *attempt = context;

    buf_add(&attempt->body, data, size * count);
    return attempt->body.failed ? 0 : size * count;
}

static void copy_value(char *to, size_t size, const char *value)
{
    if (strlen(value) < size)
        memcpy(to, value, strlen(value) + 1);
}

/* RFC 9110, 10.2.3: seconds or a date. */
static double parse_retry_after(const char *value)
{
    char *end;
    double seconds = strtod(value, &end);

    if (end != value && *end == '\0')
        return seconds;
    time_t date = curl_getdate(value, NULL);
    return date == -1 ? -1 : difftime(date, time(NULL));
}

static void take_header(struct attempt *attempt, const char *name, const char *value)
{
    if (strcasecmp(name, "etag") == 0)
        copy_value(attempt->reply.etag, sizeof(attempt->reply.etag), value);
    else if (strcasecmp(name, "retry-after") == 0)
        attempt->retry_after = parse_retry_after(value);
    else if (strcasecmp(name, "preference-applied") == 0 && strncmp(value, "wait=", 5) == 0)
        attempt->reply.wait = strtod(value + 5, NULL);
}

static size_t take_header_line(char *data, size_t size, size_t count, void *context)
{
    size_t length = size * count;
    char line[512];
    char *colon;

    if (length < sizeof(line)) {
        memcpy(line, data, length);
        line[length] = '\0';
        line[strcspn(line, "\r\n")] = '\0';
        colon = strchr(line, ':');
        if (colon) {
            *colon = '\0';
            take_header(context, line, colon + 1 + strspn(colon + 1, " \t"));
        }
    }
    return length;
}

/* The headers of a request; `ok` turns false when memory runs out. */
struct headers {
    struct curl_slist *list;
    bool ok;
};

static void add_header(struct headers *headers, const char *format, ...) PRINTF_LIKE(2, 3);
static void add_header(struct headers *headers, const char *format, ...)
{
    char *line = NULL;
    va_list args;

    va_start(args, format);
    int n = vasprintf(&line, format, args);
    va_end(args);
    struct curl_slist *longer = n < 0 ? NULL : curl_slist_append(headers->list, line);
    if (longer)
        headers->list = longer;
    else
        headers->ok = false;
    if (n >= 0)
        free(line);
}

static struct headers make_headers(struct fm_client *client, const char *body,
                                   const struct fm_call *call)
{
    struct headers headers = {.ok = true};

    add_header(&headers, "Expect:"); /* no 100-continue */
    if (body)
        add_header(&headers, "Content-Type: application/json");
    if (client->authorization)
        add_header(&headers, "%s", client->authorization);
    if (call->wait > 0)
        add_header(&headers, "Prefer: wait=%.0f", ceil(call->wait));
    if (call->if_none_match && *call->if_none_match)
        add_header(&headers, "If-None-Match: %s", call->if_none_match);
    if (call->lease && *call->lease)
        add_header(&headers, "Fermata-Lease: %s", call->lease);
    if (call->idempotency_key)
        add_header(&headers, "Idempotency-Key: %s", call->idempotency_key);
    pthread_mutex_lock(&client->lock);
    if (client->csrf_token) {
        add_header(&headers, "Prefect-Csrf-Token: %s", client->csrf_token);
        add_header(&headers, "Prefect-Csrf-Client: %s", client->csrf_client);
    }
    pthread_mutex_unlock(&client->lock);
    return headers;
}

static double time_limit(const struct fm_call *call)
{
    return (call->timeout > 0 ? call->timeout : DEFAULT_TIMEOUT) + ceil(call->wait);
}

/* In a function with `easy` and `r`: after the first option that fails no other is set. */
#define SET(option, value) (r = r == CURLE_OK ? curl_easy_setopt(easy, option, value) : r)

static CURLcode set_manners(const struct fm_client *client, CURL *easy, const struct fm_call *call)
{
    CURLcode r = CURLE_OK;

    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_USERAGENT, "fermata/" FERMATA_VERSION);
    SET(CURLOPT_ACCEPT_ENCODING, "");
    SET(CURLOPT_FOLLOWLOCATION, 1L);
    SET(CURLOPT_POSTREDIR, (long)CURL_REDIR_POST_ALL);
    SET(CURLOPT_MAXREDIRS, 5L);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)(CONNECT_TIMEOUT * 1000));
    SET(CURLOPT_TIMEOUT_MS, (long)(time_limit(call) * 1000));
    if (client->is_local)
        SET(CURLOPT_PROXY, "");
    return r;
}

static CURLcode set_request(CURL *easy, const char *method, const char *url, const char *body,
                            const struct headers *headers, struct attempt *attempt)
{
    const char *sent = !body && strcmp(method, "POST") == 0 ? "" : body;
    CURLcode r = CURLE_OK;

    if (sent) {
        SET(CURLOPT_POSTFIELDS, sent);
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(sent));
    }
    SET(CURLOPT_CUSTOMREQUEST, method);
    SET(CURLOPT_HTTPHEADER, headers->list);
    SET(CURLOPT_URL, url);
    SET(CURLOPT_WRITEFUNCTION, take_body);
    SET(CURLOPT_WRITEDATA, attempt);
    SET(CURLOPT_HEADERFUNCTION, take_header_line);
    SET(CURLOPT_HEADERDATA, attempt);
    return r;
}

/* Runs the transfer that is set up on the line; CURLE_ABORTED_BY_CALLBACK if it was interrupted. */
static CURLcode transfer(struct fm_client *client, struct line *line)
{
    CURLcode result = CURLE_OUT_OF_MEMORY;
    int running = 1;
    int left;

    if (curl_multi_add_handle(line->multi, line->easy) != CURLM_OK)
        return result;
    while (running) {
        if (client_is_interrupted(client)) {
            result = CURLE_ABORTED_BY_CALLBACK;
            break;
        }
        if (curl_multi_perform(line->multi, &running) != CURLM_OK)
            break;
        if (running && curl_multi_poll(line->multi, NULL, 0, LONGEST_POLL, NULL) != CURLM_OK)
            break;
    }
    const CURLMsg *message = curl_multi_info_read(line->multi, &left);
    if (message && message->msg == CURLMSG_DONE)
        result = message->data.result;
    curl_multi_remove_handle(line->multi, line->easy);
    return result;
}

static CURLcode try_once(struct fm_client *client, struct line *line, const char *method,
                         const char *path, const char *body, const struct fm_call *call,
                         struct attempt *attempt)
{
    CURLcode result = CURLE_OUT_OF_MEMORY;
    buf_auto url = BUF_INIT;
    long status = 0;

    buf_clear(&attempt->body);
    attempt->reply = (struct fm_reply){.wait = -1};
    attempt->retry_after = -1;
    buf_add_string(&url, client->url);
    buf_add_string(&url, path);
    struct headers headers = make_headers(client, body, call);
    if (headers.ok && !url.failed)
        result = set_manners(client, line->easy, call);
    if (result == CURLE_OK)
        result = set_request(line->easy, method, buf_string(&url), body, &headers, attempt);
    if (result == CURLE_OK)
        result = transfer(client, line);
    curl_slist_free_all(headers.list);
    if (result == CURLE_OK) {
        curl_easy_getinfo(line->easy, CURLINFO_RESPONSE_CODE, &status);
        attempt->reply.status = (int)status;
        pthread_mutex_lock(&client->lock);
        client->was_reached = true;
        pthread_mutex_unlock(&client->lock);
    }
    return result;
}

/* ---- trying again ---------------------------------------------------------------------------- */

/* Somebody has taken the connection; else what has timed out is the attempt to make one. */
static bool was_connected(CURL *easy)
{
    curl_off_t time = 0;

    return curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &time) == CURLE_OK && time > 0;
}

static bool may_be_tried_again(struct fm_client *client, CURL *easy, CURLcode result, int status)
{
    pthread_mutex_lock(&client->lock);
    bool was_reached = client->was_reached;
    pthread_mutex_unlock(&client->lock);
    switch (result) {
    case CURLE_OK:
        return status == 408 || status == 429 || status == 502 || status == 503;
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
        return was_reached;
    case CURLE_OPERATION_TIMEDOUT:
        return was_reached || was_connected(easy);
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
        return true;
    default:
        return false;
    }
}

/* 2, 4, 8, ... seconds or what the server asks for, and up to a fifth more or less. */
static double pause_before(int retry, double retry_after)
{
    double pause = retry_after >= 0 ? retry_after : exp2(retry);
    uint16_t random = 0x8000;

    if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
        random = 0x8000;
    pause = pause < LONGEST_PAUSE ? pause : LONGEST_PAUSE;
    return pause * (0.8 + 0.4 * random / 0xffff);
}

static int transport_error(struct fm_client *client, CURL *easy, CURLcode result,
                           const struct fm_call *call, struct fm_error *error)
{
    long number = 0;

    switch (result) {
    case CURLE_OUT_OF_MEMORY:
        return fail_without_memory(error);
    case CURLE_ABORTED_BY_CALLBACK:
        return fail(error, FM_CANCELLED, "the call was interrupted");
    case CURLE_WRITE_ERROR:
        return fail(error, FM_FAILED, "the answer of %s is too long, or there is no memory for it",
                    client->shown_url);
    case CURLE_COULDNT_CONNECT:
        curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &number);
        return fail(error, FM_UNREACHABLE, "cannot reach %s: %s; is `fermata server` running?",
                    client->shown_url, number ? strerror((int)number) : "no connection");
    case CURLE_COULDNT_RESOLVE_HOST:
        return fail(error, FM_UNREACHABLE, "cannot reach %s: nobody knows this host",
                    client->shown_url);
    case CURLE_OPERATION_TIMEDOUT:
        return fail(
            error, FM_UNREACHABLE, "%s did not answer within %.0f seconds", client->shown_url,
            was_connected(easy) ? time_limit(call) : fmin(time_limit(call), CONNECT_TIMEOUT));
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
        return fail(error, FM_UNREACHABLE, "the connection to %s was lost", client->shown_url);
    default:
        return fail(error, FM_UNREACHABLE, "cannot reach %s: %s", client->shown_url,
                    curl_easy_strerror(result));
    }
}

/* ---- CSRF tokens ----------------------------------------------------------------------------- */

static bool asks_for_token(const struct attempt *attempt)
{
    return attempt->reply.status == 403 && strstr(buf_string(&attempt->body), "CSRF");
}

static void keep_token(struct fm_client *client, const char *csrf_client, const char *body)
{
    json_t *root = json_loads(body, 0, NULL);
    const char *token = json_string_value(json_object_get(root, "token"));
    char *copy = token ? strdup(token) : NULL;

    if (copy) {
        pthread_mutex_lock(&client->lock);
        free(client->csrf_token);
        client->csrf_token = copy;
        memcpy(client->csrf_client, csrf_client, ID_SIZE);
        pthread_mutex_unlock(&client->lock);
    }
    json_decref(root);
}

/* A server that protects its writes says so by refusing the first one. */
static void fetch_token(struct fm_client *client, struct line *line)
{
    struct attempt attempt = {.retry_after = -1};
    const struct fm_call call = {0};
    char csrf_client[ID_SIZE];
    char path[sizeof("/csrf-token?client=") + ID_SIZE];

    id_random(csrf_client);
    snprintf(path, sizeof(path), "/csrf-token?client=%s", csrf_client);
    curl_easy_reset(line->easy);
    if (try_once(client, line, "GET", path, NULL, &call, &attempt) == CURLE_OK &&
        attempt.reply.status == 200)
        keep_token(client, csrf_client, buf_string(&attempt.body));
    curl_easy_reset(line->easy);
    buf_release(&attempt.body);
}

/* ---- a call ---------------------------------------------------------------------------------- */

static CURLcode try_until_done(struct fm_client *client, struct line *line, const char *method,
                               const char *path, const char *body, const struct fm_call *call,
                               struct attempt *attempt)
{
    int retries = call->retries ? call->retries : DEFAULT_RETRIES;
    bool token_fetched = false;
    CURLcode result;

    for (int retry = 1;; retry++) {
        result = try_once(client, line, method, path, body, call, attempt);
        if (result == CURLE_OK && asks_for_token(attempt) && !token_fetched) {
            token_fetched = true;
            fetch_token(client, line);
            result = try_once(client, line, method, path, body, call, attempt);
        }
        if (retry > retries ||
            !may_be_tried_again(client, line->easy, result, attempt->reply.status))
            return result;
        client_sleep(client, pause_before(retry, attempt->retry_after));
        curl_easy_reset(line->easy);
    }
}

int fm_client_call_with(struct fm_client *client, const char *method, const char *path,
                        const char *body, const struct fm_call *call, struct fm_reply *ret_reply,
                        struct fm_error *error)
{
    struct attempt attempt = {.retry_after = -1};
    struct line *line = line_take(client);
    int r = 0;

    if (!line)
        return fail_without_memory(error);
    CURLcode result = try_until_done(client, line, method, path, body, call, &attempt);
    if (result != CURLE_OK) {
        r = transport_error(client, line->easy, result, call, error);
    } else {
        attempt.reply.length = attempt.body.length;
        attempt.reply.body = buf_steal(&attempt.body);
        if (attempt.reply.body)
            *ret_reply = attempt.reply;
        else
            r = fail_without_memory(error);
    }
    line_give_back(client, line);
    buf_release(&attempt.body);
    return r;
}

void fm_reply_release(struct fm_reply *reply)
{
    free(reply->body);
    reply->body = NULL;
    reply->length = 0;
}
