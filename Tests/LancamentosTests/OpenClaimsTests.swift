import Fixtures
import FluxoDeCaixa
import Testing

@testable import Lancamentos

@Suite struct OpenClaimsTests {
    private func entry(_ number: UInt64, chave: String? = nil, estornoDe: UInt64? = nil) -> Lancamento {
        Registrations.make(number, chave: chave, estornoDe: estornoDe.map(TestEntry.id)).lancamento
    }

    @Test func `a failure that means not registered becomes unknown while an attempt with the same claim is open`() {
        var open = OpenClaims(countMax: 10)
        let unknown = RegistrationFailure.resultadoDesconhecido(TestEntry.id(1))
        #expect(open.note(.sobrecarga, of: self.entry(2, chave: "k")) == .sobrecarga)
        #expect(open.note(unknown, of: self.entry(1, chave: "k")) == unknown)
        for failure in [RegistrationFailure.sobrecarga, .bancoIndisponivel, .resultadoDesconhecido(nil)] {
            #expect(open.note(failure, of: self.entry(2, chave: "k")) == unknown)
            #expect(open.note(failure, of: self.entry(2, chave: "other")) == failure)
            #expect(open.note(failure, of: self.entry(2)) == failure)
        }
        #expect(open.note(.chaveComOutroConteudo, of: self.entry(2, chave: "k")) == .chaveComOutroConteudo)
    }

    @Test func `an attempt of another process counts as open, without its entry`() {
        var open = OpenClaims(countMax: 10)
        #expect(open.note(.resultadoDesconhecido(nil), of: self.entry(1, chave: "k")) == .resultadoDesconhecido(nil))
        #expect(open.note(.sobrecarga, of: self.entry(2, chave: "k")) == .resultadoDesconhecido(nil))
        #expect(open.note(.sobrecarga, of: self.entry(2, chave: "other")) == .sobrecarga)
    }

    @Test func `the reversed entry is the claim of an estorno`() {
        var open = OpenClaims(countMax: 10)
        let unknown = RegistrationFailure.resultadoDesconhecido(TestEntry.id(1))
        _ = open.note(unknown, of: self.entry(1, estornoDe: 9))
        #expect(open.note(.bancoIndisponivel, of: self.entry(2, estornoDe: 9)) == unknown)
        #expect(open.note(.bancoIndisponivel, of: self.entry(2, estornoDe: 8)) == .bancoIndisponivel)
    }

    @Test func `only the newest claims are remembered`() {
        var open = OpenClaims(countMax: 3)
        for number in UInt64(1)...5 {
            _ = open.note(.resultadoDesconhecido(TestEntry.id(number)), of: self.entry(number, chave: "k\(number)"))
        }
        let failures = (UInt64(1)...5).map { open.note(.sobrecarga, of: self.entry(9, chave: "k\($0)")) }
        #expect(failures == [.sobrecarga, .sobrecarga] + (UInt64(3)...5).map { .resultadoDesconhecido(TestEntry.id($0)) })
    }
}
