import Contrato
import Edge
import FluxoDeCaixa
import Storage
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
        let reversal = ProblemaHTTP(EstornoFailure.registration(unknown), original: id)
        #expect(reversal.retryAfterS == 1)
        for problem in [withKey, withoutKey, reversal] {
            #expect(problem.problema.nome == .resultadoDesconhecido)
            #expect(problem.problema.id == id)
        }
    }

    @Test func `a look-up of what may still be committed is asked again, and names the entry that it was asked for`() throws {
        let id = try #require(LancamentoID(parsing: "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"))
        let problems = [
            (ProblemaHTTP(LookUpFailure.open, id: id), id), (ProblemaHTTP(LookUpFailure.open, id: nil), nil),
            (ProblemaHTTP(EstornoFailure.original(.open), original: id), id),
        ]
        for (problem, expected) in problems {
            #expect(problem.problema.nome == .resultadoDesconhecido)
            #expect(problem.retryAfterS == 1)
            #expect(problem.problema.id == expected)
        }
    }

    @Test func `a database that refuses is not called one that does not answer`() {
        for problem in [ProblemaHTTP(RegistrationFailure.bancoRecusa, temChave: false), ProblemaHTTP(StorageFailure.refused)] {
            #expect(problem.problema.nome == .bancoIndisponivel)
            #expect(problem.problema.detail.contains("recusa"))
            #expect(problem.retryAfterS != nil)
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
