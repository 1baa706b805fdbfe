import Contrato
import FluxoDeCaixa
import Testing

@Suite struct AMQPNamesTests {
    @Test func `routing keys name the account`() throws {
        let conta = try #require(Conta("loja42.caixa"))
        #expect(AMQPNames.RoutingKey.registrado(.credito, conta) == "lancamento.registrado.credito.loja42.caixa")
        #expect(AMQPNames.RoutingKey.registrar(conta) == "lancamento.registrar.loja42.caixa")
        #expect(AMQPNames.RoutingKey.atualizado(conta) == "consolidado.atualizado.loja42.caixa")
    }

    @Test(arguments: [
        ("lancamento.registrar", true), ("lancamento.registrar.loja42.caixa", true), ("lancamento.registrar.loja42", false),
        ("lancamento.registrar.loja42.caixa.x", false), ("lancamento.registrar.", false), ("lancamento.registrar.*", false), ("", false),
        ("lancamento.registrar.LOJA42.caixa", false), ("lancamento.registrado.loja42.caixa", false),
        ("lancamento.registrar.loja42.caixa\u{0}", false),
        ("lancamento.registrar.loja42.caixa\u{301}", false),
    ])
    func `a command may only name the account of its routing key`(routingKey: String, permite: Bool) throws {
        #expect(try AMQPNames.RoutingKey.allows(routingKey, #require(Conta("loja42.caixa"))) == permite)
    }

    @Test func `the account of news is read from its routing key`() throws {
        let conta = try #require(Conta("loja42.caixa"))
        #expect(AMQPNames.RoutingKey.contaAtualizada(AMQPNames.RoutingKey.atualizado(conta)) == conta)
        for key in ["", "consolidado.atualizado", "consolidado.atualizado.", "consolidado.atualizado..a", "lancamento.registrar.a"] {
            #expect(AMQPNames.RoutingKey.contaAtualizada(key) == nil, "\(key)")
        }
    }

    @Test func `a queue is bound to the news of the accounts that a filter covers`() throws {
        for (filtro, pattern) in [
            ("loja42.caixa", "consolidado.atualizado.loja42.caixa"), ("loja42.*", "consolidado.atualizado.loja42.#"),
            ("*", "consolidado.atualizado.#"),
        ] {
            #expect(AMQPNames.RoutingKey.atualizados(try #require(FiltroDeConta(parsing: filtro))) == pattern)
        }
    }

    /// Other systems and the broker's permissions depend on these names.
    @Test func `names are as published`() {
        #expect(AMQPNames.Exchange.lancamentos == "fluxo-caixa.lancamentos")
        #expect(AMQPNames.Exchange.comandos == "fluxo-caixa.comandos")
        #expect(AMQPNames.Exchange.consolidados == "fluxo-caixa.consolidados")
        #expect(AMQPNames.Queue.consolidado == "consolidado.lancamentos")
        #expect(AMQPNames.Queue.consolidadoDLQ == "consolidado.lancamentos.dlq")
        #expect(AMQPNames.Queue.comandos == "lancamentos.comandos")
        #expect(AMQPNames.Queue.comandosDLQ == "lancamentos.comandos.dlq")
        #expect(AMQPNames.QueueArgument.deliveryLimitValue == 1_000_000_000)
        #expect(
            Set(Motivo.allCases.map(\.rawValue)) == [
                "ilegivel", "invalido", "versao-desconhecida", "conflito", "conta-nao-permitida", "origem-nao-permitida", "sem-message-id",
                "retirado",
            ]
        )
    }
}
