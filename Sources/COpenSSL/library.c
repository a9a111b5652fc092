#include "library.h"

#include "copenssl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

struct openssl ssl;

static char failure[256];
static bool loaded;

static bool find(void *library, const char *name, void **slot) {
  *slot = dlsym(library, name);
  if (!*slot) snprintf(failure, sizeof failure, "the system's OpenSSL has no %s", name);
  return *slot != NULL;
}

static void load(void) {
  // The two of one release: where two releases are installed, their objects must not meet.
  static const char *const pairs[][2] = {
    {"libssl.so.3", "libcrypto.so.3"},
    {"libssl.so.1.1", "libcrypto.so.1.1"},
    {"libssl.so", "libcrypto.so"},
    {"libssl.3.dylib", "libcrypto.3.dylib"},
    {"/opt/homebrew/opt/openssl@3/lib/libssl.3.dylib", "/opt/homebrew/opt/openssl@3/lib/libcrypto.3.dylib"},
    {"/usr/local/opt/openssl@3/lib/libssl.3.dylib", "/usr/local/opt/openssl@3/lib/libcrypto.3.dylib"},
  };
  void *first = NULL, *second = NULL;
  for (size_t i = 0; !second && i < sizeof pairs / sizeof pairs[0]; i++) {
    first = dlopen(pairs[i][0], RTLD_NOW | RTLD_LOCAL);
    if (!first) continue;
    second = dlopen(pairs[i][1], RTLD_NOW | RTLD_LOCAL);
    if (!second) dlclose(first);
  }
  if (!second) {
    snprintf(failure, sizeof failure,
      "TLS needs OpenSSL (looked for libssl.so.3 and 1.1), which is not installed: install libssl3 or libssl1.1 (Debian, "
      "Ubuntu), openssl-libs (Fedora) or libssl3 (Alpine)");
    return;
  }
#define FIND(library, name) if (!find(library, #name, (void **)&ssl.name)) return
  FIND(first, TLS_server_method);
  FIND(first, TLS_client_method);
  FIND(first, SSL_CTX_new);
  FIND(first, SSL_CTX_free);
  FIND(first, SSL_CTX_ctrl);
  FIND(first, SSL_CTX_set_options);
  FIND(first, SSL_CTX_use_certificate_chain_file);
  FIND(first, SSL_CTX_use_PrivateKey_file);
  FIND(first, SSL_CTX_check_private_key);
  FIND(first, SSL_CTX_load_verify_locations);
  FIND(first, SSL_CTX_set_default_verify_paths);
  FIND(first, SSL_load_client_CA_file);
  FIND(first, SSL_CTX_set_client_CA_list);
  FIND(first, SSL_CTX_set_verify);
  FIND(first, SSL_CTX_set_alpn_select_cb);
  FIND(first, SSL_CTX_set_alpn_protos);
  FIND(first, SSL_CTX_set_default_passwd_cb);
  FIND(first, SSL_CTX_set_session_id_context);
  FIND(first, SSL_new);
  FIND(first, SSL_free);
  FIND(first, SSL_ctrl);
  FIND(first, SSL_set_bio);
  FIND(first, SSL_set_accept_state);
  FIND(first, SSL_set_connect_state);
  FIND(first, SSL_set1_host);
  FIND(first, SSL_set_hostflags);
  FIND(first, SSL_get0_param);
  FIND(first, SSL_do_handshake);
  FIND(first, SSL_read);
  FIND(first, SSL_write);
  FIND(first, SSL_pending);
  FIND(first, SSL_get_error);
  FIND(first, SSL_shutdown);
  FIND(first, SSL_set_shutdown);
  FIND(first, SSL_get0_alpn_selected);
  FIND(first, SSL_get_verify_result);
  FIND(first, SSL_set_session);
  FIND(first, SSL_get1_session);
  FIND(first, SSL_session_reused);
  FIND(first, SSL_SESSION_is_resumable);
  FIND(first, SSL_SESSION_free);
  FIND(second, X509_VERIFY_PARAM_set1_ip_asc);
  FIND(second, X509_verify_cert_error_string);
  FIND(second, BIO_meth_new);
  FIND(second, BIO_meth_set_write);
  FIND(second, BIO_meth_set_read);
  FIND(second, BIO_meth_set_ctrl);
  FIND(second, BIO_new);
  FIND(second, BIO_set_data);
  FIND(second, BIO_get_data);
  FIND(second, BIO_set_init);
  FIND(second, BIO_set_flags);
  FIND(second, BIO_clear_flags);
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
