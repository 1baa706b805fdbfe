import SeededRandom

/// Creates random entries. About half are acceptable. The others are wrong in few places: an entry that is wrong everywhere tests little.
struct LancamentoAleatorio {
    private static let estranhos: [Unicode.Scalar] = [
        "\u{0}", " ", "\t", "\n", "\"", "\\", "/", ".", "-", "+", "*", "#", "A", "z", "0", "9", "_", "\u{7F}", "\u{E9}", "\u{301}",
        "\u{661}",
        "\u{FF11}", "\u{200B}", "\u{2028}", "\u{FEFF}", "\u{1F600}", "\u{10FFFF}",
    ]

    var aleatorio: SeededGenerator
    /// Whether this entry is meant to be valid.
    private var comportado = true

    init(semente: UInt64) {
        aleatorio = SeededGenerator(seed: semente)
    }

    mutating func membros() -> [(nome: String, valor: Literal)] {
        comportado = chance(50)
        var membros: [(nome: String, valor: Literal)] = []
        func acrescentar(_ nome: String, presente: Int, _ valor: Literal, _ eu: inout Self) {
            guard eu.chance(eu.comportado ? max(presente, 1) : presente) else { return }
            membros.append((nome, eu.comportado ? valor : eu.talvezOutro(valor)))
        }
        acrescentar("conta", presente: comportado ? 100 : 95, .texto(conta()), &self)
        acrescentar("tipo", presente: comportado ? 100 : 95, .texto(um(["credito", "debito"])), &self)
        acrescentar("valor", presente: comportado ? 100 : 95, valor(), &self)
        acrescentar("data", presente: 60, .texto(data()), &self)
        acrescentar("moeda", presente: 30, .texto("BRL"), &self)
        acrescentar("natureza", presente: 30, .texto(um(["operacional", "transferencia", "implantacao", "ajuste"])), &self)
        acrescentar("descricao", presente: 40, .texto(texto(limite: 200)), &self)
        acrescentar("categoria", presente: 30, .texto(texto(limite: 64)), &self)
        acrescentar("referencia", presente: 30, .texto(texto(limite: 128)), &self)
        acrescentar("metadados", presente: 40, metadados(), &self)
        if !comportado || chance(50) { acrescentar("chave", presente: 40, .texto(chave()), &self) }
        if !comportado, chance(10) { membros.append((nomeDesconhecido(), .numero("1"))) }
        membros.shuffle(using: &aleatorio)
        return membros
    }

    // MARK: Members

    private mutating func conta() -> String {
        let letras = Array("abzABZ059_")
        var segmentos: [String] = []
        for _ in 0..<Int.random(in: 1...4, using: &aleatorio) {
            var segmento = String(um(letras))
            for _ in 0..<Int.random(in: 0...(comportado ? 14 : 18), using: &aleatorio) { segmento.append(chance(15) ? "-" : um(letras)) }
            segmentos.append(segmento)
        }
        return segmentos.joined(separator: ".")
    }

    private mutating func valor() -> Literal {
        var escrito = algarismos(Int.random(in: 1...(comportado ? 10 : 13), using: &aleatorio), semZero: true)
        if chance(60) { escrito += "." + algarismos(Int.random(in: 1...(comportado ? 2 : 3), using: &aleatorio), semZero: false) }
        if !comportado {
            if chance(10) { escrito = "-" + escrito }
            if chance(10) { escrito = um(["0", "0.0", "0.00", "-0.00", "0.001", "00.10"]) }
            if chance(5) { escrito += um(["e3", "E-2", "e+10"]) }
        }
        return chance(50) && Self.eNumeroJSON(escrito) ? .numero(escrito) : .texto(escrito)
    }

    /// Days of the eleven years around the window; for a valid entry, days of the window.
    private mutating func data() -> String {
        let ano = Int.random(in: comportado ? 2017...2025 : 2015...2027, using: &aleatorio)
        let mes = Int.random(in: comportado ? 1...12 : 0...13, using: &aleatorio)
        let dia = Int.random(in: comportado ? 1...28 : 0...32, using: &aleatorio)
        return "\(ano)-\(doisAlgarismos(mes))-\(doisAlgarismos(dia))"
    }

    /// Lengths near the limit as often as far below it.
    private mutating func texto(limite: Int) -> String {
        let comprimento =
            chance(40)
            ? limite + Int.random(in: comportado ? -2...0 : -2...2, using: &aleatorio) : Int.random(in: 0...20, using: &aleatorio)
        return escalares(comprimento)
    }

    private mutating func metadados() -> Literal {
        let quantos =
            chance(10) ? Int.random(in: comportado ? 14...16 : 14...18, using: &aleatorio) : Int.random(in: 0...4, using: &aleatorio)
        var membros: [(nome: String, valor: Literal)] = []
        for numero in 0..<quantos {
            let comprimento =
                chance(5) && !comportado ? Int.random(in: 900...2000, using: &aleatorio) : Int.random(in: 0...20, using: &aleatorio)
            let valor = Literal.texto(escalares(comprimento))
            // The number makes names unique: the JSON reader refuses repeated names.
            membros.append(("\(numero)\(escalares(3))", comportado ? valor : talvezOutro(valor)))
        }
        return .objeto(membros)
    }

