#ifndef CRMQ_TLS_H
#define CRMQ_TLS_H

#include <sys/types.h>

#include "../CLibRabbitMQ/shim.h"
#include "../CLibSSL/shim.h"
#include "crmq.h"

/* What the handshake leaves behind. It has to outlive the socket. */
typedef struct {
  /* OpenSSL's number (X509_V_…) for the fault of the broker's certificate. */
  int certificate_error;
  /* The session, owned by the library's socket, which does not give it out. Set by the handshake; valid until a status or crmq_free. */
  SSL *session;
  /* The name to send in the handshake (SNI); NULL: the library's choice. Set while the handshake runs. */
  const char *server_name;
} crmq_tls;

/*
 * Makes a new TLS socket check the broker as crmq_open_tls promises.
 * Returns NULL, or a constant text that says which of this side's files cannot be used.
 */
const char *crmq_tls_prepare(amqp_socket_t *socket, const char *host, const crmq_tls_options *options, crmq_tls *tls);

/*
 * The meaning of a status of the library, on the thread that got it, before another call: a constant text, or NULL if it is not about TLS.
 * `closed` is the text for a connection that was closed without an alert.
 */
const char *crmq_tls_reason(int status, int certificate_error, const char *closed);

/* As send(2): the number of bytes sent, 0 after a wait for the socket (call again with the same bytes), or a status. */
ssize_t crmq_tls_send(crmq_tls *tls, int descriptor, const uint8_t *bytes, size_t length);

#endif
