// The type checks of curl's headers wrap the variadic functions in macros; here they are only types.
#define CURL_DISABLE_TYPECHECK
#include "ccurl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

#if defined(__APPLE__)
static const char *const names[] = {
    "libcurl.4.dylib", "/usr/lib/libcurl.4.dylib", "/opt/homebrew/opt/curl/lib/libcurl.4.dylib",
    "/usr/local/opt/curl/lib/libcurl.4.dylib"};
#else
// Debian and its children ship curl built against OpenSSL, GnuTLS or NSS under different names.
static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4", "libcurl-nss.so.4", "libcurl.so"};
#endif

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool loaded = false;
static char failure[256];

static struct {
  __typeof__(&curl_global_init) global_init;
  __typeof__(&curl_version_info) version_info;
  __typeof__(&curl_easy_init) easy_init;
  __typeof__(&curl_easy_cleanup) easy_cleanup;
  __typeof__(&curl_easy_reset) easy_reset;
  __typeof__(&curl_easy_setopt) easy_setopt;
  __typeof__(&curl_easy_getinfo) easy_getinfo;
  __typeof__(&curl_easy_strerror) easy_strerror;
  __typeof__(&curl_slist_append) slist_append;
  __typeof__(&curl_slist_free_all) slist_free_all;
  __typeof__(&curl_multi_init) multi_init;
  __typeof__(&curl_multi_cleanup) multi_cleanup;
  __typeof__(&curl_multi_setopt) multi_setopt;
  __typeof__(&curl_multi_add_handle) multi_add_handle;
  __typeof__(&curl_multi_remove_handle) multi_remove_handle;
  __typeof__(&curl_multi_perform) multi_perform;
  __typeof__(&curl_multi_poll) multi_poll;
  __typeof__(&curl_multi_wakeup) multi_wakeup;
  __typeof__(&curl_multi_info_read) multi_info_read;
} api;

static bool resolve(void *library, const char *name, void **target) {
  *target = dlsym(library, name);
  if (*target == NULL) snprintf(failure, sizeof failure, "libcurl is too old: it has no %s (7.68 is needed)", name);
  return *target != NULL;
}

static bool resolve_all(void *library) {
  const struct {
    const char *name;
    void **target;
  } symbols[] = {
      {"curl_global_init", (void **)&api.global_init},
      {"curl_version_info", (void **)&api.version_info},
      {"curl_easy_init", (void **)&api.easy_init},
      {"curl_easy_cleanup", (void **)&api.easy_cleanup},
      {"curl_easy_reset", (void **)&api.easy_reset},
      {"curl_easy_setopt", (void **)&api.easy_setopt},
      {"curl_easy_getinfo", (void **)&api.easy_getinfo},
      {"curl_easy_strerror", (void **)&api.easy_strerror},
      {"curl_slist_append", (void **)&api.slist_append},
      {"curl_slist_free_all", (void **)&api.slist_free_all},
      {"curl_multi_init", (void **)&api.multi_init},
      {"curl_multi_cleanup", (void **)&api.multi_cleanup},
      {"curl_multi_setopt", (void **)&api.multi_setopt},
      {"curl_multi_add_handle", (void **)&api.multi_add_handle},
      {"curl_multi_remove_handle", (void **)&api.multi_remove_handle},
      {"curl_multi_perform", (void **)&api.multi_perform},
      {"curl_multi_poll", (void **)&api.multi_poll},
      {"curl_multi_wakeup", (void **)&api.multi_wakeup},
      {"curl_multi_info_read", (void **)&api.multi_info_read},
  };
  for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++) {
    if (!resolve(library, symbols[i].name, symbols[i].target)) return false;
  }
  return true;
}

static void load(void) {
  void *library = NULL;
  for (size_t i = 0; library == NULL && i < sizeof names / sizeof names[0]; i++) {
    library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
  }
  if (library == NULL) {
    snprintf(failure, sizeof failure,
             "libcurl is not installed (looked for %s): install libcurl4 (Debian, Ubuntu, openSUSE) or libcurl (Fedora, "
             "Alpine)",
             names[0]);
    return;
  }
  // The library stays open for the life of the process: closing it would pull code from under
  // threads it may have started.
  if (!resolve_all(library)) return;
  if (api.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    snprintf(failure, sizeof failure, "libcurl could not be initialised");
    return;
  }
  loaded = true;
}

bool ccurl_load(void) {
  pthread_once(&once, load);
  return loaded;
}

const char *ccurl_load_error(void) { return ccurl_load() ? NULL : failure; }

const char *ccurl_version(void) { return api.version_info(CURLVERSION_NOW)->version; }

unsigned int ccurl_version_number(void) { return api.version_info(CURLVERSION_NOW)->version_num; }

bool ccurl_has_http2(void) { return (api.version_info(CURLVERSION_NOW)->features & CURL_VERSION_HTTP2) != 0; }

