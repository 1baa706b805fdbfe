/// Takes a JSON array apart as it arrives, without reading its elements: it only finds where each ends. What the elements are is for
/// ``JSONReader`` to say; a fault between them ends the array.
package struct SeparadorDeLista {
    private enum Estado {
        /// Nothing but white space so far.
        case antes
        /// After `[`: an element or the end.
        case aberta
        /// After a comma: an element.
        case depoisDaVirgula
        case elemento(Elemento)
        /// After an element: a comma or the end.
        case depoisDoElemento
        /// After `]`: nothing but white space.
        case fechada
        case falhou
    }

    /// Where inside an element the next byte falls.
    private enum Elemento {
        /// Objects and arrays inside each other, each counted by its brackets.
        case composto(niveis: Int)
        case textoDentro(niveis: Int)
        case escapeDentro(niveis: Int)
        case texto
        case escape
        /// A number or a word: it ends where something else begins.
        case outro
    }

    private var estado = Estado.antes
    private var coleta = PedacoDoLote.Coleta()
    private var posicao = 0
    /// Whether there is an array: its `[` came.
    package private(set) var comecou = false

    package init() {}

    /// The elements that end inside these bytes, up to a fault if there is one. After a fault nothing more comes.
    package mutating func receber(_ bytes: [UInt8]) -> (pedacos: [PedacoDoLote], falha: JSONError?) {
        var pedacos: [PedacoDoLote] = []
        var indice = 0
        while indice < bytes.count {
            if case .elemento(let onde) = estado {
                indice = continuar(onde, bytes, de: indice, &pedacos)
            } else if entre(bytes[indice]) {
                indice += 1
            } else {
                defer { estado = .falhou }
                if case .falhou = estado { return (pedacos, nil) }
                return (pedacos, JSONError(posicao: posicao + indice, motivo: .caractereInesperado))
            }
        }
        posicao += bytes.count
        return (pedacos, nil)
    }

    /// The fault of a body that ends here, if it is one.
    package mutating func terminar() -> JSONError? {
        switch estado {
        case .fechada, .falhou: return nil
        case .antes: return JSONError(posicao: posicao, motivo: .vazio)
        default: return JSONError(posicao: posicao, motivo: .fimInesperado)
        }
    }

    /// A byte outside the elements; false: it cannot stand there. A byte that begins an element is taken by ``continuar``, so that it is
    /// looked at once more there.
    private mutating func entre(_ byte: UInt8) -> Bool {
        if SeparadorDeLista.eBranco(byte) { return true }
        switch (estado, byte) {
        case (.antes, UInt8(ascii: "[")):
            estado = .aberta
            comecou = true
        case (.aberta, UInt8(ascii: "]")), (.depoisDoElemento, UInt8(ascii: "]")): estado = .fechada
        case (.depoisDoElemento, UInt8(ascii: ",")): estado = .depoisDaVirgula
        case (.aberta, _), (.depoisDaVirgula, _): return comecar(byte)
        default: return false
        }
        return true
    }

    private mutating func comecar(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "{"), UInt8(ascii: "["): estado = .elemento(.composto(niveis: 1))
        case UInt8(ascii: "\""): estado = .elemento(.texto)
        case UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"), UInt8(ascii: ":"): return false
        default: estado = .elemento(.outro)
        }
        coleta.append(CollectionOfOne(byte))
        return true
    }

    /// Reads on inside an element; returns where the next byte to look at is.
    private mutating func continuar(_ onde: Elemento, _ bytes: [UInt8], de inicio: Int, _ pedacos: inout [PedacoDoLote]) -> Int {
        var onde = onde
        var indice = inicio
        while indice < bytes.count {
            let byte = bytes[indice]
            if case .outro = onde, SeparadorDeLista.eBranco(byte) || byte == UInt8(ascii: ",") || byte == UInt8(ascii: "]") {
                return terminarElemento(bytes[inicio..<indice], &pedacos, proximo: indice)
            }
            indice += 1
            guard let proximo = SeparadorDeLista.proximo(onde, byte) else {
                return terminarElemento(bytes[inicio..<indice], &pedacos, proximo: indice)
            }
            onde = proximo
        }
        coleta.append(bytes[inicio...])
        estado = .elemento(onde)
        return indice
    }

    private mutating func terminarElemento(_ bytes: ArraySlice<UInt8>, _ pedacos: inout [PedacoDoLote], proximo: Int) -> Int {
        coleta.append(bytes)
        pedacos.append(coleta.take())
        estado = .depoisDoElemento
        return proximo
    }

    /// Where the byte after this one falls; nil: this one was the element's last.
    private static func proximo(_ onde: Elemento, _ byte: UInt8) -> Elemento? {
        switch (onde, byte) {
        case (.composto(let niveis), UInt8(ascii: "{")), (.composto(let niveis), UInt8(ascii: "[")): .composto(niveis: niveis + 1)
        case (.composto(let niveis), UInt8(ascii: "}")), (.composto(let niveis), UInt8(ascii: "]")):
            niveis == 1 ? nil : .composto(niveis: niveis - 1)
        case (.composto(let niveis), UInt8(ascii: "\"")): .textoDentro(niveis: niveis)
        case (.textoDentro(let niveis), UInt8(ascii: "\"")): .composto(niveis: niveis)
        case (.textoDentro(let niveis), UInt8(ascii: "\\")): .escapeDentro(niveis: niveis)
        case (.escapeDentro(let niveis), _): .textoDentro(niveis: niveis)
        case (.texto, UInt8(ascii: "\"")): nil
        case (.texto, UInt8(ascii: "\\")): .escape
        case (.escape, _): .texto
        default: onde
        }
    }

    private static func eBranco(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }
}
