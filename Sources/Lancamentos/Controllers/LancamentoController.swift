package import Access
import Contrato
import Edge
import FluxoDeCaixa
import HTTPTypes
import Hummingbird
import Storage

/// `/v1/lancamentos`: registers, reverses and returns single entries.
struct LancamentoController: Sendable {
    private static let path = "/v1/lancamentos"

    let service: LancamentoService
    /// Whether an entry without `Idempotency-Key` is refused.
    let exigirChave: Bool

    var routes: [Route] {
        [
            Route(.post, Self.path, access: .scope(.lancamentosEscrever)) { try await self.register($0, $1) },
            Route(.post, "\(Self.path)/{id}/estorno", access: .scope(.lancamentosEscrever)) { try await self.reverse($0, $1) },
            Route(.get, "\(Self.path)/{id}", access: .scope(.lancamentosLer)) { try await self.find($0, $1) },
        ]
    }

    private func register(_ request: Request, _ call: CallContext) async throws -> Response {
        let json = try await call.body.readJSON(request)
        let chave = try IdempotencyKeyHeader.read(request.headers, required: self.exigirChave)
        var faults = FaultCollector()
        let simulates = try SimularParameter.read(call.query().values(known: SimularParameter.names), &faults)
        var novo = try self.read(json, faults, call.identity)
        novo.chave = chave
        do throws(RegistrationFailure) {
            guard !simulates else {
                return Self.response(try await self.service.simulate(novo, registradoPor: call.identity.sub, canal: .rest))
            }
            let resultado = try await self.service.register(
                novo,
                registradoPor: call.identity.sub,
                canal: .rest,
                traceparent: call.traceparent.description
            )
            return Self.response(resultado)
        } catch {
            throw ProblemaHTTP(error, temChave: chave != nil)
        }
    }

    /// Returns the valid entry. A forbidden account is reported before any other fault, so that a caller learns nothing about it.
    private func read(_ json: JSONValue, _ queryFaults: FaultCollector, _ identity: Identity) throws(Problema) -> NovoLancamento {
        var faults = queryFaults
        let leitura = LancamentoReader(janela: JanelaDeDatas(hoje: self.service.hoje), chave: .refused).read(json)
        try identity.require(contaDe: leitura)
        let novo = faults.collect(leitura.mapError { ErrosDeCampo($0.erros) })
        try faults.throwIfAny()
        guard let novo else { preconditionFailure("what is missing has its fault") }
        return novo
    }

    private func reverse(_ request: Request, _ call: CallContext) async throws -> Response {
        let json = try await call.body.readOptionalJSON(request)
        let text = try call.parameter("id")
        var faults = FaultCollector()
        let simulates = try SimularParameter.read(call.query().values(known: SimularParameter.names), &faults)
        try call.identity.requireAnyConta()
        let reader = PedidoDeEstornoReader(janela: JanelaDeDatas(hoje: self.service.hoje))
        let pedido = faults.collect { () throws(ErrosDeCampo) in try json.map(reader.read) ?? PedidoDeEstorno() }
        try faults.throwIfAny()
        guard let id = LancamentoID(parsing: text), let pedido else { throw Self.naoEncontrado }
        do throws(EstornoFailure) {
            guard !simulates else {
                return Self.response(
                    try await self.service.simulateReverse(
                        id, pedido, allows: call.identity.allows(conta:), registradoPor: call.identity.sub, canal: .rest))
            }
            let resultado = try await self.service.reverse(
                id, pedido, allows: call.identity.allows(conta:), registradoPor: call.identity.sub, canal: .rest,
                traceparent: call.traceparent.description
            )
            return Self.response(resultado)
        } catch {
            throw ProblemaHTTP(error, original: id)
        }
    }

    private func find(_ request: Request, _ call: CallContext) async throws -> Response {
        let text = try call.parameter("id")
        let queryFaults = try call.query().values(known: []).faults
        try call.identity.requireAnyConta()
        guard queryFaults.isEmpty else { throw Problema(ErrosDeCampo(queryFaults)) }
        guard let id = LancamentoID(parsing: text) else { throw Self.naoEncontrado }
        let found: Lancamento?
        do throws(LookUpFailure) { found = try await self.service.find(id) } catch { throw ProblemaHTTP(error, id: id) }
        // An entry of another account and a missing one get the same answer.
        guard let lancamento = found, call.identity.allows(conta: lancamento.conta) else { throw Self.naoEncontrado }
        return .json(LancamentoJSON.encode(lancamento))
    }

    static let naoEncontrado = Problema(.naoEncontrado, detail: "Nenhum lançamento com este id.")

    fileprivate static func response(_ resultado: RegistrationOutcome) -> Response {
        switch resultado {
        case .criado(let lancamento):
            return .json(LancamentoJSON.encode(lancamento), status: .created, headers: [.location: "\(self.path)/\(lancamento.id)"])
        case .repetido(let lancamento):
            return .json(
                LancamentoJSON.encode(lancamento),
                headers: [.location: "\(self.path)/\(lancamento.id)", .idempotentReplayed: "true"]
            )
        }
    }
}

extension LancamentoController {
    /// The answer of a simulation: the entry as it would be, without what registering adds.
    private static func response(_ outcome: SimulatedOutcome) -> Response {
        switch outcome {
        case .seriaCriado(let lancamento):
            return .json(LancamentoJSON.encode(simulated: lancamento), headers: [.simulado: "true"])
        case .repetido(let lancamento):
            var response = self.response(RegistrationOutcome.repetido(lancamento))
            response.headers[.simulado] = "true"
            return response
        case .repetiriaAnterior: preconditionFailure("a single entry repeats no other of its lote")
        }
    }
}

/// The parameter `simular`: whether a call answers what it would do and does nothing.
enum SimularParameter {
    static let names = ["simular"]

    /// Collects the faults of the query, its own among them.
    static func read(_ query: (values: [String: String], faults: [ErroDeCampo]), _ faults: inout FaultCollector) -> Bool {
        for fault in query.faults { faults.add(fault.campo, fault.codigo, fault.mensagem) }
        switch query.values["simular"] {
        case nil, "false": return false
        case "true": return true
        default:
            faults.add("simular", .valorNaoAceito, "Aceita-se `true` ou `false`.")
            return false
        }
    }
}

/// The header `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header).
enum IdempotencyKeyHeader {
    /// - Throws: `chave-invalida` if the header is sent twice, malformed, too long, or missing where it is required.
    static func read(_ headers: HTTPFields, required: Bool) throws(Problema) -> Chave? {
        let values = headers[values: .idempotencyKey]
        guard let value = values.first else {
            guard !required else { throw Problema(.chaveInvalida, detail: "Falta o cabeçalho Idempotency-Key.") }
            return nil
        }
        guard values.count == 1 else { throw Problema(.chaveInvalida, detail: "O cabeçalho Idempotency-Key veio mais de uma vez.") }
        guard let chave = Chave(cabecalho: value) else {
            throw Problema(
                .chaveInvalida,
                detail: "Idempotency-Key tem de 1 a \(Chave.comprimentoMaximoEmCaracteres) caracteres visíveis de ASCII (0x21 a 0x7E)."
            )
        }
        return chave
    }
}

extension HTTPField.Name {
    static let idempotencyKey = HTTPField.Name("Idempotency-Key")!
    static let idempotentReplayed = HTTPField.Name("Idempotent-Replayed")!
    static let simulado = HTTPField.Name("Simulado")!
}

extension Scope {
    package static let lancamentosEscrever = Scope(rawValue: "lancamentos:escrever")
    package static let lancamentosLer = Scope(rawValue: "lancamentos:ler")
}
