#include "crmq.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "../CLibRabbitMQ/shim.h"
#include "crmq_tls.h"

/* The header repeats the protocol's numbers; the library must use the same. */
#define SAME_METHOD(name, number) _Static_assert(number == AMQP_##name##_METHOD, #name);
CRMQ_METHODS(SAME_METHOD)
#define SAME_PROPERTY(name, bit) _Static_assert((bit) == AMQP_BASIC_##name##_FLAG, #name);
CRMQ_PROPERTIES(SAME_PROPERTY)

const int crmq_status_timeout = AMQP_STATUS_TIMEOUT;
const int crmq_status_heartbeat_timeout = AMQP_STATUS_HEARTBEAT_TIMEOUT;
const int crmq_status_resolution_failed = AMQP_STATUS_HOSTNAME_RESOLUTION_FAILED;
const int crmq_status_bad_data = AMQP_STATUS_BAD_AMQP_DATA;

enum {
  MESSAGE_CHANNEL = 1,
  SHORT_STRING_BYTES_MAX = 255
};

struct crmq_connection {
  amqp_connection_state_t state;
  bool encrypted;
  crmq_tls tls;
  const char *tls_failure;
};

static crmq_bytes from_library(amqp_bytes_t bytes) {
  crmq_bytes result = {bytes.bytes, bytes.len};
  return result;
}

static amqp_bytes_t to_library(crmq_bytes bytes) {
  /* The library's type has no const; amqp_handle_input writes nothing through it. */
  amqp_bytes_t result = {bytes.length, (void *)bytes.bytes};
  return result;
}

static struct timeval milliseconds(int value) {
  struct timeval result = {value / 1000, (value % 1000) * 1000};
  return result;
}

/* MARK: life */

crmq_connection *crmq_new(void) {
  crmq_connection *connection = calloc(1, sizeof(*connection));
  if (connection == NULL) return NULL;
  connection->state = amqp_new_connection();
  if (connection->state == NULL) {
    free(connection);
    return NULL;
  }
  return connection;
}

void crmq_free(crmq_connection *connection) {
  if (connection == NULL) return;
  amqp_destroy_connection(connection->state);
  free(connection);
}

int crmq_open(crmq_connection *connection, const char *address, int port, int timeout_milliseconds) {
  struct timeval timeout = milliseconds(timeout_milliseconds);
  /* The connection owns the socket and frees it. */
  amqp_socket_t *socket = amqp_tcp_socket_new(connection->state);
  if (socket == NULL) return AMQP_STATUS_NO_MEMORY;
  return amqp_socket_open_noblock(socket, address, port, &timeout);
}

int crmq_open_tls(crmq_connection *connection, const char *host, const char *address, int port, int timeout_milliseconds,
                  const crmq_tls_options *options) {
  struct timeval timeout = milliseconds(timeout_milliseconds);
  /* The connection owns the socket and frees it. */
  amqp_socket_t *socket = amqp_ssl_socket_new(connection->state);
  if (socket == NULL) return AMQP_STATUS_NO_MEMORY;
  connection->encrypted = true;
  connection->tls_failure = crmq_tls_prepare(socket, host, options, &connection->tls);
  if (connection->tls_failure != NULL) return AMQP_STATUS_SSL_ERROR;
  int status = amqp_socket_open_noblock(socket, address, port, &timeout);
  /* The caller's; a later renegotiation keeps the name that was sent. */
  connection->tls.server_name = NULL;
  connection->tls_failure = crmq_tls_reason(status, connection->tls.certificate_error, "the connection was closed in the middle of TLS");
  return status;
}

const char *crmq_tls_failure(crmq_connection *connection) { return connection->tls_failure; }

int crmq_descriptor(crmq_connection *connection) { return amqp_get_sockfd(connection->state); }

int crmq_frame_max_bytes(crmq_connection *connection) { return amqp_get_frame_max(connection->state); }

int crmq_heartbeat_seconds(crmq_connection *connection) { return amqp_get_heartbeat(connection->state); }

const char *crmq_status_text(int status) { return amqp_error_string2(status); }

static amqp_table_entry_t capability(const char *name) {
  amqp_table_entry_t entry;
  memset(&entry, 0, sizeof(entry));
  entry.key = amqp_cstring_bytes(name);
  entry.value.kind = AMQP_FIELD_KIND_BOOLEAN;
  entry.value.value.boolean = 1;
  return entry;
}

