#include "copenssl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

// The part of OpenSSL's interface that is used, by its documentation (version 1.1 and later).
typedef int (*password_callback)(char *, int, int, void *);
typedef int (*alpn_callback)(void *, const unsigned char **, unsigned char *, const unsigned char *, unsigned, void *);

static struct {
  const void *(*TLS_server_method)(void);
  void *(*SSL_CTX_new)(const void *);
  void (*SSL_CTX_free)(void *);
  long (*SSL_CTX_ctrl)(void *, int, long, void *);
  unsigned long (*SSL_CTX_set_options)(void *, unsigned long);
  int (*SSL_CTX_use_certificate_chain_file)(void *, const char *);
  int (*SSL_CTX_use_PrivateKey_file)(void *, const char *, int);
  int (*SSL_CTX_check_private_key)(void *);
  int (*SSL_CTX_load_verify_locations)(void *, const char *, const char *);
  void *(*SSL_load_client_CA_file)(const char *);
  void (*SSL_CTX_set_client_CA_list)(void *, void *);
  void (*SSL_CTX_set_verify)(void *, int, void *);
  void (*SSL_CTX_set_alpn_select_cb)(void *, alpn_callback, void *);
  void (*SSL_CTX_set_default_passwd_cb)(void *, password_callback);
  int (*SSL_CTX_set_session_id_context)(void *, const unsigned char *, unsigned);
  void *(*SSL_new)(void *);
  void (*SSL_free)(void *);
  int (*SSL_set_fd)(void *, int);
  void (*SSL_set_accept_state)(void *);
  int (*SSL_read)(void *, void *, int);
  int (*SSL_write)(void *, const void *, int);
  int (*SSL_pending)(const void *);
  int (*SSL_get_error)(const void *, int);
  int (*SSL_shutdown)(void *);
  unsigned long (*ERR_get_error)(void);
  void (*ERR_error_string_n)(unsigned long, char *, size_t);
  void (*ERR_clear_error)(void);
} ssl;

static char failure[256];
static bool loaded;

static void *open_first(const char *const *names) {
  for (; *names; names++) {
    void *library = dlopen(*names, RTLD_NOW | RTLD_LOCAL);
    if (library) return library;
  }
  return NULL;
}

static bool find(void *library, const char *name, void **slot) {
  *slot = dlsym(library, name);
  if (!*slot) snprintf(failure, sizeof failure, "the system's OpenSSL has no %s", name);
  return *slot != NULL;
}

static void load(void) {
  static const char *const tls[] = {"libssl.so.3", "libssl.so.1.1", "libssl.so", "libssl.3.dylib",
    "/opt/homebrew/opt/openssl@3/lib/libssl.3.dylib", "/usr/local/opt/openssl@3/lib/libssl.3.dylib", NULL};
  static const char *const crypto[] = {"libcrypto.so.3", "libcrypto.so.1.1", "libcrypto.so", "libcrypto.3.dylib",
    "/opt/homebrew/opt/openssl@3/lib/libcrypto.3.dylib", "/usr/local/opt/openssl@3/lib/libcrypto.3.dylib", NULL};
  void *first = open_first(tls);
  void *second = first ? open_first(crypto) : NULL;
  if (!first || !second) {
    snprintf(failure, sizeof failure, "TLS needs OpenSSL (libssl), which is not installed");
    return;
  }
#define FIND(library, name) if (!find(library, #name, (void **)&ssl.name)) return
  FIND(first, TLS_server_method);
  FIND(first, SSL_CTX_new);
  FIND(first, SSL_CTX_free);
  FIND(first, SSL_CTX_ctrl);
  FIND(first, SSL_CTX_set_options);
  FIND(first, SSL_CTX_use_certificate_chain_file);
  FIND(first, SSL_CTX_use_PrivateKey_file);
  FIND(first, SSL_CTX_check_private_key);
  FIND(first, SSL_CTX_load_verify_locations);
  FIND(first, SSL_load_client_CA_file);
  FIND(first, SSL_CTX_set_client_CA_list);
  FIND(first, SSL_CTX_set_verify);
  FIND(first, SSL_CTX_set_alpn_select_cb);
  FIND(first, SSL_CTX_set_default_passwd_cb);
  FIND(first, SSL_CTX_set_session_id_context);
  FIND(first, SSL_new);
  FIND(first, SSL_free);
  FIND(first, SSL_set_fd);
  FIND(first, SSL_set_accept_state);
  FIND(first, SSL_read);
  FIND(first, SSL_write);
  FIND(first, SSL_pending);
  FIND(first, SSL_get_error);
  FIND(first, SSL_shutdown);
  FIND(second, ERR_get_error);
  FIND(second, ERR_error_string_n);
  FIND(second, ERR_clear_error);
#undef FIND
  loaded = true;
}

bool copenssl_load(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, load);
  return loaded;
}

const char *copenssl_load_error(void) { return failure; }

