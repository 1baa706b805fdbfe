/// A 64-bit hash that is the same in every process and version (FNV-1a): tells contents apart, keeps no secret and withstands no attacker.
struct Fingerprint: Sendable {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    /// Takes more bytes in.
    mutating func add(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { self.value = (self.value ^ UInt64(byte)) &* 0x100_0000_01B3 }
    }

    /// Takes one part of several in: parts of other lengths that read the same together are different, and so is a part that is absent.
    mutating func add(part: String?) {
        self.add("\(part?.utf8.count ?? -1):".utf8)
        if let part { self.add(part.utf8) }
    }
}