static void fill_close(crmq_frame *frame, uint16_t reply_code, amqp_bytes_t text, uint16_t class_id, uint16_t method_id) {
  frame->reply_code = reply_code;
  frame->text = from_library(text);
  frame->class_id = class_id;
  frame->method_id = method_id;
}

int crmq_login(crmq_connection *connection, const crmq_login_options *options, crmq_frame *refusal) {
  memset(refusal, 0, sizeof(*refusal));
  /* The virtual host is a short string too; the library writes the length of a longer one modulo 256. */
  if (strlen(options->virtual_host) > SHORT_STRING_BYTES_MAX) return CRMQ_INVALID;

  amqp_table_entry_t capabilities[] = {
      capability("connection.blocked"),    capability("basic.nack"),
      capability("publisher_confirms"),    capability("consumer_cancel_notify"),
      capability("authentication_failure_close"),
  };
  amqp_table_entry_t properties[2];
  memset(properties, 0, sizeof(properties));
  properties[0].key = amqp_cstring_bytes("capabilities");
  properties[0].value.kind = AMQP_FIELD_KIND_TABLE;
  properties[0].value.value.table.num_entries = sizeof(capabilities) / sizeof(capabilities[0]);
  properties[0].value.value.table.entries = capabilities;
  properties[1].key = amqp_cstring_bytes("connection_name");
  properties[1].value.kind = AMQP_FIELD_KIND_UTF8;
  properties[1].value.value.bytes = amqp_cstring_bytes(options->connection_name);
  amqp_table_t table = {2, properties};

  struct timeval timeout = milliseconds(options->timeout_milliseconds);
  int status = amqp_set_handshake_timeout(connection->state, &timeout);
  if (status != AMQP_STATUS_OK) return status;

  amqp_rpc_reply_t reply = amqp_login_with_properties(
      connection->state, options->virtual_host, MESSAGE_CHANNEL, options->frame_max_bytes, options->heartbeat_seconds, &table,
      AMQP_SASL_METHOD_PLAIN, options->user, options->password);
  switch (reply.reply_type) {
    case AMQP_RESPONSE_NORMAL:
      return 0;
    case AMQP_RESPONSE_SERVER_EXCEPTION:
      if (reply.reply.id == AMQP_CONNECTION_CLOSE_METHOD && reply.reply.decoded != NULL) {
        const amqp_connection_close_t *close = reply.reply.decoded;
        fill_close(refusal, close->reply_code, close->reply_text, close->class_id, close->method_id);
        return 1;
      }
      return AMQP_STATUS_WRONG_METHOD;
    case AMQP_RESPONSE_LIBRARY_EXCEPTION:
      /*
       * With TLS 1.3 a broker refuses this side's certificate only after the handshake (RFC 8446, section 4.4.2.4). What this side has
       * sent by then can make its socket drop the alert.
       */
      if (connection->encrypted) {
        connection->tls_failure = crmq_tls_reason(
            reply.library_error, connection->tls.certificate_error,
            "the connection was closed right after TLS, as brokers do that require a certificate or do not trust this side's");
      }
      return reply.library_error < 0 ? reply.library_error : AMQP_STATUS_UNEXPECTED_STATE;
    default:
      return AMQP_STATUS_UNEXPECTED_STATE;
  }
}

/* MARK: receiving */

/* Finds the field table inside encoded properties: flag words (the lowest bit announces one more), then the members in the order of their
 * bits. */
static crmq_bytes find_headers(amqp_bytes_t raw) {
  const crmq_bytes none = {NULL, 0};
  const uint8_t *bytes = raw.bytes;
  size_t at = 0;
  uint16_t flags = 0;
  for (bool first = true, more = true; more; first = false) {
    if (raw.len - at < 2) return none;
    uint16_t word = (uint16_t)(bytes[at] << 8 | bytes[at + 1]);
    at += 2;
    if (first) flags = word;
    more = word & 1;
  }
  for (uint16_t flag = AMQP_BASIC_CONTENT_TYPE_FLAG; flag > AMQP_BASIC_HEADERS_FLAG; flag >>= 1) {
    if (!(flags & flag)) continue;
    if (raw.len - at < 1 || raw.len - at - 1 < bytes[at]) return none;
    at += 1 + (size_t)bytes[at];
  }
  if (!(flags & AMQP_BASIC_HEADERS_FLAG) || raw.len - at < 4) return none;
  size_t length = (size_t)bytes[at] << 24 | (size_t)bytes[at + 1] << 16 | (size_t)bytes[at + 2] << 8 | bytes[at + 3];
  if (raw.len - at - 4 < length) return none;
  crmq_bytes headers = {bytes + at, length + 4};
  return headers;
}

