import Access
import Contrato
import FluxoDeCaixa
import Testing

@testable import Lancamentos

@Suite struct LoteAnswersTests {
    private static func id(_ number: UInt64) -> LancamentoID { LancamentoID(bits: UInt128(number) << 64 | 0x8123) }

    @Test func `outcomes keep their order`() {
        var random = SystemRandomNumberGenerator()
        var answers = LoteAnswers()
        var expected: [EntryOutcome] = []
        for number in 0..<20_000 {
            let outcome: EntryOutcome =
                switch Int.random(in: 0..<12, using: &random) {
                case 0, 1: .registered(Self.id(.random(in: .min ... .max, using: &random)))
                case 2: Bool.random(using: &random) ? .replayed(Self.id(UInt64(number))) : .simulated
                case 3: .failed(.chaveComOutroConteudo, temChave: true)
                case 4: .failed(.sobrecarga, temChave: false)
                case 5: .failed(.bancoIndisponivel, temChave: false)
                case 6: .failed(.resultadoDesconhecido(Self.id(UInt64(number))), temChave: .random(using: &random))
                case 7: .failed(.resultadoDesconhecido(nil), temChave: true)
                case 8:
                    .refused(
                        Array(repeating: UInt8(truncatingIfNeeded: number), count: [0, 1, 127, 128, 65_536].randomElement()!))
                case 9: .malformed(RowFault.allCases.randomElement()!, line: number + 1)
                case 10: .refusedRow(Self.problema(number), line: [1, 127, 40_000].randomElement()!)
                default: .tooLarge(line: [nil, 1, 300].randomElement()!)
                }
            expected.append(outcome)
            answers.append(outcome)
            // Reads while others are appended, as a slow client does.
            if Bool.random(using: &random), let first = answers.next() { #expect(first == expected.removeFirst()) }
        }
        answers.append(.ended(Problema(.corpoGrande, detail: "x")))
        expected.append(.ended(Problema(.corpoGrande, detail: "x")))
        #expect(answers.count == expected.count)
        var taken: [EntryOutcome] = []
        while let outcome = answers.next() { taken.append(outcome) }
        #expect(taken == expected)
        #expect(answers.isEmpty)
    }

    /// Some of few problems, some that name something of the sender's, and more than are kept.
    private static func problema(_ number: Int) -> Problema {
        let faults = (0..<number % 4).map { fault in
            ErroDeCampo(
                campo: fault == 2 ? "metadados.nome\(number)" : ["valor", "data", "x", "tipo"][fault],
                codigo: ErroDeCampo.Codigo.allCases[(number + fault) % ErroDeCampo.Codigo.allCases.count],
                mensagem: number % 3 == 0 ? "Deve ser \(number)." : "Obrigatório.")
        }
        return number % 5 == 0 ? Problema(.chaveInvalida, detail: "texto \(number)") : Problema(ErrosDeCampo(faults))
    }

    @Test func `refused rows of a file need a few times the memory of the file`() {
        let conta = Conta(String(repeating: "c", count: 64))!
        let rows = (0..<10_000).map { $0 % 2 == 0 ? "x" : "{\"n\($0)\":1}" }
        let file = Array("metadados,data,valor\n\(rows.joined(separator: "\n"))\n".utf8)
        var splitter = LoteReception.Form.csv.splitter(conta: conta)
        let reader = LoteEntryReader(
            identity: .init(sub: "x", contas: [.todas], scopes: []), hoje: Dia(parsing: "2026-11-24")!, exigirChave: false)
        var answers = LoteAnswers()
        var expected: [EntryOutcome] = []
        for piece in splitter.receive(file).pieces {
            guard case .lancamento(let bytes) = piece.content, case .refused(let problema) = reader.read(bytes) else { continue }
            answers.append(EntryOutcome(problema, bytes: bytes, line: piece.line))
            expected.append(.refusedRow(problema, line: piece.line ?? 0))
        }
        #expect(answers.packedBytes < 6 * file.count)
        var taken: [EntryOutcome] = []
        while let outcome = answers.next() { taken.append(outcome) }
        #expect(taken.count == rows.count && taken == expected)
    }
}

@Suite struct LoteGroupsTests {
    private static func entry(_ chave: String?, conta: String = "loja") -> NovoLancamento {
        NovoLancamento(
            conta: Conta(conta)!, tipo: .credito, valor: Valor(centavos: 1)!, chave: chave.flatMap { Chave(literal: $0) })
    }

