#include "copenssl.h"
#include "library.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

// OpenSSL by itself asks the kernel twice for each record of at most 16 KiB it reads, and once for each it writes. Here
// records are read and written many at a time, through buffers that exist only while they hold something.

enum {
  READ_SIZE = 64 << 10,
  // Plain bytes that are encrypted at once.
  WRITE_SIZE = 256 << 10,
};

struct buffer {
  unsigned char *bytes;
  size_t first, end, capacity;
};

struct connection {
  void *ssl;
  int descriptor;
  struct buffer in, out;
  // Plain bytes whose records are not all sent: they count as written when those are.
  int held;
  bool is_at_end;
  // errno of the last failed system call.
  int system_error;
};

static void discard(struct buffer *buffer) {
  free(buffer->bytes);
  *buffer = (struct buffer){0};
}

static bool reserve(struct buffer *buffer, size_t extra) {
  if (buffer->capacity - buffer->end >= extra) return true;
  size_t capacity = buffer->end + extra > 2 * buffer->capacity ? buffer->end + extra : 2 * buffer->capacity;
  unsigned char *larger = realloc(buffer->bytes, capacity);
  if (!larger) return false;
  buffer->bytes = larger;
  buffer->capacity = capacity;
  return true;
}

static int write_records(void *bio, const char *bytes, int count) {
  struct connection *connection = ssl.BIO_get_data(bio);
  struct buffer *out = &connection->out;
  if (count <= 0) return 0;
  if (!reserve(out, (size_t)count)) return -1;
  memcpy(out->bytes + out->end, bytes, (size_t)count);
  out->end += (size_t)count;
  return count;
}

static int read_records(void *bio, char *bytes, int count) {
  struct connection *connection = ssl.BIO_get_data(bio);
  struct buffer *in = &connection->in;
  ssl.BIO_clear_flags(bio, 0x0f /* all about retrying */);
  if (count <= 0) return 0;
  if (in->first == in->end) {
    if (!in->bytes && !(in->bytes = malloc(READ_SIZE))) return -1;
    ssize_t got;
    do got = recv(connection->descriptor, in->bytes, READ_SIZE, 0);
    while (got < 0 && errno == EINTR);
    if (got < 0) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) ssl.BIO_set_flags(bio, 0x08 | 0x01 /* retry reading */);
      else connection->system_error = errno;
      return -1;
    }
    if (got == 0) connection->is_at_end = true;
    in->first = 0;
    in->end = (size_t)got;
  }
  size_t part = in->end - in->first < (size_t)count ? in->end - in->first : (size_t)count;
  memcpy(bytes, in->bytes + in->first, part);
  in->first += part;
  return (int)part;
}

static long control(void *bio, int command, long number, void *pointer) {
  (void)number;
  (void)pointer;
  if (command == 2 /* BIO_CTRL_EOF */) {
    struct connection *connection = ssl.BIO_get_data(bio);
    return connection->is_at_end;
  }
  return command == 11 /* BIO_CTRL_FLUSH */;
}

static void *method;

static void make_method(void) {
  void *made = ssl.BIO_meth_new(0x80 | 0x400 /* a source and sink of our own */, "records");
  if (!made) return;
  ssl.BIO_meth_set_write(made, write_records);
  ssl.BIO_meth_set_read(made, read_records);
  ssl.BIO_meth_set_ctrl(made, control);
  method = made;
}

static struct connection *new_connection(void *context, int descriptor) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, make_method);
  struct connection *connection = calloc(1, sizeof *connection);
  if (!connection) return NULL;
  connection->descriptor = descriptor;
  connection->ssl = ssl.SSL_new(context);
  void *bio = method ? ssl.BIO_new(method) : NULL;
  if (!connection->ssl || !bio) {
    if (connection->ssl) ssl.SSL_free(connection->ssl);
    free(connection);
    return NULL;
  }
  ssl.BIO_set_data(bio, connection);
  ssl.BIO_set_init(bio, 1);
  ssl.SSL_set_bio(connection->ssl, bio, bio);
  return connection;
}

struct connection *copenssl_accept(void *context, int descriptor) {
  struct connection *connection = new_connection(context, descriptor);
  if (connection) ssl.SSL_set_accept_state(connection->ssl);
  return connection;
}

struct connection *copenssl_connect(void *context, int descriptor, const char *host, bool is_address, void *session) {
  struct connection *connection = new_connection(context, descriptor);
  if (!connection) return NULL;
  void *raw = connection->ssl;
  bool is_set;
  if (is_address) {
    is_set = ssl.X509_VERIFY_PARAM_set1_ip_asc(ssl.SSL_get0_param(raw), host) == 1;
  } else {
    ssl.SSL_set_hostflags(raw, 4 /* no partial wildcards */);
    is_set = ssl.SSL_set1_host(raw, host) == 1 &&
             ssl.SSL_ctrl(raw, 55 /* SSL_CTRL_SET_TLSEXT_HOSTNAME */, 0, (void *)host) == 1;
  }
  if (!is_set) {
    copenssl_connection_free(connection);
    return NULL;
  }
  if (session) ssl.SSL_set_session(raw, session);
  ssl.SSL_set_connect_state(raw);
  return connection;
}

