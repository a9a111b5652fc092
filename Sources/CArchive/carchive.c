#include "carchive.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

// Declared here and not taken from bzlib.h and lzma.h, so that building needs no headers. Both
// interfaces are stable: the sonames below stand for them.
typedef struct {
  char *next_in;
  unsigned int avail_in;
  unsigned int total_in_lo32;
  unsigned int total_in_hi32;
  char *next_out;
  unsigned int avail_out;
  unsigned int total_out_lo32;
  unsigned int total_out_hi32;
  void *state;
  void *(*bzalloc)(void *, int, int);
  void (*bzfree)(void *, void *);
  void *opaque;
} bz_stream;

typedef struct {
  const uint8_t *next_in;
  size_t avail_in;
  uint64_t total_in;
  uint8_t *next_out;
  size_t avail_out;
  uint64_t total_out;
  const void *allocator;
  void *internal;
  void *reserved_ptr[4];
  uint64_t seek_pos;
  uint64_t reserved_int2;
  size_t reserved_int3;
  size_t reserved_int4;
  int reserved_enum1;
  int reserved_enum2;
} lzma_stream;

static int (*bz_init)(bz_stream *, int, int);
static int (*bz_run)(bz_stream *);
static int (*bz_end)(bz_stream *);
static int (*xz_init)(lzma_stream *, uint64_t, uint32_t);
static int (*xz_run)(lzma_stream *, int);
static void (*xz_end)(lzma_stream *);
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void *open_first(const char *const *names) {
  void *library = NULL;
  for (; *names != NULL && library == NULL; names++) library = dlopen(*names, RTLD_NOW | RTLD_LOCAL);
  return library;
}

static void load(void) {
#if defined(__APPLE__)
  static const char *const bz_names[] = {"libbz2.1.0.dylib", "/usr/lib/libbz2.dylib", NULL};
  static const char *const xz_names[] = {"liblzma.5.dylib", "/opt/homebrew/opt/xz/lib/liblzma.5.dylib",
                                         "/usr/local/opt/xz/lib/liblzma.5.dylib", NULL};
#else
  static const char *const bz_names[] = {"libbz2.so.1.0", "libbz2.so.1", NULL};
  static const char *const xz_names[] = {"liblzma.so.5", NULL};
#endif
  void *bz = open_first(bz_names);
  if (bz != NULL) {
    *(void **)&bz_init = dlsym(bz, "BZ2_bzDecompressInit");
    *(void **)&bz_run = dlsym(bz, "BZ2_bzDecompress");
    *(void **)&bz_end = dlsym(bz, "BZ2_bzDecompressEnd");
  }
  void *xz = open_first(xz_names);
  if (xz != NULL) {
    *(void **)&xz_init = dlsym(xz, "lzma_stream_decoder");
    *(void **)&xz_run = dlsym(xz, "lzma_code");
    *(void **)&xz_end = dlsym(xz, "lzma_end");
  }
}

bool carchive_available(bool xz) {
  pthread_once(&once, load);
  return xz ? xz_init != NULL && xz_run != NULL && xz_end != NULL
            : bz_init != NULL && bz_run != NULL && bz_end != NULL;
}

struct carchive_stream {
  bool xz;
  bool open;
  uint64_t memory_limit;
  bz_stream bz;
  lzma_stream lzma;
};

static bool start(carchive_stream *stream) {
  if (stream->xz) {
    memset(&stream->lzma, 0, sizeof stream->lzma);
    stream->open = xz_init(&stream->lzma, stream->memory_limit, 0) == 0;
  } else {
    memset(&stream->bz, 0, sizeof stream->bz);
    stream->open = bz_init(&stream->bz, 0, 0) == 0;
  }
  return stream->open;
}

static void stop(carchive_stream *stream) {
  if (!stream->open) return;
  stream->open = false;
  if (stream->xz) {
    xz_end(&stream->lzma);
  } else {
    bz_end(&stream->bz);
  }
}

carchive_stream *carchive_open(bool xz, uint64_t memory_limit) {
  if (!carchive_available(xz)) return NULL;
  carchive_stream *stream = calloc(1, sizeof *stream);
  if (stream == NULL) return NULL;
  stream->xz = xz;
  stream->memory_limit = memory_limit;
  if (!start(stream)) {
    free(stream);
    return NULL;
  }
  return stream;
}

void carchive_close(carchive_stream *stream) {
  if (stream == NULL) return;
  stop(stream);
  free(stream);
}

carchive_result carchive_decompress(carchive_stream *stream, const void *input, size_t input_size, size_t *used,
                                    void *output, size_t output_size, size_t *written) {
  *used = 0;
  *written = 0;
  // Streams may follow one another, as files that are joined do.
  if (!stream->open && !start(stream)) return CARCHIVE_MEMORY;
  if (input_size > 1u << 30) input_size = 1u << 30;
  if (output_size > 1u << 30) output_size = 1u << 30;
  if (stream->xz) {
    stream->lzma.next_in = input;
    stream->lzma.avail_in = input_size;
    stream->lzma.next_out = output;
    stream->lzma.avail_out = output_size;
    int code = xz_run(&stream->lzma, 0);
    *used = input_size - stream->lzma.avail_in;
    *written = output_size - stream->lzma.avail_out;
    switch (code) {
      case 0:   // LZMA_OK
      case 10:  // LZMA_BUF_ERROR: nothing could be done with what there is
        return CARCHIVE_MORE;
      case 1:  // LZMA_STREAM_END
        stop(stream);
        return CARCHIVE_END;
      case 5:  // LZMA_MEM_ERROR
      case 6:  // LZMA_MEMLIMIT_ERROR
        return CARCHIVE_MEMORY;
      default: return CARCHIVE_CORRUPT;
    }
  }
  stream->bz.next_in = (char *)(uintptr_t)input;
  stream->bz.avail_in = (unsigned int)input_size;
  stream->bz.next_out = output;
  stream->bz.avail_out = (unsigned int)output_size;
  int code = bz_run(&stream->bz);
  *used = input_size - stream->bz.avail_in;
  *written = output_size - stream->bz.avail_out;
  switch (code) {
    case 0: return CARCHIVE_MORE;  // BZ_OK
    case 4:                        // BZ_STREAM_END
      stop(stream);
      return CARCHIVE_END;
    case -3: return CARCHIVE_MEMORY;  // BZ_MEM_ERROR
    default: return CARCHIVE_CORRUPT;
  }
}
