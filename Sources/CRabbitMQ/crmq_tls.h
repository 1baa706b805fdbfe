#ifndef CRMQ_TLS_H
#define CRMQ_TLS_H

#include "../CLibRabbitMQ/shim.h"
#include "crmq.h"

/*
 * Makes a new TLS socket believe only what crmq_open_tls promises. `certificate_error` gets OpenSSL's number (X509_V_…) of what is wrong
 * with the broker's certificate; it has to outlive the socket.
 * Returns NULL, or a constant text that says which of this side's files cannot be used.
 */
const char *crmq_tls_prepare(amqp_socket_t *socket, const char *host, const crmq_tls_options *options, int *certificate_error);

/*
 * What a status of the library means, on the thread that got it, before another call: a constant text, or NULL if it is not about TLS.
 * `closed` is the text for a connection that ended without a word.
 */
const char *crmq_tls_reason(int status, int certificate_error, const char *closed);

#endif