    @Test func `a repeated key starts another group`() {
        let entries = [
            Self.entry("a"), Self.entry("b"), Self.entry("a", conta: "outra"), Self.entry(nil), Self.entry(nil), Self.entry("a"),
            Self.entry("b"),
            Self.entry("b"),
        ]
        #expect(LoteGroups.split(entries).map(\.count) == [5, 2, 1])
    }

    @Test func `groups are bounded`() {
        #expect(LoteGroups.split(Array(repeating: Self.entry(nil), count: 600)).map(\.count) == [256, 256, 88])
        #expect(LoteGroups.split([]).isEmpty)
    }
}

@Suite struct SimulatedKeysTests {
    @Test func `a key of a simulated lote is known in its account, with its content`() {
        var keys = SimulatedKeys()
        keys.add(Registrations.make(1, chave: "a", conteudo: [1, 2]))
        keys.add(Registrations.make(2))
        #expect(keys.repeats(Registrations.make(3, chave: "a", conteudo: [1, 2])) == true)
        #expect(keys.repeats(Registrations.make(3, chave: "a", conteudo: [1, 3])) == false)
        #expect(keys.repeats(Registrations.make(3, chave: "b", conteudo: [1, 2])) == nil)
        #expect(keys.repeats(Registrations.make(3, conta: "outra", chave: "a", conteudo: [1, 2])) == nil)
        #expect(keys.repeats(Registrations.make(3)) == nil)
    }
}

@Suite struct LoteLinesTests {
    private static func lines(_ outcomes: [EntryOutcome], simulates: Bool = false) -> [String] {
        let reader = LoteEntryReader(
            identity: .init(sub: "x", contas: [.todas], scopes: []), hoje: Dia(parsing: "2026-11-24")!, exigirChave: true)
        let lines = LoteLines(reader: reader, simulates: simulates, urlPublica: "http://h", requestID: "r")
        return String(decoding: lines.lines(outcomes, from: 7), as: UTF8.self).split(separator: "\n").map(String.init)
    }

    @Test func `each outcome has its line`() throws {
        let id = LancamentoID(parsing: "01900000-0000-7000-8000-000000000001")!
        let lines = Self.lines([
            .registered(id), .replayed(id), .failed(.chaveComOutroConteudo, temChave: true),
            .failed(.resultadoDesconhecido(id), temChave: false),
            .refused(Array("{".utf8)), .refused(Array(#"{"conta":"a"}"#.utf8)),
            .refusedRow(Problema(ErrosDeCampo(campo: "valor", codigo: .obrigatorio, mensagem: "x")), line: 12), .tooLarge(line: nil),
            .ended(Problema(.ilegivel, detail: "fim")),
        ])
        #expect(lines[0] == #"{"indice":7,"status":201,"id":"\#(id)"}"#)
        #expect(lines[1] == #"{"indice":8,"status":200,"id":"\#(id)"}"#)
        let statuses = try lines.map { line in try JSONReader.read(Array(line.utf8))["status"] }
        #expect(statuses == ["201", "200", "422", "503", "400", "400", "422", "413", "400"].map { .number($0) })
        #expect(
            Self.lines([.simulated, .replayed(id)], simulates: true) == [
                #"{"indice":7,"simulado":true,"status":200}"#, #"{"indice":8,"simulado":true,"status":200,"id":"\#(id)"}"#,
            ])
        #expect(lines[3].contains("\"id\":\"\(id)\""))
        #expect(lines[5].contains("chave-invalida"))
        #expect(lines[6].hasPrefix(#"{"indice":13,"linha":12,"status":422,"#))
        #expect(lines[8].hasPrefix(#"{"indice":15,"status":400,"erro":{"type":"http://h/problemas#ilegivel""#))
    }
}
