import Contrato
import FluxoDeCaixa
import Testing

@Suite struct NomesAMQPTests {
    @Test func routingKeysNameTheAccount() throws {
        let conta = try #require(Conta("loja42.caixa"))
        #expect(NomesAMQP.RoutingKey.registrado(.credito, conta) == "lancamento.registrado.credito.loja42.caixa")
        #expect(NomesAMQP.RoutingKey.registrar(conta) == "lancamento.registrar.loja42.caixa")
        #expect(NomesAMQP.RoutingKey.atualizado(conta) == "consolidado.atualizado.loja42.caixa")
    }

    @Test(arguments: [
        ("lancamento.registrar", true), ("lancamento.registrar.loja42.caixa", true), ("lancamento.registrar.loja42", false),
        ("lancamento.registrar.loja42.caixa.x", false), ("lancamento.registrar.", false), ("lancamento.registrar.*", false), ("", false),
        ("lancamento.registrar.LOJA42.caixa", false), ("lancamento.registrado.loja42.caixa", false),
        ("lancamento.registrar.loja42.caixa\u{0}", false),
        ("lancamento.registrar.loja42.caixa\u{301}", false),
    ])
    func aCommandMayOnlyNameTheAccountOfItsKey(routingKey: String, permite: Bool) throws {
        #expect(try NomesAMQP.RoutingKey.permite(routingKey, #require(Conta("loja42.caixa"))) == permite)
    }

    /// These are what other systems and the broker's permissions are written against.
    @Test func namesAreAsPublished() {
        #expect(NomesAMQP.Exchange.lancamentos == "fluxo-caixa.lancamentos")
        #expect(NomesAMQP.Exchange.comandos == "fluxo-caixa.comandos")
        #expect(NomesAMQP.Exchange.consolidados == "fluxo-caixa.consolidados")
        #expect(NomesAMQP.Queue.consolidado == "consolidado.lancamentos")
        #expect(NomesAMQP.Queue.consolidadoDLQ == "consolidado.lancamentos.dlq")
        #expect(NomesAMQP.Queue.comandos == "lancamentos.comandos")
        #expect(NomesAMQP.Queue.comandosDLQ == "lancamentos.comandos.dlq")
        #expect(NomesAMQP.QueueArgument.deliveryLimitValue == 1_000_000_000)
        #expect(
            Set(Motivo.allCases.map(\.rawValue)) == [
                "ilegivel", "invalido", "versao-desconhecida", "conflito", "conta-nao-permitida", "origem-nao-permitida", "sem-message-id",
            ]
        )
    }
}
