#include "copenssl.h"
#include "library.h"

#include <stdio.h>
#include <string.h>

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
  last = last ? last + 1 : reason;
  // What a file gives that holds no PEM.
  if (strcmp(last, "no start line") == 0) last = "it holds none in PEM form";
  snprintf(error, size, "cannot use %s %s: %s", what, file, last);
  ssl.ERR_clear_error();
}

static void *new_context(const void *method, char *error, size_t size) {
  ssl.ERR_clear_error();
  void *context = ssl.SSL_CTX_new(method);
  if (!context) {
    snprintf(error, size, "OpenSSL has no memory");
    return NULL;
  }
  ssl.SSL_CTX_ctrl(context, 123 /* SSL_CTRL_SET_MIN_PROTO_VERSION */, 0x0303 /* TLS 1.2 */, NULL);
  ssl.SSL_CTX_ctrl(context, 33 /* SSL_CTRL_MODE */, 2 /* moving write buffer */ | 0x10 /* release buffers */, NULL);
  // Sessions resume by tickets; a server's own cache of them would only grow, a client's is kept by whoever connects.
  ssl.SSL_CTX_ctrl(context, 44 /* SSL_CTRL_SET_SESS_CACHE_MODE */, 0, NULL);
  // No renegotiation, no compression: both have only ever helped attackers. An end without a goodbye is an end: HTTP says
  // by itself how long a message is.
  ssl.SSL_CTX_set_options(context, (1UL << 30) | (1UL << 17) | (1UL << 7));
  ssl.SSL_CTX_set_default_passwd_cb(context, no_password);
  return context;
}

static bool use_certificate(void *context, const char *certificate, const char *key, char *error, size_t size) {
  if (ssl.SSL_CTX_use_certificate_chain_file(context, certificate) != 1) {
    describe("certificate", certificate, error, size);
    return false;
  }
  if (ssl.SSL_CTX_use_PrivateKey_file(context, key, 1 /* PEM */) != 1 || ssl.SSL_CTX_check_private_key(context) != 1) {
    describe("key", key, error, size);
    return false;
  }
  return true;
}

static bool demand_client(void *context, const char *authorities, char *error, size_t size) {
  void *names = ssl.SSL_load_client_CA_file(authorities);
  if (!names || ssl.SSL_CTX_load_verify_locations(context, authorities, NULL) != 1) {
    describe("client authorities", authorities, error, size);
    return false;
  }
  ssl.SSL_CTX_set_client_CA_list(context, names);
  ssl.SSL_CTX_set_verify(context, 1 | 2 /* peer, fail without certificate */, NULL);
  return true;
}

void *copenssl_server_new(const char *certificate, const char *key, const char *client_ca, char *error, size_t size) {
  void *context = new_context(ssl.TLS_server_method(), error, size);
  if (!context) return NULL;
  ssl.SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
  ssl.SSL_CTX_set_session_id_context(context, (const unsigned char *)"ongrid", 6);
  if (use_certificate(context, certificate, key, error, size) &&
      (!client_ca || demand_client(context, client_ca, error, size))) {
    return context;
  }
  ssl.SSL_CTX_free(context);
  return NULL;
}

void *copenssl_client_new(const char *authorities, const char *certificate, const char *key, bool verifies, char *error,
  size_t size) {
  void *context = new_context(ssl.TLS_client_method(), error, size);
  if (!context) return NULL;
  ssl.SSL_CTX_set_alpn_protos(context, (const unsigned char *)"\x02h2", 3);
  bool trusts = true;
  if (verifies) {
    ssl.SSL_CTX_set_verify(context, 1 /* peer */, NULL);
    if (!authorities) {
      ssl.SSL_CTX_set_default_verify_paths(context);
    } else if (ssl.SSL_CTX_load_verify_locations(context, authorities, NULL) != 1) {
      describe("authorities", authorities, error, size);
      trusts = false;
    }
  }
  if (trusts && (!certificate || use_certificate(context, certificate, key, error, size))) return context;
  ssl.SSL_CTX_free(context);
  return NULL;
}

void copenssl_context_free(void *context) { ssl.SSL_CTX_free(context); }
