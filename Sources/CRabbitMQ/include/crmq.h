#ifndef CRMQ_H
#define CRMQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A flat face for librabbitmq.
 *
 * Rules for all of it:
 * - One connection, its thread, nobody else: librabbitmq forbids sharing a connection between threads (its README, "Threading").
 * - A result below zero is a status of the library (crmq_status_text names it). After one, only crmq_tls_failure and crmq_free may be
 *   called.
 * - No function keeps a pointer that it was given. Pointers handed out lie in memory of the library: they are valid until the next call on
 *   the same connection and must be copied before.
 * - Nothing waits for an answer, except crmq_open, crmq_open_tls and crmq_login. What is sent may wait for room in the socket, without a
 *   limit: look with crmq_can_send first, and let another thread call shutdown(2) on crmq_descriptor if a call does not come back.
 */

typedef struct crmq_connection crmq_connection;

/* Bytes that belong to somebody else; not terminated. NULL with length 0 is empty. */
typedef struct {
  const uint8_t *bytes;
  size_t length;
} crmq_bytes;

/* Methods by number: class << 16 | method (AMQP 0-9-1 and RabbitMQ's extensions). */
enum {
  CRMQ_CONNECTION_CLOSE = 0x000A0032,
  CRMQ_CONNECTION_CLOSE_OK = 0x000A0033,
  CRMQ_CONNECTION_BLOCKED = 0x000A003C,
  CRMQ_CONNECTION_UNBLOCKED = 0x000A003D,
  CRMQ_CHANNEL_OPEN_OK = 0x0014000B,
  CRMQ_CHANNEL_FLOW = 0x00140014,
  CRMQ_CHANNEL_CLOSE = 0x00140028,
  CRMQ_CHANNEL_CLOSE_OK = 0x00140029,
  CRMQ_EXCHANGE_DECLARE_OK = 0x0028000B,
  CRMQ_QUEUE_DECLARE_OK = 0x0032000B,
  CRMQ_QUEUE_BIND_OK = 0x00320015,
  CRMQ_BASIC_QOS_OK = 0x003C000B,
  CRMQ_BASIC_CONSUME_OK = 0x003C0015,
  CRMQ_BASIC_CANCEL = 0x003C001E,
  CRMQ_BASIC_CANCEL_OK = 0x003C001F,
  CRMQ_BASIC_RETURN = 0x003C0032,
  CRMQ_BASIC_DELIVER = 0x003C003C,
  CRMQ_BASIC_ACK = 0x003C0050,
  CRMQ_BASIC_NACK = 0x003C0078,
  CRMQ_CONFIRM_SELECT_OK = 0x0055000B
};

/* Which members of crmq_properties are set (the others are zero): the bits of the wire format (AMQP 0-9-1, 4.2.6.1). */
enum {
  CRMQ_HAS_CONTENT_TYPE = 1 << 15,
  CRMQ_HAS_CONTENT_ENCODING = 1 << 14,
  CRMQ_HAS_HEADERS = 1 << 13,
  CRMQ_HAS_DELIVERY_MODE = 1 << 12,
  CRMQ_HAS_PRIORITY = 1 << 11,
  CRMQ_HAS_CORRELATION_ID = 1 << 10,
  CRMQ_HAS_REPLY_TO = 1 << 9,
  CRMQ_HAS_EXPIRATION = 1 << 8,
  CRMQ_HAS_MESSAGE_ID = 1 << 7,
  CRMQ_HAS_TIMESTAMP = 1 << 6,
  CRMQ_HAS_TYPE = 1 << 5,
  CRMQ_HAS_USER_ID = 1 << 4,
  CRMQ_HAS_APP_ID = 1 << 3
};

