/// A JSON value of a test, independent of the code under test.
indirect enum Literal {
    case texto(String)
    case numero(String)
    case booleano(Bool)
    case nulo
    case lista([Literal])
    case objeto([(nome: String, valor: Literal)])
}

/// A second implementation of the rules of an entry, written from the contract with regular expressions and tables. It must agree with the
/// reader on every random entry.
struct ModeloDeLancamento {
    struct Aceito: Equatable {
        var conta: String
        var tipo: String
        var centavos: Int64
        var data: String?
        var natureza: String
        var textos: [String: [UInt8]]
        var metadados: [[UInt8]: [UInt8]]
        var chave: String?
    }

    enum Veredito: Equatable {
        case aceito(Aceito)
        /// Every fault as "field code", sorted, and whether the key is malformed.
        case recusado([String], chaveMalformada: Bool)
    }

    /// Days compare in the same order as their text.
    let primeiroDia: String
    let ultimoDia: String

    // Stored because a literal is compiled at each use.
    private let conta = /[A-Za-z0-9_][A-Za-z0-9_\-]*(\.[A-Za-z0-9_][A-Za-z0-9_\-]*)*/
    private let decimal = /(-?)(0|[1-9][0-9]*)(?:\.([0-9]{1,2}))?/
    private let dia = /([0-9]{4})-([0-9]{2})-([0-9]{2})/
    private let nomes: [[UInt8]]
    private static let limites = ["descricao": 200, "categoria": 64, "referencia": 128]

    init(primeiroDia: String, ultimoDia: String, chaveDentro: Bool) {
        self.primeiroDia = primeiroDia
        self.ultimoDia = ultimoDia
        var nomes = ["conta", "tipo", "valor", "data", "moeda", "natureza", "descricao", "categoria", "referencia", "metadados"]
        if chaveDentro { nomes.append("chave") }
        self.nomes = nomes.map { Array($0.utf8) }
    }

    func julgar(_ membros: [(nome: String, valor: Literal)]) -> Veredito {
        var erros: [String] = []
        var conhecidos: [String: Literal] = [:]
        for (nome, valor) in membros {
            // By bytes: a canonically equivalent name is another name.
            if !nomes.contains(Array(nome.utf8)) {
                erros.append("\(nome) desconhecido")
            } else if case .nulo = valor {
                continue
            } else {
                conhecidos[nome] = valor
            }
        }
        for obrigatorio in ["conta", "tipo", "valor"] where conhecidos[obrigatorio] == nil { erros.append("\(obrigatorio) obrigatorio") }

        let conta = palavra(conhecidos["conta"], "conta", codigo: "formato", &erros) {
            $0.utf8.count <= 64 && $0.wholeMatch(of: self.conta) != nil
        }
        let tipo = palavra(conhecidos["tipo"], "tipo", codigo: "valor_nao_aceito", &erros) { umDe(["credito", "debito"], $0) }
        _ = palavra(conhecidos["moeda"], "moeda", codigo: "valor_nao_aceito", &erros) { umDe(["BRL"], $0) }
        let natureza = palavra(conhecidos["natureza"], "natureza", codigo: "valor_nao_aceito", &erros) {
            umDe(["operacional", "transferencia", "implantacao", "ajuste"], $0)
        }
        let centavos = valor(conhecidos["valor"], &erros)
        let data = data(conhecidos["data"], &erros)
        let textos = textos(conhecidos, &erros)
        let metadados = metadados(conhecidos["metadados"], &erros)
        var chaveMalformada = false
        let chave = palavra(conhecidos["chave"], "chave", codigo: "", &erros) {
            let boa = (1...128).contains($0.utf8.count) && $0.utf8.allSatisfy { (0x21...0x7E).contains($0) }
            chaveMalformada = !boa
            return boa
        }
        erros.removeAll { $0 == "chave " }
        guard erros.isEmpty, !chaveMalformada, let conta, let tipo, let centavos else {
            return .recusado(erros.sorted(), chaveMalformada: chaveMalformada)
        }
        return .aceito(
            Aceito(
                conta: conta, tipo: tipo, centavos: centavos, data: data, natureza: natureza ?? "operacional", textos: textos,
                metadados: metadados, chave: chave))
    }

