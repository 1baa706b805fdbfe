import FluxoDeCaixa

/// Centavos for people.
enum Money {
    static func text(_ centavos: Int128) -> String { Quantia(centavos: centavos).description }
}