typedef struct {
  uint32_t has;
  crmq_bytes content_type;
  crmq_bytes content_encoding;
  /* A field table as it stands on the wire, its four bytes of length included. */
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
  /* deliver, ack, nack */
  uint64_t delivery_tag;
  /* ack and nack: multiple; deliver: redelivered; basic.cancel: nowait; channel.flow: active */
  bool flag;
  /* return, channel.close, connection.close */
  uint16_t reply_code;
  /* the same three; connection.blocked: the reason */
  crmq_bytes text;
  /* channel.close, connection.close: the method that the broker objects to */
  uint16_t class_id;
  uint16_t method_id;
  /* deliver, return */
  crmq_bytes exchange;
  crmq_bytes routing_key;
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

/* Closes the socket, without a word to the broker, and frees everything. NULL is allowed. */
void crmq_free(crmq_connection *connection);

/* Connects by TCP. Name resolution blocks as long as the system's resolver does; the timeout counts for the connecting. */
int crmq_open(crmq_connection *connection, const char *host, int port, int timeout_milliseconds);

/*
 * How a broker is told from an impostor. Files are in PEM and read at each crmq_open_tls, so that renewed ones are taken up by new
 * connections.
 */
typedef struct {
  /* The authorities that are believed; NULL: those of OpenSSL's default, which is the system's. */
  const char *ca_file;
  /* This side's own certificate, with what leads to its authority, and its key; NULL both if the broker asks for none. */
  const char *certificate_file;
  const char *key_file;
} crmq_tls_options;

/*
 * As crmq_open, then TLS 1.2 or newer, all within the timeout. The broker's certificate has to lead to one of the authorities, to be valid
 * now, and to name `host` in its subjectAltName, as a DNS name or an IP address; else the handshake is broken off.
 */
int crmq_open_tls(crmq_connection *connection, const char *host, int port, int timeout_milliseconds, const crmq_tls_options *options);

/*
 * After a status of crmq_open_tls or crmq_login: what was wrong with TLS, a constant text without names; NULL if something else was.
 */
const char *crmq_tls_failure(crmq_connection *connection);

/*
 * The handshake up to connection.open-ok, with SASL PLAIN. Announces connection.blocked, basic.nack, publisher_confirms,
 * consumer_cancel_notify and authentication_failure_close.
 * Returns 0, a status, 1 if the broker closed the connection: then `refusal` holds reply_code, text, class_id and method_id; or
 * CRMQ_INVALID if the virtual host's name has more than 255 bytes: nothing was sent then.
 */
int crmq_login(crmq_connection *connection, const crmq_login_options *options, crmq_frame *refusal);

/* The socket, or -1. */
int crmq_descriptor(crmq_connection *connection);

/* What was negotiated. */
int crmq_frame_max_bytes(crmq_connection *connection);
int crmq_heartbeat_seconds(crmq_connection *connection);

/*
 * The next frame, if it is there whole: 1 and `frame`, 0 if there is none, or a status. Never waits for the broker.
 * Sends the heartbeat that is due and notices a peer that was silent for twice the interval, so it must be called at least that often.
 */
int crmq_next_frame(crmq_connection *connection, crmq_frame *frame);

/*
 * For tests, without a network: a connection as after the handshake, with this frame size, for crmq_decode. NULL without memory. Freed by
 * crmq_free.
 */
crmq_connection *crmq_new_decoder(int frame_max_bytes);

/*
 * Decodes `input` instead of what a socket brings, by the same code as crmq_next_frame.
 * Returns 1, 0 (all is used up and no frame complete) or a status; `consumed` tells how much of the input is used up.
 */
int crmq_decode(crmq_connection *connection, crmq_bytes input, size_t *consumed, crmq_frame *frame);

/*
 * Whether bytes or frames were read from the socket that crmq_next_frame has not returned yet: poll(2) cannot see those. With TLS, too:
 * OpenSSL reads no further than one record, and a whole record fits what the library reads at once.
 */
bool crmq_has_input(crmq_connection *connection);

/* Gives back the memory of decoded frames where the library can. Once a turn; without it memory grows with every frame. */
void crmq_release(crmq_connection *connection);

/* Whether poll(2) finds room for a message in the socket. */
bool crmq_can_send(crmq_connection *connection);

/* TCP_CORK: holds back partial segments until it is taken off again. */
void crmq_set_cork(crmq_connection *connection, bool on);

/*
 * Below: sends one method on channel 1 (connection methods: channel 0) and does not wait for the answer, which comes as a frame.
 * Short strings (names, keys, tags, every property but the headers) have at most 255 bytes: else the library would write a stream that
 * cannot be read. CRMQ_INVALID is returned for longer ones before anything is sent, and the connection stays usable.
 */
#define CRMQ_INVALID 2

int crmq_send_channel_open(crmq_connection *connection);
int crmq_send_channel_close(crmq_connection *connection);
int crmq_send_channel_close_ok(crmq_connection *connection);
int crmq_send_connection_close(crmq_connection *connection);
int crmq_send_connection_close_ok(crmq_connection *connection);
int crmq_send_confirm_select(crmq_connection *connection);
/* `global` is off: the limit counts for each consumer. */
int crmq_send_qos(crmq_connection *connection, uint16_t prefetch_messages);
int crmq_send_exchange_declare(crmq_connection *connection, crmq_bytes name, crmq_bytes kind, bool durable, bool auto_delete);
/* `arguments` is a field table as on the wire, or empty. */
int crmq_send_queue_declare(crmq_connection *connection, crmq_bytes name, bool durable, bool exclusive, bool auto_delete,
                            crmq_bytes arguments);
int crmq_send_queue_bind(crmq_connection *connection, crmq_bytes queue, crmq_bytes exchange, crmq_bytes routing_key);
/* With acknowledgements, not exclusive. */
int crmq_send_consume(crmq_connection *connection, crmq_bytes queue, crmq_bytes consumer_tag);
int crmq_send_cancel(crmq_connection *connection, crmq_bytes consumer_tag);
int crmq_send_ack(crmq_connection *connection, uint64_t delivery_tag, bool multiple);

/*
 * Publishes. Also CRMQ_INVALID if the headers are no readable field table or the properties do not fit into one frame.
 * A status below zero leaves open whether the broker got the message.
 */
int crmq_publish(crmq_connection *connection, crmq_bytes exchange, crmq_bytes routing_key, bool mandatory,
                 const crmq_properties *properties, crmq_bytes body);

/* A constant text for a status. */
const char *crmq_status_text(int status);

/* The statuses that callers tell apart. */
extern const int crmq_status_timeout;
extern const int crmq_status_heartbeat_timeout;
extern const int crmq_status_resolution_failed;
extern const int crmq_status_bad_data;

#endif
