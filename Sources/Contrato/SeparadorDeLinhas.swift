/// Takes NDJSON apart as it arrives: an entry a line, ended by LF or by the end of the body; blank lines count as nothing.
package struct SeparadorDeLinhas {
    private var linha = PedacoDoLote.Coleta()
    private var temConteudo = false

    package init() {}

    /// The lines that end inside these bytes.
    package mutating func receber(_ bytes: [UInt8]) -> [PedacoDoLote] {
        var pedacos: [PedacoDoLote] = []
        var resto = bytes[...]
        while let fim = resto.firstIndex(of: 0x0A) {
            anexar(resto[..<fim])
            terminarLinha(&pedacos)
            resto = resto[(fim + 1)...]
        }
        anexar(resto)
        return pedacos
    }

    /// The last line, if nothing ended it but the end of the body.
    package mutating func terminar() -> [PedacoDoLote] {
        var pedacos: [PedacoDoLote] = []
        terminarLinha(&pedacos)
        return pedacos
    }

    private mutating func anexar(_ bytes: ArraySlice<UInt8>) {
        if !temConteudo, bytes.contains(where: { !SeparadorDeLinhas.eBranco($0) }) { temConteudo = true }
        linha.append(bytes)
    }

    private mutating func terminarLinha(_ pedacos: inout [PedacoDoLote]) {
        let pedaco = linha.take()
        // An endless run of blanks is thrown away with the rest of its line.
        if temConteudo { pedacos.append(pedaco) }
        temConteudo = false
    }

    private static func eBranco(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0D
    }
}
