// libcurl, loaded at first use instead of linked.
//
// Linking libcurl pulls in some forty shared libraries and costs every start of the program about
// 6 ms, also for commands that never open a connection. So only the header is used at build time;
// the library itself is opened with dlopen by the first ccurl_load, from any thread.
//
// Every function below except ccurl_load and ccurl_load_error requires that ccurl_load returned
// true. curl's variadic functions get one wrapper per argument type, because Swift cannot call them.
#pragma once

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

/// Receives `size * count` bytes; returns how many were taken. Fewer ends the transfer.
typedef size_t (*ccurl_data_function)(char *data, size_t size, size_t count, void *context);
/// Fills at most `size * count` bytes of a request body; returns how many, 0 at the end.
typedef size_t (*ccurl_read_function)(char *data, size_t size, size_t count, void *context);
/// Moves the request body to `offset`; returns a CURL_SEEKFUNC_ value.
typedef int (*ccurl_seek_function)(void *context, curl_off_t offset, int origin);

/// A socket was made; returns CURL_SOCKOPT_OK.
typedef int (*ccurl_open_function)(void *context, curl_socket_t socket, curlsocktype purpose);
/// Closes a socket; returns 0.
typedef int (*ccurl_close_function)(void *context, curl_socket_t socket);

/// Loads libcurl if that has not happened; false when no usable library was found.
bool ccurl_load(void);
/// Why loading failed, or NULL. The text lives as long as the process.
const char *ccurl_load_error(void);

/// The version of the loaded library, such as "7.88.1".
const char *ccurl_version(void);
/// The same as a number: 0x075801 for 7.88.1.
unsigned int ccurl_version_number(void);
/// Whether the loaded library speaks HTTP/2.
bool ccurl_has_http2(void);

CURL *ccurl_easy_new(void);
void ccurl_easy_free(CURL *handle);
/// Forgets all options; keeps connections, the DNS cache and TLS sessions.
void ccurl_easy_reset(CURL *handle);

CURLcode ccurl_set_long(CURL *handle, CURLoption option, long value);
CURLcode ccurl_set_offset(CURL *handle, CURLoption option, curl_off_t value);
/// curl copies the string, except for CURLOPT_POSTFIELDS.
CURLcode ccurl_set_string(CURL *handle, CURLoption option, const char *value);
CURLcode ccurl_set_pointer(CURL *handle, CURLoption option, void *value);
/// The list must live until the handle is reset or freed.
CURLcode ccurl_set_list(CURL *handle, CURLoption option, struct curl_slist *list);
CURLcode ccurl_set_write(CURL *handle, ccurl_data_function function, void *context);
CURLcode ccurl_set_header(CURL *handle, ccurl_data_function function, void *context);
/// A connection keeps `context`, which must live until the handle and its multi handle are freed.
CURLcode ccurl_set_sockets(CURL *handle, ccurl_open_function opened, ccurl_close_function closed, void *context);
CURLcode ccurl_set_read(CURL *handle, ccurl_read_function read, ccurl_seek_function seek, void *context);

/// Zero or NULL when curl does not know the value.
long ccurl_get_long(CURL *handle, CURLINFO info);
curl_off_t ccurl_get_offset(CURL *handle, CURLINFO info);
const char *ccurl_get_string(CURL *handle, CURLINFO info);

/// NULL when there is no memory; the old list is then still valid.
struct curl_slist *ccurl_list_append(struct curl_slist *list, const char *value);
void ccurl_list_free(struct curl_slist *list);

CURLM *ccurl_multi_new(void);
void ccurl_multi_free(CURLM *multi);
CURLMcode ccurl_multi_set_long(CURLM *multi, CURLMoption option, long value);
CURLMcode ccurl_multi_add(CURLM *multi, CURL *handle);
CURLMcode ccurl_multi_remove(CURLM *multi, CURL *handle);
CURLMcode ccurl_multi_perform(CURLM *multi, int *running);
CURLMcode ccurl_multi_poll(CURLM *multi, int milliseconds);
/// Ends a ccurl_multi_poll early; may be called from another thread.
CURLMcode ccurl_multi_wakeup(CURLM *multi);
/// The next transfer that ended, or NULL; its result goes to `result`.
CURL *ccurl_multi_done(CURLM *multi, CURLcode *result);

/// curl's words for a result.
const char *ccurl_error_text(CURLcode code);