static void fill_properties(crmq_properties *out, const amqp_basic_properties_t *in, amqp_bytes_t raw) {
  /* The library does not initialise members without their flag; they must not be read. */
  const amqp_flags_t has = in->_flags & (amqp_flags_t)0xFFF8;
  out->has = has;
  if (has & AMQP_BASIC_CONTENT_TYPE_FLAG) out->content_type = from_library(in->content_type);
  if (has & AMQP_BASIC_CONTENT_ENCODING_FLAG) out->content_encoding = from_library(in->content_encoding);
  out->headers = find_headers(raw);
  if (has & AMQP_BASIC_DELIVERY_MODE_FLAG) out->delivery_mode = in->delivery_mode;
  if (has & AMQP_BASIC_PRIORITY_FLAG) out->priority = in->priority;
  if (has & AMQP_BASIC_CORRELATION_ID_FLAG) out->correlation_id = from_library(in->correlation_id);
  if (has & AMQP_BASIC_REPLY_TO_FLAG) out->reply_to = from_library(in->reply_to);
  if (has & AMQP_BASIC_EXPIRATION_FLAG) out->expiration = from_library(in->expiration);
  if (has & AMQP_BASIC_MESSAGE_ID_FLAG) out->message_id = from_library(in->message_id);
  if (has & AMQP_BASIC_TIMESTAMP_FLAG) out->timestamp = in->timestamp;
  if (has & AMQP_BASIC_TYPE_FLAG) out->type = from_library(in->type);
  if (has & AMQP_BASIC_USER_ID_FLAG) out->user_id = from_library(in->user_id);
  if (has & AMQP_BASIC_APP_ID_FLAG) out->app_id = from_library(in->app_id);
}

static void fill_method(crmq_frame *out, const amqp_method_t *in) {
  out->method = in->id;
  switch (in->id) {
    case AMQP_BASIC_DELIVER_METHOD: {
      const amqp_basic_deliver_t *method = in->decoded;
      out->delivery_tag = method->delivery_tag;
      out->flag = method->redelivered;
      out->exchange = from_library(method->exchange);
      out->routing_key = from_library(method->routing_key);
      break;
    }
    case AMQP_BASIC_GET_OK_METHOD: {
      const amqp_basic_get_ok_t *method = in->decoded;
      out->delivery_tag = method->delivery_tag;
      out->flag = method->redelivered;
      out->exchange = from_library(method->exchange);
      out->routing_key = from_library(method->routing_key);
      out->message_count = method->message_count;
      break;
    }
    case AMQP_BASIC_RETURN_METHOD: {
      const amqp_basic_return_t *method = in->decoded;
      out->reply_code = method->reply_code;
      out->text = from_library(method->reply_text);
      break;
    }
    case AMQP_BASIC_ACK_METHOD: {
      const amqp_basic_ack_t *method = in->decoded;
      out->delivery_tag = method->delivery_tag;
      out->flag = method->multiple;
      break;
    }
    case AMQP_BASIC_NACK_METHOD: {
      const amqp_basic_nack_t *method = in->decoded;
      out->delivery_tag = method->delivery_tag;
      out->flag = method->multiple;
      break;
    }
    case AMQP_CHANNEL_CLOSE_METHOD: {
      const amqp_channel_close_t *method = in->decoded;
      fill_close(out, method->reply_code, method->reply_text, method->class_id, method->method_id);
      break;
    }
    case AMQP_CONNECTION_CLOSE_METHOD: {
      const amqp_connection_close_t *method = in->decoded;
      fill_close(out, method->reply_code, method->reply_text, method->class_id, method->method_id);
      break;
    }
    case AMQP_CONNECTION_BLOCKED_METHOD: {
      const amqp_connection_blocked_t *method = in->decoded;
      out->text = from_library(method->reason);
      break;
    }
    default:
      break;
  }
}

