/// SplitMix64: the same numbers for the same seed, so that a failure named by its seed can be repeated.
struct GeradorSemeado: RandomNumberGenerator {
    private var estado: UInt64

    init(semente: UInt64) {
        estado = semente
    }

    mutating func next() -> UInt64 {
        estado &+= 0x9E37_79B9_7F4A_7C15
        var z = estado
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
