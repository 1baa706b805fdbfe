import FluxoDeCaixa

/// Finds repeated names of one JSON object, by bytes and in linear time: the first few by looking at each, many by a hash set.
struct NomesDoObjeto {
    private static let procurarUmAUmAte = 16

    private struct Nome: Hashable {
        let texto: String

        static func == (lhs: Nome, rhs: Nome) -> Bool {
            lhs.texto.temOsMesmosBytes(que: rhs.texto)
        }

        func hash(into hasher: inout Hasher) {
            var copia = texto
            copia.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        }
    }

    private var vistos: Set<Nome> = []

    /// Whether the name is new, given the members already read.
    mutating func insert(_ nome: String, depoisDe membros: [JSONMember]) -> Bool {
        if membros.count < NomesDoObjeto.procurarUmAUmAte {
            return !membros.contains { $0.name.temOsMesmosBytes(que: nome) }
        }
        if vistos.isEmpty {
            vistos = Set(membros.map { Nome(texto: $0.name) })
        }
        return vistos.insert(Nome(texto: nome)).inserted
    }
}
