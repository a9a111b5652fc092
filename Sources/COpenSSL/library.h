#pragma once

// The part of OpenSSL's interface that is used, by its documentation (version 1.1 and later), and where it was found.

#include <stdbool.h>
#include <stddef.h>

typedef int (*password_callback)(char *, int, int, void *);
typedef int (*alpn_callback)(void *, const unsigned char **, unsigned char *, const unsigned char *, unsigned, void *);

struct openssl {
  const void *(*TLS_server_method)(void);
  const void *(*TLS_client_method)(void);
  void *(*SSL_CTX_new)(const void *);
  void (*SSL_CTX_free)(void *);
  long (*SSL_CTX_ctrl)(void *, int, long, void *);
  unsigned long (*SSL_CTX_set_options)(void *, unsigned long);
  int (*SSL_CTX_use_certificate_chain_file)(void *, const char *);
  int (*SSL_CTX_use_PrivateKey_file)(void *, const char *, int);
  int (*SSL_CTX_check_private_key)(const void *);
  int (*SSL_CTX_load_verify_locations)(void *, const char *, const char *);
  int (*SSL_CTX_set_default_verify_paths)(void *);
  void *(*SSL_load_client_CA_file)(const char *);
  void (*SSL_CTX_set_client_CA_list)(void *, void *);
  void (*SSL_CTX_set_verify)(void *, int, void *);
  void (*SSL_CTX_set_alpn_select_cb)(void *, alpn_callback, void *);
  int (*SSL_CTX_set_alpn_protos)(void *, const unsigned char *, unsigned);
  void (*SSL_CTX_set_default_passwd_cb)(void *, password_callback);
  int (*SSL_CTX_set_session_id_context)(void *, const unsigned char *, unsigned);
  void *(*SSL_new)(void *);
  void (*SSL_free)(void *);
  long (*SSL_ctrl)(void *, int, long, void *);
  void (*SSL_set_bio)(void *, void *, void *);
  void (*SSL_set_accept_state)(void *);
  void (*SSL_set_connect_state)(void *);
  int (*SSL_set1_host)(void *, const char *);
  void (*SSL_set_hostflags)(void *, unsigned);
  void *(*SSL_get0_param)(void *);
  int (*SSL_do_handshake)(void *);
  int (*SSL_read)(void *, void *, int);
  int (*SSL_write)(void *, const void *, int);
  int (*SSL_pending)(const void *);
  int (*SSL_get_error)(const void *, int);
  int (*SSL_shutdown)(void *);
  void (*SSL_set_shutdown)(void *, int);
  void (*SSL_get0_alpn_selected)(const void *, const unsigned char **, unsigned *);
  long (*SSL_get_verify_result)(const void *);
  int (*SSL_set_session)(void *, void *);
  void *(*SSL_get1_session)(void *);
  int (*SSL_session_reused)(const void *);
  int (*SSL_SESSION_is_resumable)(const void *);
  void (*SSL_SESSION_free)(void *);
  int (*X509_VERIFY_PARAM_set1_ip_asc)(void *, const char *);
  const char *(*X509_verify_cert_error_string)(long);
  void *(*BIO_meth_new)(int, const char *);
  int (*BIO_meth_set_write)(void *, int (*)(void *, const char *, int));
  int (*BIO_meth_set_read)(void *, int (*)(void *, char *, int));
  int (*BIO_meth_set_ctrl)(void *, long (*)(void *, int, long, void *));
  void *(*BIO_new)(const void *);
  void (*BIO_set_data)(void *, void *);
  void *(*BIO_get_data)(void *);
  void (*BIO_set_init)(void *, int);
  void (*BIO_set_flags)(void *, int);
  void (*BIO_clear_flags)(void *, int);
  unsigned long (*ERR_get_error)(void);
  void (*ERR_error_string_n)(unsigned long, char *, size_t);
  void (*ERR_clear_error)(void);
};

// Filled in by `copenssl_load`, constant from then on.
extern struct openssl ssl;
