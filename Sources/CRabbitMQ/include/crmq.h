#ifndef CRMQ_H
#define CRMQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Flat functions over librabbitmq: connecting, logging in, reading frames and heartbeats. Frames to send are encoded by the caller, because
 * the library makes one send of each frame.
 *
 * Rules for all functions:
 * - A connection belongs to one thread: librabbitmq forbids sharing it (its README, "Threading").
 * - A result below zero is a status of the library (crmq_status_text names it). After one, only crmq_tls_failure and crmq_free may be
 *   called.
 * - No function keeps a pointer that it was given. Returned pointers are to the library's memory: they are valid until the next call on the
 *   same connection.
 * - Only crmq_open, crmq_open_tls and crmq_login wait for the broker. crmq_send and the heartbeat of crmq_next_frame wait for room in the
 *   socket, without a limit: another thread can end that with shutdown(2) on crmq_descriptor.
 */

typedef struct crmq_connection crmq_connection;

/* Borrowed bytes, not terminated. NULL with length 0 is empty. */
typedef struct {
  const uint8_t *bytes;
  size_t length;
} crmq_bytes;

/* Methods by number: class << 16 | method (AMQP 0-9-1 and RabbitMQ's extensions). */
#define CRMQ_METHODS(M) \
  M(CONNECTION_CLOSE, 0x000A0032) \
  M(CONNECTION_CLOSE_OK, 0x000A0033) \
  M(CONNECTION_BLOCKED, 0x000A003C) \
  M(CONNECTION_UNBLOCKED, 0x000A003D) \
  M(CHANNEL_OPEN_OK, 0x0014000B) \
  M(CHANNEL_FLOW, 0x00140014) \
  M(CHANNEL_CLOSE, 0x00140028) \
  M(CHANNEL_CLOSE_OK, 0x00140029) \
  M(EXCHANGE_DECLARE_OK, 0x0028000B) \
  M(QUEUE_DECLARE_OK, 0x0032000B) \
  M(QUEUE_BIND_OK, 0x00320015) \
  M(BASIC_QOS_OK, 0x003C000B) \
  M(BASIC_CONSUME_OK, 0x003C0015) \
  M(BASIC_CANCEL, 0x003C001E) \
  M(BASIC_CANCEL_OK, 0x003C001F) \
  M(BASIC_RETURN, 0x003C0032) \
  M(BASIC_DELIVER, 0x003C003C) \
  M(BASIC_GET_OK, 0x003C0047) \
  M(BASIC_GET_EMPTY, 0x003C0048) \
  M(BASIC_ACK, 0x003C0050) \
  M(BASIC_NACK, 0x003C0078) \
  M(CONFIRM_SELECT_OK, 0x0055000B)
#define CRMQ_ENUMERATOR(name, number) CRMQ_##name = number,
enum { CRMQ_METHODS(CRMQ_ENUMERATOR) };

/* Which members of crmq_properties are set (the others are zero): the bits of the wire format (AMQP 0-9-1, 4.2.6.1). */
#define CRMQ_PROPERTIES(M) \
  M(CONTENT_TYPE, 1 << 15) \
  M(CONTENT_ENCODING, 1 << 14) \
  M(HEADERS, 1 << 13) \
  M(DELIVERY_MODE, 1 << 12) \
  M(PRIORITY, 1 << 11) \
  M(CORRELATION_ID, 1 << 10) \
  M(REPLY_TO, 1 << 9) \
  M(EXPIRATION, 1 << 8) \
  M(MESSAGE_ID, 1 << 7) \
  M(TIMESTAMP, 1 << 6) \
  M(TYPE, 1 << 5) \
  M(USER_ID, 1 << 4) \
  M(APP_ID, 1 << 3)
#define CRMQ_PROPERTY(name, bit) CRMQ_HAS_##name = bit,
enum { CRMQ_PROPERTIES(CRMQ_PROPERTY) };

typedef struct {
  uint32_t has;
  crmq_bytes content_type;
  crmq_bytes content_encoding;
  /* A field table in its wire form, with its four bytes of length. */
  crmq_bytes headers;
  uint8_t delivery_mode;
  uint8_t priority;
  crmq_bytes correlation_id;
  crmq_bytes reply_to;
  crmq_bytes expiration;
  crmq_bytes message_id;
  uint64_t timestamp;
  crmq_bytes type;
  crmq_bytes user_id;
  crmq_bytes app_id;
} crmq_properties;

enum { CRMQ_FRAME_METHOD = 1, CRMQ_FRAME_HEADER = 2, CRMQ_FRAME_BODY = 3, CRMQ_FRAME_HEARTBEAT = 8 };