static int fill_frame(crmq_frame *out, const amqp_frame_t *in) {
  memset(out, 0, sizeof(*out));
  out->kind = in->frame_type;
  out->channel = in->channel;
  switch (in->frame_type) {
    case AMQP_FRAME_METHOD:
      fill_method(out, &in->payload.method);
      return 1;
    case AMQP_FRAME_HEADER:
      /* No other class has content in practice, and its properties would have another type. */
      if (in->payload.properties.class_id != AMQP_BASIC_CLASS) return AMQP_STATUS_BAD_AMQP_DATA;
      out->body_size = in->payload.properties.body_size;
      fill_properties(&out->properties, in->payload.properties.decoded, in->payload.properties.raw);
      return 1;
    case AMQP_FRAME_BODY:
      out->body = from_library(in->payload.body_fragment);
      return 1;
    case AMQP_FRAME_HEARTBEAT:
      return 1;
    default:
      return AMQP_STATUS_BAD_AMQP_DATA;
  }
}

int crmq_next_frame(crmq_connection *connection, crmq_frame *frame) {
  amqp_frame_t read;
  struct timeval at_once = {0, 0};
  int status = amqp_simple_wait_frame_noblock(connection->state, &read, &at_once);
  if (status == AMQP_STATUS_TIMEOUT) return 0;
  if (status != AMQP_STATUS_OK) return status;
  return fill_frame(frame, &read);
}

crmq_connection *crmq_new_decoder(int frame_max_bytes) {
  crmq_connection *connection = crmq_new();
  if (connection == NULL) return NULL;
  /* A new connection expects a protocol header, and tuning it before that aborts. */
  static const uint8_t header[] = {'A', 'M', 'Q', 'P', 0, 0, 9, 1};
  amqp_bytes_t input = {sizeof(header), (void *)header};
  amqp_frame_t frame;
  if (amqp_handle_input(connection->state, input, &frame) != (int)sizeof(header) || !amqp_release_buffers_ok(connection->state) ||
      amqp_tune_connection(connection->state, MESSAGE_CHANNEL, frame_max_bytes, 0) != AMQP_STATUS_OK) {
    crmq_free(connection);
    return NULL;
  }
  return connection;
}

int crmq_decode(crmq_connection *connection, crmq_bytes input, size_t *consumed, crmq_frame *frame) {
  *consumed = 0;
  while (*consumed < input.length) {
    amqp_frame_t read;
    crmq_bytes rest = {input.bytes + *consumed, input.length - *consumed};
    int status = amqp_handle_input(connection->state, to_library(rest), &read);
    if (status < 0) return status;
    *consumed += (size_t)status;
    if (read.frame_type != 0) return fill_frame(frame, &read);
  }
  return 0;
}

bool crmq_has_input(crmq_connection *connection) {
  return amqp_frames_enqueued(connection->state) || amqp_data_in_buffer(connection->state);
}

void crmq_release(crmq_connection *connection) { amqp_maybe_release_buffers(connection->state); }

/* MARK: sending */

bool crmq_can_send(crmq_connection *connection) {
  struct pollfd descriptor = {amqp_get_sockfd(connection->state), POLLOUT, 0};
  /* A socket in error is ready, too; the next call on it reports the error. */
  return poll(&descriptor, 1, 0) > 0;
}

/* The number of bytes sent, 0 if it has to be called again, or a status. */
static ssize_t send_some(crmq_connection *connection, int descriptor, const uint8_t *bytes, size_t length) {
  if (connection->encrypted) return crmq_tls_send(&connection->tls, descriptor, bytes, length);
  ssize_t sent = send(descriptor, bytes, length, MSG_NOSIGNAL);
  if (sent >= 0) return sent;
  switch (errno) {
    case EINTR:
      return 0;
    case EAGAIN: {
      /* Without a limit; shutdown(2) from another thread ends it. */
      struct pollfd room = {descriptor, POLLOUT, 0};
      (void)poll(&room, 1, -1);
      return 0;
    }
    case EPIPE:
    case ECONNRESET:
      return AMQP_STATUS_CONNECTION_CLOSED;
    default:
      return AMQP_STATUS_SOCKET_ERROR;
  }
}

int crmq_send(crmq_connection *connection, const uint8_t *bytes, size_t length) {
  int descriptor = amqp_get_sockfd(connection->state);
  if (descriptor < 0) return AMQP_STATUS_SOCKET_CLOSED;
  while (length > 0) {
    ssize_t sent = send_some(connection, descriptor, bytes, length);
    if (sent < 0) return (int)sent;
    bytes += sent;
    length -= (size_t)sent;
  }
  return 0;
}