    private func umDe(_ palavras: [String], _ texto: String) -> Bool {
        palavras.contains { Array($0.utf8) == Array(texto.utf8) }
    }

    private func palavra(
        _ valor: Literal?, _ campo: String, codigo: String, _ erros: inout [String], _ aceita: (String) -> Bool
    ) -> String? {
        guard let valor else { return nil }
        guard case .texto(let texto) = valor else {
            erros.append("\(campo) tipo_invalido")
            return nil
        }
        guard aceita(texto) else {
            erros.append("\(campo) \(codigo)")
            return nil
        }
        return texto
    }

    /// An amount in the right form that is negative, zero or too large is out of range; every other text has another form.
    private func valor(_ valor: Literal?, _ erros: inout [String]) -> Int64? {
        let texto: String
        switch valor {
        case nil: return nil
        case .texto(let escrito)?, .numero(let escrito)?: texto = escrito
        default:
            erros.append("valor tipo_invalido")
            return nil
        }
        guard let partes = texto.wholeMatch(of: decimal) else {
            erros.append("valor formato")
            return nil
        }
        let casas = String(partes.3 ?? "")
        let escala = casas + String(repeating: "0", count: 2 - casas.count)
        guard partes.1.isEmpty, partes.2.count <= 10, let centavos = Int64(partes.2 + escala), centavos > 0 else {
            erros.append("valor fora_do_intervalo")
            return nil
        }
        return centavos
    }

    private func data(_ valor: Literal?, _ erros: inout [String]) -> String? {
        let dia = palavra(valor, "data", codigo: "formato", &erros) { texto in
            guard let partes = texto.wholeMatch(of: self.dia), let ano = Int(partes.1), ano > 0,
                let mes = Int(partes.2), (1...12).contains(mes), let dia = Int(partes.3)
            else { return false }
            let bissexto = ano % 400 == 0 || (ano % 4 == 0 && ano % 100 != 0)
            let dias = [31, bissexto ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
            return (1...dias[mes - 1]).contains(dia)
        }
        if let dia, dia < primeiroDia || dia > ultimoDia { erros.append("data fora_do_intervalo") }
        return dia
    }

    private func textos(_ conhecidos: [String: Literal], _ erros: inout [String]) -> [String: [UInt8]] {
        var textos: [String: [UInt8]] = [:]
        for (campo, limite) in Self.limites {
            guard let texto = palavra(conhecidos[campo], campo, codigo: "", &erros, { _ in true }) else { continue }
            if texto.unicodeScalars.count > limite { erros.append("\(campo) tamanho") }
            if texto.unicodeScalars.contains("\u{0}") { erros.append("\(campo) caractere_proibido") }
            textos[campo] = Array(texto.utf8)
        }
        return textos
    }

    private func metadados(_ valor: Literal?, _ erros: inout [String]) -> [[UInt8]: [UInt8]] {
        guard let valor else { return [:] }
        guard case .objeto(let membros) = valor else {
            erros.append("metadados tipo_invalido")
            return [:]
        }
        var itens: [[UInt8]: [UInt8]] = [:]
        for (nome, valor) in membros {
            guard case .texto(let texto) = valor else {
                erros.append("metadados.\(nome) tipo_invalido")
                continue
            }
            if nome.unicodeScalars.contains("\u{0}") || texto.unicodeScalars.contains("\u{0}") {
                erros.append("metadados.\(nome) caractere_proibido")
            }
            itens[Array(nome.utf8)] = Array(texto.utf8)
        }
        if membros.count > 16 { erros.append("metadados tamanho") }
        if itens.reduce(0, { $0 + $1.key.count + $1.value.count }) > 4096 { erros.append("metadados tamanho") }
        return itens
    }
}
