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
        ConfigurationKey(
            "url_publica", .url(schemes: ["http", "https"]), default: "http://localhost:8080",
            purpose: "endereço público da API, base de type nos erros e de dataschema nos eventos; sem barra no fim"
        ),
        ConfigurationKey(
            "fuso", .timeZone, default: "America/Sao_Paulo", purpose: "fuso horário do negócio: decide que dia é hoje"
        ),
        ConfigurationKey(
            "log.nivel", .choice(["trace", "debug", "info", "notice", "warning", "error", "critical"]), default: "info",
            purpose: "registros abaixo deste nível não são escritos"
        ),
        ConfigurationKey(
            "auth.modo", .choice(["hs256", "nenhum"]), default: "hs256",
            purpose: "como o token é conferido; nenhum só em endereço de loopback"
        ),
        ConfigurationKey(
            "auth.segredo", .bytes(min: 32), secret: true, purpose: "segredo da assinatura HS256; obrigatório com auth.modo hs256"
        ),
        ConfigurationKey("auth.claim_contas", .text, default: "contas", purpose: "claim com a lista de contas do token"),
        ConfigurationKey("auth.claim_escopo", .text, default: "scope", purpose: "claim com os escopos do token"),
        ConfigurationKey("auth.iss", .text, purpose: "emissor exigido; vazio: não é conferido"),
        ConfigurationKey("auth.aud", .text, purpose: "audiência exigida; vazio: não é conferida"),
        ConfigurationKey(
            "auth.tolerancia_s", .integer(0...600), unit: "s", default: "60", purpose: "diferença de relógio aceita em exp e nbf"
        ),
        ConfigurationKey(
            "http.corpo_max_bytes", .integer(1024...16_777_216), unit: "bytes", default: "65536",
            purpose: "maior corpo de uma requisição JSON"
        ),
        ConfigurationKey(
            "http.requisicao_max_s", .integer(second), unit: "s", default: "30", purpose: "prazo para a requisição chegar inteira"
        ),
        ConfigurationKey(
            "http.ociosa_max_s", .integer(second), unit: "s", default: "60",
            purpose: "conexão sem requisição, ou sem que o cliente leia a resposta, é fechada depois disto"
        ),
        ConfigurationKey(
            "http.conexoes_max", .integer(1...100_000), unit: "conexões", default: "900",
            purpose: "conexões abertas ao mesmo tempo; mantenha abaixo do limite de descritores do processo (ulimit -n)"
        ),
        ConfigurationKey(
            "encerramento_max_s", .integer(1...600), unit: "s", default: "20", purpose: "prazo do encerramento ordenado"
        ),
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
            ConfigurationKey("\(name).endereco", .text, default: "127.0.0.1", purpose: "endereço em que o serviço escuta"),
            ConfigurationKey(
                "\(name).porta", .integer(0...65_535), default: service == .lancamentos ? "8080" : "8081",
                purpose: "porta em que o serviço escuta; 0: qualquer uma livre"
            ),
            ConfigurationKey(
                "\(name).banco.url", .url(schemes: ["postgresql", "postgres"]), secret: true,
                purpose: "endereço do PostgreSQL; obrigatório"
            ),
            ConfigurationKey(
                "\(name).banco.conexoes", .integer(1...64), unit: "conexões", default: "8", purpose: "tamanho do pool"
            ),
            ConfigurationKey(
                "\(name).banco.espera_max_ms", .integer(millisecond), unit: "ms", default: "2000",
                purpose: "espera máxima por uma conexão do pool"
            ),
            ConfigurationKey(
                "\(name).banco.instrucao_max_ms", .integer(100...25_000), unit: "ms", default: "5000",
                purpose: "duração máxima de uma instrução SQL"
            ),
            ConfigurationKey(
                "\(name).amqp.url", .url(schemes: ["amqp", "amqps"]), secret: true,
                purpose: "endereço do RabbitMQ; obrigatório"
            ),
        ]
    }

    private static let lancamentos: [ConfigurationKey] = [
        ConfigurationKey(
            "lancamentos.exigir_chave", .boolean, default: "false", purpose: "recusar lançamento sem Idempotency-Key"
        ),
        ConfigurationKey(
            "lancamentos.escrita.fila_max", .integer(1...1_000_000), unit: "lançamentos", default: "4096",
            purpose: "lançamentos à espera de gravação; acima disto a resposta é 503"
        ),
        ConfigurationKey(
            "lancamentos.escrita.lote_max", .integer(1...4096), unit: "lançamentos", default: "256",
            purpose: "lançamentos gravados por instrução"
        ),
        ConfigurationKey(
            "lancamentos.escrita.espera_max_ms", .integer(0...1000), unit: "ms", default: "2",
            purpose: "espera máxima por companhia antes de gravar um lote incompleto"
        ),
        ConfigurationKey(
            "lancamentos.relay.janela_max", .integer(1...65_535), unit: "mensagens", default: "1000",
            purpose: "mensagens publicadas e ainda não confirmadas"
        ),
        ConfigurationKey(
            "lancamentos.relay.memoria_max", .integer(1...1_000_000), unit: "lançamentos", default: "10000",
            purpose: "lançamentos à espera de publicação em memória; o que não cabe é publicado a partir do banco"
        ),
    ]

    private static let consolidado: [ConfigurationKey] = [
        ConfigurationKey(
            "consolidado.lote_max", .integer(1...10_000), unit: "mensagens", default: "500",
            purpose: "mensagens aplicadas por instrução"
        ),
        ConfigurationKey(
            "consolidado.lote_espera_ms", .integer(0...1000), unit: "ms", default: "10",
            purpose: "espera máxima por companhia antes de aplicar um lote incompleto"
        ),
        ConfigurationKey(
            "consolidado.prefetch", .integer(2...65_535), unit: "mensagens", default: "1000",
            purpose: "mensagens entregues e ainda não confirmadas; pelo menos o dobro de consolidado.lote_max"
        ),
    ]
}
