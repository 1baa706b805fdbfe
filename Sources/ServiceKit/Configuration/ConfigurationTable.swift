/// Every key that either service knows, in the order of the YAML files.
package enum ConfigurationTable {
    /// The keys of one service's file: the shared ones and its own.
    package static func keys(of service: ServiceName) -> [ConfigurationKey] {
        self.shared + self.own(service)
    }

    /// The keys of both services: what may appear in an environment that serves both.
    package static let all: [ConfigurationKey] = shared + ServiceName.allCases.flatMap(own)

    private static let second = 1...86_400
    private static let millisecond = 1...600_000

    private static let shared: [ConfigurationKey] = [
        ConfigurationKey("url_publica", .url(schemes: ["http", "https"]), default: "http://localhost:8080"),
        ConfigurationKey("fuso", .timeZone, default: "America/Sao_Paulo"),
        ConfigurationKey("log.nivel", .choice(["trace", "debug", "info", "notice", "warning", "error", "critical"]), default: "info"),
        ConfigurationKey("log.formato", .choice(["texto", "ecs"]), default: "texto"),
        ConfigurationKey("auth.modo", .choice(["hs256", "jwks", "nenhum"]), default: "hs256"),
        ConfigurationKey("auth.segredo", .bytes(min: 32), secret: true),
        ConfigurationKey("auth.jwks_arquivo", .text),
        ConfigurationKey("auth.jwks_url", .url(schemes: ["https", "http"])),
        ConfigurationKey("auth.jwks_intervalo_s", .integer(5...86_400), unit: "s", default: "300"),
        ConfigurationKey("auth.claim_contas", .text, default: "contas"),
        ConfigurationKey("auth.claim_escopo", .text, default: "scope"),
        ConfigurationKey("auth.iss", .text),
        ConfigurationKey("auth.aud", .text),
        ConfigurationKey("auth.tolerancia_s", .integer(0...600), unit: "s", default: "60"),
        ConfigurationKey("http.corpo_max_bytes", .integer(1024...16_777_216), unit: "bytes", default: "65536"),
        ConfigurationKey("http.requisicao_max_s", .integer(second), unit: "s", default: "30"),
        ConfigurationKey("http.ociosa_max_s", .integer(second), unit: "s", default: "60"),
        ConfigurationKey("http.conexoes_max", .integer(1...100_000), unit: "conexões", default: "2000"),
        ConfigurationKey("http.pedidos_max", .integer(1...100_000), unit: "requisições", default: "400"),
        ConfigurationKey("http.taxa.por_segundo", .integer(0...1_000_000), unit: "requisições", default: "0"),
        ConfigurationKey("http.taxa.rajada", .integer(1...1_000_000), unit: "requisições"),
        ConfigurationKey("http.cors.origens", .text),
        ConfigurationKey("http.tls.certificado", .text),
        ConfigurationKey("http.tls.chave", .text),
        ConfigurationKey("amqp.tls.ca", .text),
        ConfigurationKey("amqp.tls.certificado", .text),
        ConfigurationKey("amqp.tls.chave", .text),
        ConfigurationKey("encerramento_max_s", .integer(1...600), unit: "s", default: "20"),
    ]

    private static func own(_ service: ServiceName) -> [ConfigurationKey] {
        let common = self.edge(service)
        return switch service {
        case .lancamentos: common + self.lancamentos
        case .consolidado: common + self.consolidado
        }
    }

    private static func edge(_ service: ServiceName) -> [ConfigurationKey] {
        let name = service.rawValue
        return [
            ConfigurationKey("\(name).endereco", .text, default: "127.0.0.1"),
            ConfigurationKey("\(name).porta", .integer(0...65_535), default: service == .lancamentos ? "8080" : "8081"),
            ConfigurationKey("\(name).banco.url", .url(schemes: ["postgresql", "postgres"]), secret: true),
            ConfigurationKey("\(name).banco.conexoes", .integer(1...64), unit: "conexões", default: "8"),
            ConfigurationKey("\(name).banco.espera_max_ms", .integer(millisecond), unit: "ms", default: "2000"),
            ConfigurationKey("\(name).banco.instrucao_max_ms", .integer(100...25_000), unit: "ms", default: "5000"),
            ConfigurationKey("\(name).amqp.url", .url(schemes: ["amqps", "amqp"]), secret: true),
        ]
    }

    private static let lancamentos: [ConfigurationKey] = [
        ConfigurationKey("lancamentos.exigir_chave", .boolean, default: "false"),
        ConfigurationKey("lancamentos.escrita.fila_max", .integer(1...1_000_000), unit: "lançamentos", default: "4096"),
        ConfigurationKey("lancamentos.escrita.lote_max", .integer(1...4096), unit: "lançamentos", default: "256"),
        ConfigurationKey("lancamentos.leitura.conexoes", .integer(1...64), unit: "conexões", default: "4"),
        ConfigurationKey("lancamentos.extrato.simultaneos_max", .integer(1...64), unit: "extratos", default: "4"),
        ConfigurationKey("lancamentos.lote.simultaneos_max", .integer(1...64), unit: "lotes", default: "4"),
        ConfigurationKey("lancamentos.lote.corpo_max_bytes", .integer(1024...1_073_741_824), unit: "bytes", default: "16777216"),
        ConfigurationKey("lancamentos.relay.janela_max", .integer(1...65_535), unit: "mensagens", default: "1000"),
        ConfigurationKey("lancamentos.relay.memoria_max", .integer(1...1_000_000), unit: "lançamentos", default: "10000"),
    ]

    private static let consolidado: [ConfigurationKey] = [
        ConfigurationKey("consolidado.lote_max", .integer(1...10_000), unit: "mensagens", default: "500"),
        ConfigurationKey("consolidado.lote_espera_ms", .integer(0...1000), unit: "ms", default: "10"),
        ConfigurationKey("consolidado.prefetch", .integer(2...65_535), unit: "mensagens", default: "1000"),
        ConfigurationKey("consolidado.usuario_dos_eventos", .text),
        ConfigurationKey("consolidado.apos_espera_max_ms", .integer(0...30_000), unit: "ms", default: "30000"),
    ]
}