CURL *ccurl_easy_new(void) { return api.easy_init(); }

void ccurl_easy_free(CURL *handle) { api.easy_cleanup(handle); }

void ccurl_easy_reset(CURL *handle) { api.easy_reset(handle); }

CURLcode ccurl_set_long(CURL *handle, CURLoption option, long value) {
  return api.easy_setopt(handle, option, value);
}

CURLcode ccurl_set_offset(CURL *handle, CURLoption option, curl_off_t value) {
  return api.easy_setopt(handle, option, value);
}

CURLcode ccurl_set_string(CURL *handle, CURLoption option, const char *value) {
  return api.easy_setopt(handle, option, value);
}

CURLcode ccurl_set_pointer(CURL *handle, CURLoption option, void *value) {
  return api.easy_setopt(handle, option, value);
}

CURLcode ccurl_set_list(CURL *handle, CURLoption option, struct curl_slist *list) {
  return api.easy_setopt(handle, option, list);
}

CURLcode ccurl_set_write(CURL *handle, ccurl_data_function function, void *context) {
  CURLcode code = api.easy_setopt(handle, CURLOPT_WRITEFUNCTION, function);
  return code != CURLE_OK ? code : api.easy_setopt(handle, CURLOPT_WRITEDATA, context);
}

CURLcode ccurl_set_sockets(CURL *handle, ccurl_open_function opened, ccurl_close_function closed, void *context) {
  api.easy_setopt(handle, CURLOPT_SOCKOPTFUNCTION, opened);
  api.easy_setopt(handle, CURLOPT_SOCKOPTDATA, context);
  api.easy_setopt(handle, CURLOPT_CLOSESOCKETFUNCTION, closed);
  return api.easy_setopt(handle, CURLOPT_CLOSESOCKETDATA, context);
}

CURLcode ccurl_set_header(CURL *handle, ccurl_data_function function, void *context) {
  CURLcode code = api.easy_setopt(handle, CURLOPT_HEADERFUNCTION, function);
  return code != CURLE_OK ? code : api.easy_setopt(handle, CURLOPT_HEADERDATA, context);
}

CURLcode ccurl_set_read(CURL *handle, ccurl_read_function read, ccurl_seek_function seek, void *context) {
  CURLcode code = api.easy_setopt(handle, CURLOPT_READFUNCTION, read);
  if (code == CURLE_OK) code = api.easy_setopt(handle, CURLOPT_READDATA, context);
  if (code == CURLE_OK) code = api.easy_setopt(handle, CURLOPT_SEEKFUNCTION, seek);
  return code != CURLE_OK ? code : api.easy_setopt(handle, CURLOPT_SEEKDATA, context);
}

long ccurl_get_long(CURL *handle, CURLINFO info) {
  long value = 0;
  return api.easy_getinfo(handle, info, &value) == CURLE_OK ? value : 0;
}

curl_off_t ccurl_get_offset(CURL *handle, CURLINFO info) {
  curl_off_t value = 0;
  return api.easy_getinfo(handle, info, &value) == CURLE_OK ? value : 0;
}

const char *ccurl_get_string(CURL *handle, CURLINFO info) {
  char *value = NULL;
  return api.easy_getinfo(handle, info, &value) == CURLE_OK ? value : NULL;
}

struct curl_slist *ccurl_list_append(struct curl_slist *list, const char *value) {
  return api.slist_append(list, value);
}

void ccurl_list_free(struct curl_slist *list) { api.slist_free_all(list); }

CURLM *ccurl_multi_new(void) { return api.multi_init(); }

void ccurl_multi_free(CURLM *multi) { api.multi_cleanup(multi); }

CURLMcode ccurl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
  return api.multi_setopt(multi, option, value);
}

CURLMcode ccurl_multi_add(CURLM *multi, CURL *handle) { return api.multi_add_handle(multi, handle); }

CURLMcode ccurl_multi_remove(CURLM *multi, CURL *handle) { return api.multi_remove_handle(multi, handle); }

CURLMcode ccurl_multi_perform(CURLM *multi, int *running) { return api.multi_perform(multi, running); }

CURLMcode ccurl_multi_poll(CURLM *multi, int milliseconds) {
  return api.multi_poll(multi, NULL, 0, milliseconds, NULL);
}

CURLMcode ccurl_multi_wakeup(CURLM *multi) { return api.multi_wakeup(multi); }

CURL *ccurl_multi_done(CURLM *multi, CURLcode *result) {
  int left = 0;
  for (CURLMsg *message; (message = api.multi_info_read(multi, &left)) != NULL;) {
    if (message->msg != CURLMSG_DONE) continue;
    *result = message->data.result;
    return message->easy_handle;
  }
  return NULL;
}

const char *ccurl_error_text(CURLcode code) { return api.easy_strerror(code); }