void copenssl_connection_free(struct connection *connection) {
  ssl.SSL_free(connection->ssl);
  free(connection->in.bytes);
  free(connection->out.bytes);
  free(connection);
}

// Sends what is encrypted: 0 when all is out.
static int send_records(struct connection *connection) {
#ifdef MSG_NOSIGNAL
  const int flags = MSG_NOSIGNAL;
#else
  const int flags = 0;
#endif
  struct buffer *out = &connection->out;
  while (out->first < out->end) {
    ssize_t sent = send(connection->descriptor, out->bytes + out->first, out->end - out->first, flags);
    if (sent >= 0) {
      out->first += (size_t)sent;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return COPENSSL_WANTS_WRITE;
    } else if (errno != EINTR) {
      connection->system_error = errno;
      return COPENSSL_FAILED;
    }
  }
  if (out->bytes) discard(out);
  return 0;
}

// The result of a call of OpenSSL after what it wanted to say has been sent.
static int outcome(struct connection *connection, int result) {
  int error = result > 0 ? 0 : ssl.SSL_get_error(connection->ssl, result);
  if (connection->in.bytes && connection->in.first == connection->in.end) discard(&connection->in);
  int sent = send_records(connection);
  if (result > 0) return result;
  switch (error) {
    // Sending may have failed because the peer has gone, after it has said why: that is to be read first.
    case 2: return sent == COPENSSL_WANTS_WRITE ? sent : COPENSSL_WANTS_READ;
    case 3: return COPENSSL_WANTS_WRITE;
    case 6: return COPENSSL_CLOSED;
    default: return COPENSSL_FAILED;
  }
}

int copenssl_handshake(struct connection *connection) {
  ssl.ERR_clear_error();
  return outcome(connection, ssl.SSL_do_handshake(connection->ssl));
}

int copenssl_read(struct connection *connection, void *buffer, int size) {
  ssl.ERR_clear_error();
  return outcome(connection, ssl.SSL_read(connection->ssl, buffer, size));
}

int copenssl_write(struct connection *connection, const void *bytes, int size) {
  ssl.ERR_clear_error();
  int result = connection->held;
  if (!result) {
    // Room for all records at once, each with its header and seal.
    size_t part = size < WRITE_SIZE ? (size_t)size : WRITE_SIZE;
    if (!reserve(&connection->out, part + (part / 16384 + 1) * 64)) return COPENSSL_FAILED;
    result = ssl.SSL_write(connection->ssl, bytes, (int)part);
    if (result <= 0) return outcome(connection, result);
  }
  int sent = send_records(connection);
  connection->held = sent ? result : 0;
  return sent ? sent : result;
}

bool copenssl_has_input(struct connection *connection) {
  return connection->in.first < connection->in.end || ssl.SSL_pending(connection->ssl) > 0;
}

void copenssl_shutdown(struct connection *connection) {
  ssl.ERR_clear_error();
  ssl.SSL_shutdown(connection->ssl);
  send_records(connection);
}

bool copenssl_speaks(struct connection *connection, const char *protocol) {
  const unsigned char *chosen = NULL;
  unsigned length = 0;
  ssl.SSL_get0_alpn_selected(connection->ssl, &chosen, &length);
  return length == strlen(protocol) && memcmp(chosen, protocol, length) == 0;
}

struct copenssl_failure copenssl_failure(struct connection *connection) {
  struct copenssl_failure failure = {0};
  unsigned long code = ssl.ERR_get_error();
  failure.reason = (int)(code & 0xfff);
  failure.verification = ssl.SSL_get_verify_result(connection->ssl);
  failure.system_error = connection->system_error;
  failure.is_at_end = connection->is_at_end;
  if (code) {
    char text[256];
    ssl.ERR_error_string_n(code, text, sizeof text);
    const char *last = strrchr(text, ':');
    snprintf(failure.text, sizeof failure.text, "%s", last ? last + 1 : text);
  }
  ssl.ERR_clear_error();
  return failure;
}

const char *copenssl_verification_text(long code) { return ssl.X509_verify_cert_error_string(code); }

void *copenssl_session(struct connection *connection) {
  void *session = ssl.SSL_get1_session(connection->ssl);
  if (!session) return NULL;
  // Otherwise OpenSSL takes a session whose connection ends without a goodbye for one that has failed.
  ssl.SSL_set_shutdown(connection->ssl, 3);
  if (ssl.SSL_SESSION_is_resumable(session)) return session;
  ssl.SSL_SESSION_free(session);
  return NULL;
}

void copenssl_session_free(void *session) { ssl.SSL_SESSION_free(session); }

bool copenssl_is_resumed(struct connection *connection) { return ssl.SSL_session_reused(connection->ssl) == 1; }
