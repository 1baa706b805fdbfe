import Access
import Contrato
package import Edge
import FluxoDeCaixa
import HTTPTypes
import Hummingbird

/// `/v1/lancamentos`: registers entries and shows them.
package struct LancamentoController: Sendable {
    private static let path = "/v1/lancamentos"

    private let service: LancamentoService
    private let exigirChave: Bool

    /// - Parameter exigirChave: whether an entry without `Idempotency-Key` is refused.
    package init(service: LancamentoService, exigirChave: Bool) {
        self.service = service
        self.exigirChave = exigirChave
    }

    /// The calls of this controller.
    package var routes: [Route] {
        [
            Route(.post, Self.path, access: .scope(.lancamentosEscrever)) { try await self.registrar($0, $1) },
            Route(.post, "\(Self.path)/{id}/estorno", access: .scope(.lancamentosEscrever)) { try await self.estornar($0, $1) },
            Route(.get, "\(Self.path)/{id}", access: .scope(.lancamentosLer)) { try await self.buscar($0, $1) },
        ]
    }

    private func registrar(_ request: Request, _ scope: RequestScope) async throws -> Response {
        let json = try await scope.readJSON(request)
        let chave = try IdempotencyKeyHeader.read(request.headers, required: self.exigirChave)
        let queryFaults = try scope.query().values(known: []).faults
        var novo = try self.read(json, queryFaults, scope.identidade)
        novo.chave = chave
        do throws(FalhaDeRegistro) {
            let resultado = try await self.service.registrar(
                novo,
                registradoPor: scope.identidade.sub,
                canal: .rest,
                traceparent: scope.traceparent.description
            )
            return Self.response(resultado)
        } catch {
            throw ProblemaHTTP(error, temChave: chave != nil)
        }
    }

    /// The validated entry. An account that is not the caller's is told before any other fault: it is none of their business what is right there.
    private func read(_ json: JSONValue, _ queryFaults: [ErroDeCampo], _ identidade: Identidade) throws(Problema) -> NovoLancamento {
        let leitura = LancamentoReader(janela: JanelaDeDatas(hoje: self.service.hoje), chave: .recusado).read(json)
        try identidade.exigir(contaDe: leitura)
        switch leitura {
        case .success(let novo) where queryFaults.isEmpty: return novo
        case .success: throw Problema(ErrosDeCampo(queryFaults))
        case .failure(let recusa): throw Problema(ErrosDeCampo(queryFaults + recusa.erros))
        }
    }

    private func estornar(_ request: Request, _ scope: RequestScope) async throws -> Response {
        let json = try await scope.readOptionalJSON(request)
        let text = try scope.parameter("id")
        var faults = FaultCollector(try scope.query().values(known: []).faults)
        try scope.identidade.exigirContas()
        let reader = PedidoDeEstornoReader(janela: JanelaDeDatas(hoje: self.service.hoje))
        let pedido = faults.collect { () throws(ErrosDeCampo) in try json.map(reader.read) ?? PedidoDeEstorno() }
        try faults.throwIfAny()
        guard let id = LancamentoID(parsing: text), let pedido else { throw Self.naoEncontrado }
        do throws(FalhaDeEstorno) {
            let resultado = try await self.service.estornar(
                id, pedido, permite: scope.identidade.permite(conta:), registradoPor: scope.identidade.sub, canal: .rest,
                traceparent: scope.traceparent.description
            )
            return Self.response(resultado)
        } catch {
            throw ProblemaHTTP(error)
        }
    }

    private func buscar(_ request: Request, _ scope: RequestScope) async throws -> Response {
        let text = try scope.parameter("id")
        let queryFaults = try scope.query().values(known: []).faults
        try scope.identidade.exigirContas()
        guard queryFaults.isEmpty else { throw Problema(ErrosDeCampo(queryFaults)) }
        guard let id = LancamentoID(parsing: text) else { throw Self.naoEncontrado }
        let found: Lancamento?
        do throws(FalhaDeArmazenamento) { found = try await self.service.buscar(id) } catch { throw ProblemaHTTP(error) }
        // Another's entry and none look the same from outside.
        guard let lancamento = found, scope.identidade.permite(conta: lancamento.conta) else { throw Self.naoEncontrado }
        return .json(LancamentoJSON.encode(lancamento))
    }

    static let naoEncontrado = Problema(.naoEncontrado, detail: "Nenhum lançamento com este id.")

    private static func response(_ resultado: ResultadoDeRegistro) -> Response {
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
