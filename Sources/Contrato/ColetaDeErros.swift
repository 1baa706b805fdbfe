import FluxoDeCaixa

/// Gathers faults of which a sender decides how many there are, within a bound: a small bad body must not make a huge answer.
struct ColetaDeErros {
    static let quantidadeMaxima = 32
    static let comprimentoMaximoDoNomeEmEscalares = 64

    private var primeiros: [ErroDeCampo] = []
    private var demais = 0

    mutating func acusar(_ campo: String, _ codigo: ErroDeCampo.Codigo, _ mensagem: String) {
        if primeiros.count < ColetaDeErros.quantidadeMaxima {
            primeiros.append(ErroDeCampo(campo: campo, codigo: codigo, mensagem: mensagem))
        } else {
            demais += 1
        }
    }

    /// The faults; the message of the last one says how many more there are.
    var erros: [ErroDeCampo] {
        guard demais > 0, let ultimo = primeiros.last else { return primeiros }
        let mensagem = "\(ultimo.mensagem) Há mais \(demais) \(demais == 1 ? "erro" : "erros") como este."
        return primeiros.dropLast() + [ErroDeCampo(campo: ultimo.campo, codigo: ultimo.codigo, mensagem: mensagem)]
    }

    /// A name that a sender chose, short enough to be repeated to them.
    static func abreviado(_ nome: String) -> String {
        guard nome.temMaisEscalaresQue(comprimentoMaximoDoNomeEmEscalares) else { return nome }
        var curto = String.UnicodeScalarView()
        curto.append(contentsOf: nome.unicodeScalars.prefix(comprimentoMaximoDoNomeEmEscalares - 1))
        curto.append("…")
        return String(curto)
    }
}
