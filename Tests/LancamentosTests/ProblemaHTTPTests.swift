import Contrato
import Edge
import FluxoDeCaixa
import Testing

@testable import Lancamentos

/// When a caller with an unknown outcome may repeat the request.
@Suite struct ProblemaHTTPTests {
    @Test func `an unknown outcome names the entry, and when to repeat only where repeating is safe`() throws {
        let id = try #require(LancamentoID(parsing: "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"))
        let unknown = RegistrationFailure.resultadoDesconhecido(id)
        let withKey = ProblemaHTTP(unknown, temChave: true)
        #expect(withKey.retryAfterS == 1)
        let withoutKey = ProblemaHTTP(unknown, temChave: false)
        #expect(withoutKey.retryAfterS == nil)
        #expect(withoutKey.problema.detail.contains("30 s"))
        let reversal = ProblemaHTTP(EstornoFailure.registration(unknown))
        #expect(reversal.retryAfterS == 1)
        for problem in [withKey, withoutKey, reversal] {
            #expect(problem.problema.nome == .resultadoDesconhecido)
            #expect(problem.problema.id == id)
        }
    }

    @Test func `what was certainly not registered may be repeated`() {
        for temChave in [true, false] {
            #expect(ProblemaHTTP(RegistrationFailure.sobrecarga, temChave: temChave).retryAfterS != nil)
            #expect(ProblemaHTTP(RegistrationFailure.bancoIndisponivel, temChave: temChave).retryAfterS != nil)
            #expect(ProblemaHTTP(RegistrationFailure.chaveComOutroConteudo, temChave: temChave).retryAfterS == nil)
        }
    }
}
