#include "crmq_tls.h"

#include <limits.h>
#include <poll.h>

/*
 * OpenSSL 1.1 and newer initialises itself and is thread-safe. It is never shut down here, because libpq uses the same library.
 */

/*
 * Called in each handshake, once or more for each certificate of the chain, and only to observe: librabbitmq reports neither the fault of a
 * certificate nor its SSL object. No session is resumed, so no handshake goes without certificates.
 */
static int observe(int accepted, X509_STORE_CTX *chain) {
  SSL *session = X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx());
  crmq_tls *tls = SSL_CTX_get_app_data(SSL_get_SSL_CTX(session));
  tls->session = session;
  if (!accepted) tls->certificate_error = X509_STORE_CTX_get_error(chain);
  return accepted;
}

/*
 * Called when a handshake begins, before its first message is made. librabbitmq names there what it connects to, which is an address.
 */
static void name_server(const SSL *session, int where, int value) {
  (void)value;
  if (!(where & SSL_CB_HANDSHAKE_START)) return;
  const crmq_tls *tls = SSL_CTX_get_app_data(SSL_get_SSL_CTX(session));
  /* The callback's type has the const; the session is the one that is being set up. */
  if (tls->server_name != NULL) (void)SSL_set_tlsext_host_name((SSL *)session, tls->server_name);
}

/* Without it OpenSSL asks for a key's password at the terminal. */
static int no_password(char *buffer, int size, int writing, void *data) {
  (void)buffer, (void)size, (void)writing, (void)data;
  return -1;
}

static const char *use_own_certificate(SSL_CTX *context, const crmq_tls_options *options) {
  SSL_CTX_set_default_passwd_cb(context, no_password);
  if (SSL_CTX_use_certificate_chain_file(context, options->certificate_file) != 1) {
    return "the file of this side's certificate cannot be read or holds none";
  }
  if (SSL_CTX_use_PrivateKey_file(context, options->key_file, SSL_FILETYPE_PEM) != 1 || SSL_CTX_check_private_key(context) != 1) {
    return "the file of this side's key cannot be read, or holds none that is the certificate's and needs no password";
  }
  return NULL;
}

static const char *prepare(SSL_CTX *context, const char *host, const crmq_tls_options *options, crmq_tls *tls) {
  if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1) return "this OpenSSL knows no TLS 1.2";
  /* OpenSSL then reads at most one record ahead: crmq_has_input relies on it. */
  SSL_CTX_set_read_ahead(context, 0);
  int loaded = options->ca_file != NULL ? SSL_CTX_load_verify_locations(context, options->ca_file, NULL)
                                        : SSL_CTX_set_default_verify_paths(context);
  if (loaded != 1) return "the file of the authorities (CA) cannot be read or holds no certificate";
  if (options->certificate_file != NULL) {
    const char *fault = use_own_certificate(context, options);
    if (fault != NULL) return fault;
  }
  X509_VERIFY_PARAM *expected = SSL_CTX_get0_param(context);
  X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  if (X509_VERIFY_PARAM_set1_ip_asc(expected, host) == 1) return NULL;
  if (X509_VERIFY_PARAM_set1_host(expected, host, 0) != 1) return "the host's name cannot be checked";
  tls->server_name = host;
  SSL_CTX_set_info_callback(context, name_server);
  return NULL;
}

const char *crmq_tls_prepare(amqp_socket_t *socket, const char *host, const crmq_tls_options *options, crmq_tls *tls) {
  SSL_CTX *context = amqp_ssl_socket_get_context(socket);
  ERR_clear_error();
  tls->certificate_error = X509_V_OK;
  tls->session = NULL;
  tls->server_name = NULL;
  SSL_CTX_set_app_data(context, tls);
  /* Checked inside the handshake, so that an untrusted broker never receives this side's certificate. */
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, observe);
  /* The library's own check after the handshake knows DNS names only: it would refuse every broker connected to by IP address. */
  amqp_ssl_socket_set_verify_hostname(socket, 0);
  const char *fault = prepare(context, host, options, tls);
  ERR_clear_error();
  return fault;
}

static const char *certificate_text(int error) {
  switch (error) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return "the broker's certificate is signed by an untrusted authority (CA)";
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "the broker's certificate, or that of its authority, has expired";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "the broker's certificate, or that of its authority, is not valid yet";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "the broker's certificate is not for the host of the URL";
    default:
      return X509_verify_cert_error_string(error);
  }
}

const char *crmq_tls_reason(int status, int certificate_error, const char *closed) {
  switch (status) {
    case AMQP_STATUS_SSL_ERROR:
    case AMQP_STATUS_SSL_CONNECTION_FAILED:
    case AMQP_STATUS_SSL_PEER_VERIFY_FAILED:
    case AMQP_STATUS_SSL_HOSTNAME_VERIFY_FAILED:
      break;
    default:
      return NULL;
  }
  if (certificate_error != X509_V_OK) return certificate_text(certificate_error);
  unsigned long error = ERR_peek_error();
  const char *reason = ERR_reason_error_string(error);
  ERR_clear_error();
  if (ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) == SSL_R_WRONG_VERSION_NUMBER) {
    return "the broker does not speak TLS on this port";
  }
  return reason != NULL ? reason : closed;
}

ssize_t crmq_tls_send(crmq_tls *tls, int descriptor, const uint8_t *bytes, size_t length) {
  ERR_clear_error();
  int sent = SSL_write(tls->session, bytes, length < INT_MAX ? (int)length : INT_MAX);
  if (sent > 0) return sent;
  struct pollfd waited = {descriptor, 0, 0};
  switch (SSL_get_error(tls->session, sent)) {
    case SSL_ERROR_WANT_WRITE:
      waited.events = POLLOUT;
      break;
    case SSL_ERROR_WANT_READ:
      waited.events = POLLIN;
      break;
    case SSL_ERROR_ZERO_RETURN:
      return AMQP_STATUS_CONNECTION_CLOSED;
    default:
      return AMQP_STATUS_SSL_ERROR;
  }
  (void)poll(&waited, 1, -1);
  return 0;
}
