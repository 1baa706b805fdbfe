import Foundation

/// What follows `amq.rabbitmq.reply-to.` in a `reply_to` that the broker has rewritten: `<process>.<key>`, both in base64.
///
/// Whoever sends such a name himself gets it through unchanged, and a broker that is then told to reply to it decodes it without care: on
/// RabbitMQ 3.10 base64 of anything but a process ends the channel of whoever replies, and with it the answers of everybody else. So only what
/// is built as the broker builds it is replied to (`rabbit_direct_reply_to`, `pid_recomposition`: the process is a pid in Erlang's external
/// term format, https://www.erlang.org/doc/apps/erts/erl_ext_dist, `NEW_PID_EXT` or `PID_EXT`).
enum DirectReplyToken {
    private static let version: UInt8 = 131
    private static let newPid: UInt8 = 88
    private static let pid: UInt8 = 103
    /// Kinds of atoms by the width of their length in bytes.
    private static let atomLengthBytes: [UInt8: Int] = [100: 2, 118: 2, 115: 1, 119: 1]
    private static let keyBytes = 16...64

    static func isValid(_ token: some Collection<UInt8>) -> Bool {
        let parts = token.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 2, let process = Data(base64Encoded: Data(parts[0])), let key = Data(base64Encoded: Data(parts[1])) else {
            return false
        }
        return self.isPid(Array(process)) && self.keyBytes.contains(key.count)
    }

    private static func isPid(_ term: [UInt8]) -> Bool {
        guard term.count > 3, term[0] == self.version, let lengthBytes = self.atomLengthBytes[term[2]] else { return false }
        // Id and serial of four bytes each, then the creation.
        let numbersBytes: Int
        switch term[1] {
        case self.newPid: numbersBytes = 12
        case self.pid: numbersBytes = 9
        default: return false
        }
        let nameStart = 3 + lengthBytes
        guard term.count > nameStart else { return false }
        let nameBytes = term[3..<nameStart].reduce(0) { $0 << 8 | Int($1) }
        // An atom has at most 255 characters; the name of a node has an @ and is ASCII here.
        guard (3...255).contains(nameBytes), term.count == nameStart + nameBytes + numbersBytes else { return false }
        let name = term[nameStart..<(nameStart + nameBytes)]
        return name.contains(UInt8(ascii: "@")) && name.allSatisfy { (0x21...0x7E).contains($0) }
    }
}
