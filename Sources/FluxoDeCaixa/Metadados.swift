/// A caller's own data beside an entry: an unordered set of names with texts. Names compare by bytes.
package struct Metadados: Sendable {
    package struct Item: Sendable {
        package let nome: String
        package let valor: String

        package init(nome: String, valor: String) {
            self.nome = nome
            self.valor = valor
        }
    }

    package static let quantidadeMaxima = 16
    /// UTF-8 of all names and values together.
    package static let tamanhoMaximoEmBytes = 4096
    /// No items; equals absence.
    package static let vazio = Metadados(ordenados: [])

    /// By name, in byte order.
    package let itens: [Item]

    private init(ordenados: [Item]) {
        self.itens = ordenados
    }

    /// `nil` with more than ``quantidadeMaxima`` items, more than ``tamanhoMaximoEmBytes``, a repeated name, or U+0000 anywhere (PostgreSQL
    /// cannot store it).
    package init?(_ itens: some Collection<Item>) {
        guard itens.count <= Metadados.quantidadeMaxima, Metadados.tamanhoEmBytes(itens) <= Metadados.tamanhoMaximoEmBytes else {
            return nil
        }
        let ordenados = itens.sorted { $0.nome.utf8.lexicographicallyPrecedes($1.nome.utf8) }
        for (anterior, seguinte) in zip(ordenados, ordenados.dropFirst()) where anterior.nome.hasSameBytes(as: seguinte.nome) {
            return nil
        }
        guard ordenados.allSatisfy({ !$0.nome.utf8.contains(0) && !$0.valor.utf8.contains(0) }) else { return nil }
        self.init(ordenados: ordenados)
    }

    package var isEmpty: Bool { self.itens.isEmpty }

    /// The size that ``tamanhoMaximoEmBytes`` limits.
    package static func tamanhoEmBytes(_ itens: some Sequence<Item>) -> Int {
        itens.reduce(0) { $0 + $1.nome.utf8.count + $1.valor.utf8.count }
    }
}

extension Metadados: Equatable {
    package static func == (lhs: Metadados, rhs: Metadados) -> Bool {
        lhs.itens.elementsEqual(rhs.itens) { $0.nome.hasSameBytes(as: $1.nome) && $0.valor.hasSameBytes(as: $1.valor) }
    }
}
