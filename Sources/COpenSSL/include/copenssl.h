#pragma once

// TLS for servers, on the system's OpenSSL, which is loaded at first use: linking it would cost every start of the
// program some milliseconds. Objects are opaque pointers; none of these functions keeps a pointer it was passed.

#include <stdbool.h>
#include <stddef.h>

// Loads the library; false when it is missing. Any thread may call this, any number of times.
bool copenssl_load(void);
// Why loading failed.
const char *copenssl_load_error(void);

// A server's settings from PEM files. With `client_ca` clients must show a certificate that it has signed. NULL on an
// error, which is then described in `error`.
void *copenssl_context_new(const char *certificate, const char *key, const char *client_ca, char *error, size_t size);
void copenssl_context_free(void *context);

// A connection on the socket `descriptor`, which it does not close. NULL when memory is short.
void *copenssl_connection_new(void *context, int descriptor);
void copenssl_connection_free(void *connection);

// What reading and writing return when it is not a number of bytes.
enum {
  COPENSSL_CLOSED = 0,
  COPENSSL_WANTS_READ = -1,
  COPENSSL_WANTS_WRITE = -2,
  COPENSSL_FAILED = -3,
};

int copenssl_read(void *connection, void *buffer, int size);
int copenssl_write(void *connection, const void *bytes, int size);
// Bytes that have been decrypted and not read yet.
int copenssl_pending(void *connection);
// Says goodbye to the peer, without waiting for its answer.
void copenssl_shutdown(void *connection);
