import CRabbitMQ

extension String {
    /// Copies; what is not UTF-8 becomes U+FFFD.
    init(_ bytes: crmq_bytes) {
        self.init(decoding: UnsafeRawBufferPointer(start: bytes.bytes, count: bytes.length), as: UTF8.self)
    }
}

extension [UInt8] {
    /// Copies.
    init(_ bytes: crmq_bytes) {
        self.init(UnsafeRawBufferPointer(start: bytes.bytes, count: bytes.length))
    }

    /// The bytes for one C call; do not let them out of the closure.
    func withBytes<Result>(_ body: (crmq_bytes) -> Result) -> Result {
        self.withUnsafeBufferPointer { body(crmq_bytes(bytes: $0.baseAddress, length: $0.count)) }
    }
}

/// Up to three texts for one C call; do not let them out of the closure.
func withBytes<Result>(
    _ first: String, _ second: String = "", _ third: String = "", _ body: (crmq_bytes, crmq_bytes, crmq_bytes) -> Result
) -> Result {
    Array(first.utf8).withBytes { first in
        Array(second.utf8).withBytes { second in
            Array(third.utf8).withBytes { third in body(first, second, third) }
        }
    }
}

/// Up to three texts as C strings, nil as no pointer; do not let them out of the closure.
func withCStrings<Result>(
    _ first: String?, _ second: String?, _ third: String?,
    _ body: (UnsafePointer<CChar>?, UnsafePointer<CChar>?, UnsafePointer<CChar>?) -> Result
) -> Result {
    func pointer(_ text: String?, _ body: (UnsafePointer<CChar>?) -> Result) -> Result {
        if let text { text.withCString(body) } else { body(nil) }
    }
    return pointer(first) { first in
        pointer(second) { second in
            pointer(third) { third in body(first, second, third) }
        }
    }
}

extension AMQPProperties {
    /// Copies what the C struct points to.
    init(_ properties: crmq_properties) {
        self.init()
        func has(_ flag: Int) -> Bool { properties.has & UInt32(flag) != 0 }
        if has(CRMQ_HAS_CONTENT_TYPE) { self.contentType = String(properties.content_type) }
        if has(CRMQ_HAS_CONTENT_ENCODING) { self.contentEncoding = String(properties.content_encoding) }
        // The broker reads every table itself and lets none pass that it cannot read, so there is nothing to keep where this finds nil.
        if has(CRMQ_HAS_HEADERS) { self.headers = AMQPTable(wireBytes: Array(properties.headers)) }
        if has(CRMQ_HAS_DELIVERY_MODE) { self.persistent = properties.delivery_mode == 2 }
        if has(CRMQ_HAS_PRIORITY) { self.priority = properties.priority }
        if has(CRMQ_HAS_CORRELATION_ID) { self.correlationID = String(properties.correlation_id) }
        if has(CRMQ_HAS_REPLY_TO) { self.replyTo = String(properties.reply_to) }
        if has(CRMQ_HAS_EXPIRATION) { self.expiration = String(properties.expiration) }
        if has(CRMQ_HAS_MESSAGE_ID) { self.messageID = String(properties.message_id) }
        if has(CRMQ_HAS_TIMESTAMP) { self.timestamp = properties.timestamp }
        if has(CRMQ_HAS_TYPE) { self.type = String(properties.type) }
        if has(CRMQ_HAS_USER_ID) { self.userID = String(properties.user_id) }
        if has(CRMQ_HAS_APP_ID) { self.appID = String(properties.app_id) }
    }
}
