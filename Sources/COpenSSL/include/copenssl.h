#pragma once

// TLS on the system's OpenSSL, which is loaded at first use: linking it would cost every start of the program some
// milliseconds. Objects are opaque pointers; none of these functions keeps a pointer it was passed, unless it says so.

#include <stdbool.h>
#include <stddef.h>

// Loads the library; false when it is missing. Any thread may call this, any number of times; nothing else may be called
// before it has succeeded.
bool copenssl_load(void);
// Why loading failed.
const char *copenssl_load_error(void);

// A server's settings from PEM files. With `client_ca` clients must show a certificate that it has signed. NULL on an
// error, which is then described in `error`.
void *copenssl_server_new(const char *certificate, const char *key, const char *client_ca, char *error, size_t size);
// A client's, for HTTP/2: whom it trusts (NULL: the system's authorities) and what it shows (NULL: nothing).
void *copenssl_client_new(const char *authorities, const char *certificate, const char *key, bool verifies, char *error,
  size_t size);
// Connections outlive their settings.
void copenssl_context_free(void *context);

// A connection on a socket that does not block, which it does not close; for one thread at a time.
struct connection;

// NULL when memory is short.
struct connection *copenssl_accept(void *context, int descriptor);
// Asks for the name `host`, or for nothing when it is an address, and demands a certificate for it. `session` may be NULL.
// NULL when memory is short or the name cannot be one.
struct connection *copenssl_connect(void *context, int descriptor, const char *host, bool is_address, void *session);
void copenssl_connection_free(struct connection *connection);

// What the calls below return when it is not a number of bytes.
enum {
  COPENSSL_CLOSED = 0,
  COPENSSL_WANTS_READ = -1,
  COPENSSL_WANTS_WRITE = -2,
  COPENSSL_FAILED = -3,
};

// Goes on with the handshake, which reading and writing do by themselves; 1 when it is done.
int copenssl_handshake(struct connection *connection);
int copenssl_read(struct connection *connection, void *buffer, int size);
// After COPENSSL_WANTS_WRITE the next call must bring the same bytes again, wherever they are by then.
int copenssl_write(struct connection *connection, const void *bytes, int size);
// Whether there is something to read that the socket does not show any more.
bool copenssl_has_input(struct connection *connection);
// Says goodbye to the peer, without waiting for its answer.
void copenssl_shutdown(struct connection *connection);

// Whether the handshake has agreed on this protocol (ALPN).
bool copenssl_speaks(struct connection *connection, const char *protocol);
bool copenssl_is_resumed(struct connection *connection);

// Why the last call, on this thread, has failed.
struct copenssl_failure {
  // OpenSSL's reason; 0 when it has none.
  int reason;
  // Its words for it.
  char text[128];
  // What is wrong with the peer's certificate; 0: nothing.
  long verification;
  // errno of a system call that failed; 0 when none has.
  int system_error;
  // The peer has closed.
  bool is_at_end;
};
struct copenssl_failure copenssl_failure(struct connection *connection);
const char *copenssl_verification_text(long code);

// What the next connection to the same server may resume, to be freed; NULL when there is nothing. The connection cannot
// be used any more.
void *copenssl_session(struct connection *connection);
void copenssl_session_free(void *session);
