import Foundation

/// base64url without padding (RFC 7515 §2), strict: one text for one value, so that a token has one form.
package enum Base64URL {
    /// The bytes of a text; nil: not the canonical base64url text of any bytes.
    package static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        let standard = text.map { $0 == UInt8(ascii: "-") ? UInt8(ascii: "+") : $0 == UInt8(ascii: "_") ? UInt8(ascii: "/") : $0 }
        let padding = Array(repeating: UInt8(ascii: "="), count: (4 - text.count % 4) % 4)
        guard let bytes = Data(base64Encoded: Data(standard + padding)).map(Array.init) else { return nil }
        // Refuses the standard alphabet, padding and bits left over.
        return self.encode(bytes).utf8.elementsEqual(text) ? bytes : nil
    }

    /// The one text that ``decode(_:)`` reads as these bytes.
    package static func encode(_ bytes: [UInt8]) -> String {
        let standard = Data(bytes).base64EncodedString().prefix { $0 != "=" }
        return String(standard.map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 })
    }
}
