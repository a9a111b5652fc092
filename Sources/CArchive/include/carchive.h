// Decompression of bzip2 and xz with libbz2 and liblzma, loaded at first use instead of linked: few
// traces come so compressed, and every start would pay for it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// How a call of carchive_decompress ended.
typedef enum {
  CARCHIVE_MORE = 0,
  /// A stream ended; another may follow.
  CARCHIVE_END = 1,
  CARCHIVE_CORRUPT = 2,
  CARCHIVE_MEMORY = 3,
} carchive_result;

typedef struct carchive_stream carchive_stream;

/// A decompressor of bzip2 (xz when `xz`) that takes at most `memory_limit` bytes; NULL when the
/// library was not found or memory was not to be had.
carchive_stream *carchive_open(bool xz, uint64_t memory_limit);
void carchive_close(carchive_stream *stream);
/// Takes from `input` and writes to `output`; stores how many bytes of each were used.
carchive_result carchive_decompress(carchive_stream *stream, const void *input, size_t input_size, size_t *used,
                                    void *output, size_t output_size, size_t *written);
/// Whether the library can be loaded.
bool carchive_available(bool xz);