/* One frame from the broker. Members that its kind does not have are zero. */
typedef struct {
  uint8_t kind;
  uint16_t channel;
  /* METHOD: its number; numbers that are not listed above may occur. */
  uint32_t method;
  /* deliver, get-ok, ack, nack */
  uint64_t delivery_tag;
  /* ack and nack: multiple; deliver and get-ok: redelivered */
  bool flag;
  /* return, channel.close, connection.close */
  uint16_t reply_code;
  /* the same three; connection.blocked: the reason */
  crmq_bytes text;
  /* channel.close, connection.close: the method that the broker objects to */
  uint16_t class_id;
  uint16_t method_id;
  /* deliver, get-ok */
  crmq_bytes exchange;
  crmq_bytes routing_key;
  /* get-ok: messages left in the queue */
  uint32_t message_count;
  /* HEADER */
  uint64_t body_size;
  crmq_properties properties;
  /* BODY */
  crmq_bytes body;
} crmq_frame;

typedef struct {
  const char *virtual_host;
  const char *user;
  const char *password;
  const char *connection_name;
  int frame_max_bytes;
  int heartbeat_seconds;
  int timeout_milliseconds;
} crmq_login_options;

/* A connection without a socket, or NULL without memory. Owned by the caller, freed by crmq_free. */
crmq_connection *crmq_new(void);

/* Closes the socket without connection.close and frees everything. NULL is allowed. */
void crmq_free(crmq_connection *connection);

/* Connects by TCP. The timeout covers connecting; a name instead of an IP address would be looked up without a limit. */
int crmq_open(crmq_connection *connection, const char *address, int port, int timeout_milliseconds);

/* How a broker is authenticated. Files are in PEM and read at each crmq_open_tls, so that new connections use renewed files. */
typedef struct {
  /* The trusted authorities (CA); NULL: OpenSSL's default, which is the system's. */
  const char *ca_file;
  /* This side's certificate with its chain, and its key; both NULL if the broker asks for none. */
  const char *certificate_file;
  const char *key_file;
} crmq_tls_options;

/*
 * As crmq_open, then TLS 1.2 or newer, all within the timeout. The broker's certificate must chain to one of the authorities, be valid now,
 * and name `host` in its subjectAltName, as a DNS name or an IP address; otherwise the handshake fails. A DNS name is also sent to the broker
 * (SNI).
 */
int crmq_open_tls(crmq_connection *connection, const char *host, const char *address, int port, int timeout_milliseconds,
                  const crmq_tls_options *options);

/* After a status of crmq_open_tls or crmq_login: the fault of TLS as a constant text without names; NULL if the fault is another. */
const char *crmq_tls_failure(crmq_connection *connection);

/* Not a status of the library: a text is too long for the protocol. */
#define CRMQ_INVALID 2

/*
 * The handshake up to connection.open-ok, with SASL PLAIN. Announces connection.blocked, basic.nack, publisher_confirms,
 * consumer_cancel_notify and authentication_failure_close.
 * Returns 0, a status, 1 if the broker closed the connection: then `refusal` holds reply_code, text, class_id and method_id; or
 * CRMQ_INVALID if the virtual host's name has more than 255 bytes: nothing was sent then.
 */
int crmq_login(crmq_connection *connection, const crmq_login_options *options, crmq_frame *refusal);

/* The socket, or -1. */
int crmq_descriptor(crmq_connection *connection);

/* The negotiated values. */
int crmq_frame_max_bytes(crmq_connection *connection);
int crmq_heartbeat_seconds(crmq_connection *connection);

/*
 * Reads the next frame if it has arrived whole: returns 1 and fills `frame`, 0 if there is none, or a status. Never waits for the broker.
 * Sends the heartbeat that is due and reports a peer that was silent for twice the interval, so it must be called at least that often.
 */
int crmq_next_frame(crmq_connection *connection, crmq_frame *frame);

/* For tests, without a network: a connection as after the handshake, with this frame size, for crmq_decode. NULL without memory. */
crmq_connection *crmq_new_decoder(int frame_max_bytes);

/*
 * Decodes `input` instead of reading a socket, by the same code as crmq_next_frame.
 * Returns 1, 0 (the input is used up and no frame complete) or a status; `consumed` is how much of the input is used up.
 */
int crmq_decode(crmq_connection *connection, crmq_bytes input, size_t *consumed, crmq_frame *frame);

/*
 * Whether bytes or frames were read from the socket that crmq_next_frame has not returned yet: poll(2) does not see those. This holds with
 * TLS, too: OpenSSL reads at most one record ahead, and a record fits the library's buffer.
 */
bool crmq_has_input(crmq_connection *connection);

/* Frees the memory of decoded frames where the library can. To be called once a turn; otherwise memory grows with every frame. */
void crmq_release(crmq_connection *connection);

/* Whether poll(2) finds room for a message in the socket. */
bool crmq_can_send(crmq_connection *connection);

/*
 * Sends all bytes, with as few system calls as the socket allows: one if it has room (with TLS one for each record of 16 KiB). Returns 0 or
 * a status; a status leaves open how much the broker received.
 */
int crmq_send(crmq_connection *connection, const uint8_t *bytes, size_t length);

/* A constant text for a status. */
const char *crmq_status_text(int status);

/* The statuses that callers distinguish. */
extern const int crmq_status_timeout;
extern const int crmq_status_heartbeat_timeout;
extern const int crmq_status_resolution_failed;
extern const int crmq_status_bad_data;

#endif