// Prefers HTTP/2; a client that offers neither protocol goes on without one.
static int choose_protocol(void *connection, const unsigned char **chosen, unsigned char *length,
  const unsigned char *offered, unsigned size, void *unused) {
  static const char *const known[] = {"\x02h2", "\x08http/1.1"};
  (void)connection;
  (void)unused;
  for (int which = 0; which < 2; which++) {
    unsigned wanted = (unsigned char)known[which][0];
    for (unsigned at = 0; at + 1 + offered[at] <= size; at += 1 + offered[at]) {
      if (offered[at] == wanted && memcmp(offered + at + 1, known[which] + 1, wanted) == 0) {
        *chosen = offered + at + 1;
        *length = offered[at];
        return 0;  // SSL_TLSEXT_ERR_OK
      }
      if (at + 1 + offered[at] >= size) break;
    }
  }
  return 3;  // SSL_TLSEXT_ERR_NOACK
}

// A key that wants a passphrase is refused rather than asked for on the terminal.
static int no_password(char *buffer, int size, int writing, void *unused) {
  (void)buffer;
  (void)size;
  (void)writing;
  (void)unused;
  return 0;
}

static void describe(const char *what, const char *file, char *error, size_t size) {
  char reason[200] = "unknown error";
  unsigned long code = ssl.ERR_get_error();
  if (code) ssl.ERR_error_string_n(code, reason, sizeof reason);
  // "error:0A000086:SSL routines::certificate verify failed": the last part is for people.
  const char *last = strrchr(reason, ':');
  snprintf(error, size, "cannot use %s %s: %s", what, file, last ? last + 1 : reason);
  ssl.ERR_clear_error();
}

void *copenssl_context_new(const char *certificate, const char *key, const char *client_ca, char *error, size_t size) {
  ssl.ERR_clear_error();
  void *context = ssl.SSL_CTX_new(ssl.TLS_server_method());
  if (!context) {
    snprintf(error, size, "OpenSSL has no memory");
    return NULL;
  }
  ssl.SSL_CTX_ctrl(context, 123 /* SSL_CTRL_SET_MIN_PROTO_VERSION */, 0x0303 /* TLS 1.2 */, NULL);
  ssl.SSL_CTX_ctrl(context, 33 /* SSL_CTRL_MODE */,
    1 /* partial write */ | 2 /* moving write buffer */ | 0x10 /* release buffers */, NULL);
  // No renegotiation, no compression: both have only ever helped attackers.
  ssl.SSL_CTX_set_options(context, (1UL << 30) | (1UL << 17));
  ssl.SSL_CTX_set_default_passwd_cb(context, no_password);
  ssl.SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
  ssl.SSL_CTX_set_session_id_context(context, (const unsigned char *)"ongrid", 6);
  if (ssl.SSL_CTX_use_certificate_chain_file(context, certificate) != 1) {
    describe("certificate", certificate, error, size);
  } else if (ssl.SSL_CTX_use_PrivateKey_file(context, key, 1 /* PEM */) != 1 ||
             ssl.SSL_CTX_check_private_key(context) != 1) {
    describe("key", key, error, size);
  } else if (client_ca) {
    void *names = ssl.SSL_load_client_CA_file(client_ca);
    if (names && ssl.SSL_CTX_load_verify_locations(context, client_ca, NULL) == 1) {
      ssl.SSL_CTX_set_client_CA_list(context, names);
      ssl.SSL_CTX_set_verify(context, 1 | 2 /* peer, fail without certificate */, NULL);
      return context;
    }
    describe("client authorities", client_ca, error, size);
  } else {
    return context;
  }
  ssl.SSL_CTX_free(context);
  return NULL;
}

void copenssl_context_free(void *context) { ssl.SSL_CTX_free(context); }

void *copenssl_connection_new(void *context, int descriptor) {
  void *connection = ssl.SSL_new(context);
  if (!connection) return NULL;
  if (ssl.SSL_set_fd(connection, descriptor) != 1) {
    ssl.SSL_free(connection);
    return NULL;
  }
  ssl.SSL_set_accept_state(connection);
  return connection;
}

void copenssl_connection_free(void *connection) { ssl.SSL_free(connection); }

static int outcome(void *connection, int result) {
  if (result > 0) return result;
  switch (ssl.SSL_get_error(connection, result)) {
    case 2: return COPENSSL_WANTS_READ;
    case 3: return COPENSSL_WANTS_WRITE;
    case 6: return COPENSSL_CLOSED;
    default: return COPENSSL_FAILED;
  }
}

int copenssl_read(void *connection, void *buffer, int size) {
  ssl.ERR_clear_error();
  return outcome(connection, ssl.SSL_read(connection, buffer, size));
}

int copenssl_write(void *connection, const void *bytes, int size) {
  ssl.ERR_clear_error();
  return outcome(connection, ssl.SSL_write(connection, bytes, size));
}

int copenssl_pending(void *connection) { return ssl.SSL_pending(connection); }

void copenssl_shutdown(void *connection) {
  ssl.ERR_clear_error();
  ssl.SSL_shutdown(connection);
}
