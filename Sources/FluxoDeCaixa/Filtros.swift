/// A set of accounts: one, every account below a name (`loja42.*`, which does not contain `loja42`), or all (`*`).
package enum FiltroDeConta: Hashable, Sendable {
    case uma(Conta)
    /// Every account whose name begins with this account's name and a dot.
    case abaixoDe(Conta)
    case todas

    /// Reads an account name, `<name>.*` or `*`; `nil` for anything else.
    package init?(parsing texto: String) {
        let bytes = texto.utf8
        if bytes.elementsEqual("*".utf8) {
            self = .todas
        } else if bytes.count > 2, bytes.suffix(2).elementsEqual(".*".utf8) {
            // The last two bytes are ASCII, so two characters less is two bytes less.
            guard let conta = Conta(String(decoding: bytes.dropLast(2), as: UTF8.self)) else { return nil }
            self = .abaixoDe(conta)
        } else {
            guard let conta = Conta(texto) else { return nil }
            self = .uma(conta)
        }
    }

    package func cobre(_ conta: Conta) -> Bool {
        switch self {
        case .uma(let unica): unica == conta
        case .abaixoDe(let acima): conta.nome.utf8.starts(with: "\(acima.nome).".utf8)
        case .todas: true
        }
    }

    /// Reports whether the set contains every account that the other filter could contain.
    package func cobre(_ outro: FiltroDeConta) -> Bool {
        switch (self, outro) {
        case (.todas, _): true
        case (_, .todas): false
        case (_, .uma(let conta)): self.cobre(conta)
        case (.uma, .abaixoDe): false
        case (.abaixoDe(let acima), .abaixoDe(let abaixo)): acima == abaixo || self.cobre(abaixo)
        }
    }

    /// Returns every filter that contains the account.
    package static func queCobrem(_ conta: Conta) -> [FiltroDeConta] {
        let bytes = conta.nome.utf8
        let acima = bytes.indices.filter { bytes[$0] == UInt8(ascii: ".") }.compactMap { Conta(String(conta.nome[..<$0])) }
        return [.todas, .uma(conta)] + acima.map { .abaixoDe($0) }
    }

    /// Returns the fewest of these filters that contain the same accounts: none covers another, so their ranges are disjoint.
    package static func semSobreposicao(_ filtros: [FiltroDeConta]) -> [FiltroDeConta] {
        var restantes: [FiltroDeConta] = []
        for filtro in filtros where !restantes.contains(where: { $0.cobre(filtro) }) {
            restantes.removeAll { filtro.cobre($0) }
            restantes.append(filtro)
        }
        return restantes
    }

    /// The accounts as a half-open range of names in byte order: `desde <= conta and conta < antesDe` in SQL with `collate "C"`.
    package var intervalo: (desde: String, antesDe: String) {
        switch self {
        // "!" sorts before every character that may continue an account name.
        case .uma(let conta): (conta.nome, "\(conta.nome)!")
        // "/" is the byte after ".".
        case .abaixoDe(let acima): ("\(acima.nome).", "\(acima.nome)/")
        // "{" is the byte after "z", the last one that may begin a name.
        case .todas: ("", "{")
        }
    }
}

extension FiltroDeConta: CustomStringConvertible {
    /// As it was written: `loja42.caixa`, `loja42.*`, `*`.
    package var description: String {
        switch self {
        case .uma(let conta): conta.nome
        case .abaixoDe(let conta): "\(conta.nome).*"
        case .todas: "*"
        }
    }
}

/// Selects the entries that match every given value.
package struct FiltroDeLancamentos: Sendable, Equatable {
    package var conta: FiltroDeConta
    /// The first day, that day included.
    package var de: Dia?
    /// The last day, that day included.
    package var ate: Dia?
    package var tipo: Tipo?
    package var natureza: Natureza?
    /// The whole text, by bytes.
    package var categoria: String?
    /// The whole text, by bytes.
    package var referencia: String?
    package var chave: Chave?

    /// Every entry of these accounts.
    package init(conta: FiltroDeConta) {
        self.conta = conta
    }
}
