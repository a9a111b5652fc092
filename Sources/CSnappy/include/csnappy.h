// libsnappy's block format, loaded at first use instead of linked (it needs the C++ runtime, which
// would make every start slower).
#pragma once

#include <stdbool.h>
#include <stddef.h>

/// Loads libsnappy if that has not happened; false when it was not found. Any thread may call it.
bool csnappy_load(void);
/// Why loading failed, or NULL. The text lives as long as the process.
const char *csnappy_load_error(void);

/// The most bytes `length` bytes can become. Requires csnappy_load.
size_t csnappy_max_length(size_t length);
/// Compresses into `output`, which must hold csnappy_max_length(length) bytes; returns the bytes
/// written, 0 on failure. Requires csnappy_load.
size_t csnappy_compress(const void *input, size_t length, void *output, size_t capacity);
/// The size `input` claims to have when uncompressed; false when it is no snappy block.
bool csnappy_uncompressed_length(const void *input, size_t length, size_t *result);
/// Uncompresses into `output`; false when the input is damaged or `capacity` too small.
bool csnappy_uncompress(const void *input, size_t length, void *output, size_t capacity);