    private mutating func chave() -> String {
        let comprimento =
            chance(20) ? Int.random(in: comportado ? 126...128 : 126...130, using: &aleatorio) : Int.random(in: 1...36, using: &aleatorio)
        var chave = String.UnicodeScalarView()
        for _ in 0..<comprimento { chave.append(Unicode.Scalar(UInt8.random(in: 0x21...0x7E, using: &aleatorio))) }
        return String(chave)
    }

    private mutating func nomeDesconhecido() -> String {
        um([
            "Conta", "conta ", "valor\u{301}", "tip", "id", "registrado_em", "", "metadados.a", "estorno_de", "\u{FEFF}conta",
            "constructor",
        ])
    }

    // MARK: Spoiling

    /// Usually the value itself; otherwise a value of another type or a text with one changed character.
    private mutating func talvezOutro(_ valor: Literal) -> Literal {
        guard chance(12) else { return valor }
        if chance(50), case .texto(let texto) = valor { return .texto(estragado(texto)) }
        return um([.nulo, .booleano(true), .booleano(false), .numero("1"), .numero("-1.5e3"), .lista([]), .objeto([]), .texto("")])
    }

    private mutating func estragado(_ texto: String) -> String {
        var escalares = Array(texto.unicodeScalars)
        let estranho = um(Self.estranhos)
        let posicao = Int.random(in: 0...escalares.count, using: &aleatorio)
        switch Int.random(in: 0..<4, using: &aleatorio) {
        case 0 where posicao < escalares.count: escalares[posicao] = estranho
        case 1 where posicao < escalares.count: escalares.remove(at: posicao)
        case 2 where posicao < escalares.count: escalares.insert(escalares[posicao], at: posicao)
        default: escalares.insert(estranho, at: posicao)
        }
        return String(String.UnicodeScalarView(escalares))
    }

    // MARK: Parts

    private mutating func escalares(_ quantos: Int) -> String {
        guard quantos > 0 else { return "" }
        var escalares = [Unicode.Scalar](repeating: "a", count: quantos)
        for _ in 0..<Int.random(in: 0...2, using: &aleatorio) {
            let estranho = um(Self.estranhos)
            // U+0000 is refused.
            if estranho != "\u{0}" || !comportado { escalares[Int.random(in: 0..<quantos, using: &aleatorio)] = estranho }
        }
        return String(String.UnicodeScalarView(escalares))
    }

    private mutating func algarismos(_ quantos: Int, semZero: Bool) -> String {
        (0..<quantos).reduce(into: "") { texto, posicao in
            texto += String(Int.random(in: semZero && posicao == 0 ? 1...9 : 0...9, using: &aleatorio))
        }
    }

    private func doisAlgarismos(_ numero: Int) -> String { numero < 10 ? "0\(numero)" : "\(numero)" }

    /// Of the texts of ``valor``, only those with leading zeros are no JSON numbers.
    private static func eNumeroJSON(_ texto: String) -> Bool { !texto.hasPrefix("00") }

    private mutating func chance(_ porCento: Int) -> Bool { Int.random(in: 0..<100, using: &aleatorio) < porCento }

    private mutating func um<Valor>(_ valores: [Valor]) -> Valor { valores[Int.random(in: valores.indices, using: &aleatorio)] }

    // MARK: JSON

    /// Writes a value with random white space and escapes.
    mutating func json(_ valor: Literal) -> String {
        switch valor {
        case .nulo: return "null"
        case .booleano(let valor): return valor ? "true" : "false"
        case .numero(let escrito): return escrito
        case .texto(let texto): return json(texto)
        case .lista(let valores):
            return "[" + espaco() + valores.map { json($0) }.joined(separator: ",") + "]"
        case .objeto(let membros):
            let escritos = membros.map { membro in espaco() + json(membro.nome) + espaco() + ":" + espaco() + json(membro.valor) + espaco()
            }
            return "{" + escritos.joined(separator: ",") + espaco() + "}"
        }
    }

    private mutating func espaco() -> String { chance(80) ? "" : um([" ", "\n", "\t", "\r\n", "  "]) }

    private mutating func json(_ texto: String) -> String {
        let tudoEscapado = chance(10)
        var escrito = "\"".unicodeScalars
        for escalar in texto.unicodeScalars {
            switch escalar {
            case "\"", "\\": escrito.append(contentsOf: ["\\", escalar])
            case _ where escalar.value < 0x20 || tudoEscapado:
                for unidade in UTF16.encode(escalar)! {
                    let hexadecimal = String(unidade, radix: 16, uppercase: escalar.value.isMultiple(of: 2))
                    escrito.append(contentsOf: ("\\u" + String(repeating: "0", count: 4 - hexadecimal.count) + hexadecimal).unicodeScalars)
                }
            default: escrito.append(escalar)
            }
        }
        escrito.append("\"")
        return String(escrito)
    }
}
