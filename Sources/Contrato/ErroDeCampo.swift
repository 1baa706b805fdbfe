/// One fault in what a caller sent.
package struct ErroDeCampo: Sendable, Hashable {
    /// What is wrong: a stable word for programs.
    package enum Codigo: String, Sendable, CaseIterable {
        /// A required member or parameter is absent.
        case obrigatorio
        case tipoInvalido = "tipo_invalido"
        case formato
        /// In the required form, but out of range.
        case foraDoIntervalo = "fora_do_intervalo"
        /// Too long, or too many.
        case tamanho
        case desconhecido
        case repetido
        case caractereProibido = "caractere_proibido"
        case valorNaoAceito = "valor_nao_aceito"
    }

    /// Dotted member path, parameter or header name.
    package let campo: String
    package let codigo: Codigo
    /// What is accepted, in Portuguese.
    package let mensagem: String

    /// A fault of this member, parameter or header.
    package init(campo: String, codigo: Codigo, mensagem: String) {
        self.campo = campo
        self.codigo = codigo
        self.mensagem = mensagem
    }
}

/// Every fault of a request that can be read but is not allowed; at least one.
package struct ErrosDeCampo: Error, Hashable, Sendable {
    /// In the order of the answer.
    package let erros: [ErroDeCampo]

    package init(_ erros: [ErroDeCampo]) {
        self.erros = erros
    }

    package init(campo: String, codigo: ErroDeCampo.Codigo, mensagem: String) {
        self.init([ErroDeCampo(campo: campo, codigo: codigo, mensagem: mensagem)])
    }
}

extension ErrosDeCampo: CustomStringConvertible {
    /// Codes only: field names may contain what a user wrote.
    package var description: String {
        "\(self.erros.count) erro(s): \(self.erros.map(\.codigo.rawValue).joined(separator: ", "))"
    }
}

/// Collects faults whose number the sender controls, up to a limit: a small bad body must not cause a huge answer.
struct BoundedFaults {
    static let countMax = 32
    static let nameScalarsMax = 64

    private var first: [ErroDeCampo] = []
    private var more = 0

    mutating func report(_ campo: String, _ codigo: ErroDeCampo.Codigo, _ mensagem: String) {
        if self.first.count < BoundedFaults.countMax {
            self.first.append(ErroDeCampo(campo: campo, codigo: codigo, mensagem: mensagem))
        } else {
            self.more += 1
        }
    }

    /// The faults. The message of the last one counts those beyond the limit.
    var erros: [ErroDeCampo] {
        guard self.more > 0, let last = self.first.last else { return self.first }
        let mensagem = "\(last.mensagem) Há mais \(self.more) \(self.more == 1 ? "erro" : "erros") como este."
        return self.first.dropLast() + [ErroDeCampo(campo: last.campo, codigo: last.codigo, mensagem: mensagem)]
    }

    /// Returns the sender's name, truncated for an answer.
    static func truncated(_ nome: String) -> String {
        guard nome.hasMoreScalars(than: self.nameScalarsMax) else { return nome }
        var short = String.UnicodeScalarView()
        short.append(contentsOf: nome.unicodeScalars.prefix(self.nameScalarsMax - 1))
        short.append("…")
        return String(short)
    }
}
