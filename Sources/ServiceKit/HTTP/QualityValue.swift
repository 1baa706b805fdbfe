/// The weight `q` of content negotiation (RFC 9110 §12.4.2).
enum QualityValue {
    /// `0.123` as 123; what is malformed as 0: nobody is given what they may not want.
    static func thousandths(_ weight: Substring) -> Int {
        guard let value = Double(weight), (0...1).contains(value) else { return 0 }
        return Int((value * 1000).rounded())
    }
}
