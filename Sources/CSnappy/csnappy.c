#include "csnappy.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

#if defined(__APPLE__)
static const char *const names[] = {
    "libsnappy.1.dylib", "/opt/homebrew/opt/snappy/lib/libsnappy.1.dylib",
    "/usr/local/opt/snappy/lib/libsnappy.1.dylib"};
#else
static const char *const names[] = {"libsnappy.so.1", "libsnappy.so"};
#endif

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool loaded = false;
static char failure[256];

// Declared here and not taken from snappy-c.h, so that building needs no snappy header. The C
// interface returns 0 for success and has not changed since it was introduced.
static int (*compress_block)(const char *, size_t, char *, size_t *);
static int (*uncompress_block)(const char *, size_t, char *, size_t *);
static size_t (*max_length)(size_t);
static int (*uncompressed_length)(const char *, size_t, size_t *);

static void load(void) {
  void *library = NULL;
  for (size_t i = 0; library == NULL && i < sizeof names / sizeof names[0]; i++) {
    library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
  }
  if (library == NULL) {
    snprintf(failure, sizeof failure,
             "libsnappy is not installed (looked for %s): install libsnappy1v5 (Debian, Ubuntu), libsnappy1 (openSUSE) or "
             "snappy (Fedora, Alpine)",
             names[0]);
    return;
  }
  *(void **)&compress_block = dlsym(library, "snappy_compress");
  *(void **)&uncompress_block = dlsym(library, "snappy_uncompress");
  *(void **)&max_length = dlsym(library, "snappy_max_compressed_length");
  *(void **)&uncompressed_length = dlsym(library, "snappy_uncompressed_length");
  loaded = compress_block != NULL && uncompress_block != NULL && max_length != NULL && uncompressed_length != NULL;
  if (!loaded) snprintf(failure, sizeof failure, "libsnappy has no C interface");
}

bool csnappy_load(void) {
  pthread_once(&once, load);
  return loaded;
}

const char *csnappy_load_error(void) { return csnappy_load() ? NULL : failure; }

size_t csnappy_max_length(size_t length) { return max_length(length); }

size_t csnappy_compress(const void *input, size_t length, void *output, size_t capacity) {
  size_t written = capacity;
  return compress_block(input, length, output, &written) == 0 ? written : 0;
}

bool csnappy_uncompressed_length(const void *input, size_t length, size_t *result) {
  return uncompressed_length(input, length, result) == 0;
}

bool csnappy_uncompress(const void *input, size_t length, void *output, size_t capacity) {
  size_t written = capacity;
  return uncompress_block(input, length, output, &written) == 0;
}
