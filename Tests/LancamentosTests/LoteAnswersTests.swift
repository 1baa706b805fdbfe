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
                switch Int.random(in: 0..<14, using: &random) {
                case 0, 1: .registered(Self.id(.random(in: .min ... .max, using: &random)))
                case 2: .replayed(Self.id(UInt64(number)), line: [nil, 1, 128, 1_300_000].randomElement()!)
                case 3: .failed(.chaveComOutroConteudo, temChave: true, line: [nil, 9].randomElement()!)
                case 4:
                    .failed(
                        [RegistrationFailure.sobrecarga, .bancoRecusa].randomElement()!, temChave: false,
                        line: [nil, 300].randomElement()!)
                case 5: .failed(.bancoIndisponivel, temChave: false, line: [nil, 300].randomElement()!)
                case 6: .failed(.resultadoDesconhecido(Self.id(UInt64(number))), temChave: .random(using: &random), line: number + 1)
                case 7: .failed(.resultadoDesconhecido(nil), temChave: true, line: [nil, 300].randomElement()!)
                case 8:
                    .refused(
                        Array(repeating: UInt8(truncatingIfNeeded: number), count: [0, 1, 127, 128, 65_536].randomElement()!))
                case 9: .malformed(RowFault.allCases.randomElement()!, line: number + 1)
                case 11: .wouldRepeat(line: [nil, 1, 300].randomElement()!)
                case 12:
                    .wouldRegister(
                        Tipo.allCases.randomElement()!, Valor(centavos: .random(in: 1...Valor.maximoEmCentavos, using: &random))!,
                        [Dia.primeiro, Dia.ultimo, Dia(parsing: "1999-12-31")!].randomElement()!, line: [nil, 1, 300].randomElement()!)
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
            let outcome = EntryOutcome(problema, bytes: bytes, line: piece.line, place: splitter.place(of:))
            answers.append(outcome)
            expected.append(outcome)
        }
        #expect(answers.packedBytes < 6 * file.count)
        var taken: [EntryOutcome] = []
        while let outcome = answers.next() { taken.append(outcome) }
        #expect(taken.count == rows.count && taken == expected)
    }

    @Test func `what a file would register needs a few times the memory of the file`() {
        let rows = (1...10_000).map { "2026-11-24,\($0)" }
        let file = Array("data,valor\n\(rows.joined(separator: "\n"))\n".utf8)
        var splitter = LoteReception.Form.csv.splitter(conta: Conta("loja"))
        var answers = LoteAnswers()
        for (number, piece) in splitter.receive(file).pieces.enumerated() {
            let valor = Valor(centavos: Int64(number + 1) * 100)!
            answers.append(.wouldRegister(.credito, valor, Dia(parsing: "2026-11-24")!, line: piece.line))
        }
        #expect(answers.count == rows.count)
        #expect(answers.packedBytes < 2 * file.count)
    }

    @Test func `a fault in a file is reported with its tag or column, and its line`() {
        let statement = "<OFX><STMTRS><STMTTRN><TRNAMT>dez<FITID>1</STMTTRN><STMTTRN><DTPOSTED>20261124<TRNAMT>1</STMTTRN></OFX>"
        let table = "Referência;Data;Valor;Chave\n;24/11;1,00;a b\n;ontem;0,00;k\n\(String(repeating: "r", count: 129));2026-11-24;-1;\n"
        let reader = LoteEntryReader(
            identity: .init(sub: "x", contas: [.todas], scopes: []), hoje: Dia(parsing: "2026-11-24")!, exigirChave: false)
        func refused(_ form: LoteReception.Form, _ file: String) -> [(line: Int?, problema: Problema)] {
            var splitter = form.splitter(conta: Conta("loja"))
            return splitter.receive(Array(file.utf8)).pieces.compactMap { piece -> (line: Int?, problema: Problema)? in
                guard case .lancamento(let bytes) = piece.content, case .refused(let problema) = reader.read(bytes),
                    case .refusedRow(let placed, let line) = EntryOutcome(
                        problema, bytes: bytes, line: piece.line, place: splitter.place(of:))
                else { return nil }
                return (line, placed)
            }
        }
        let transactions = refused(.ofx, statement)
        #expect(transactions.count == 2)
        #expect(transactions.first?.problema.erros.map(\.campo) == ["valor", "data"])
        let messages = transactions.first?.problema.erros.map(\.mensagem) ?? []
        #expect(messages.first?.hasSuffix(" No arquivo: `TRNAMT`, cujo sinal é o `tipo`, com ponto ou vírgula decimal.") == true)
        #expect(messages.last?.hasSuffix(" No arquivo: `DTPOSTED`, que começa com `AAAAMMDD`.") == true)
        #expect(transactions.last?.problema.nome == .chaveInvalida && transactions.last?.problema.detail.contains("`FITID`") == true)
        let rows = refused(.csv, table)
        #expect(rows.map { $0.line } == [2, 3, 4])
        #expect(rows.map { $0.problema.nome } == [.chaveInvalida, .invalido, .invalido])
        #expect(rows.first?.problema.detail.hasSuffix(" No arquivo: coluna `Chave`.") == true)
        let faults = rows.flatMap { $0.problema.erros }.map { "\($0.campo): \($0.mensagem.split(separator: "coluna ").last ?? "")" }
        #expect(
            faults == [
                "valor: `Valor`, com ponto ou vírgula decimal.", "data: `Data`, como `AAAA-MM-DD` ou `DD/MM/AAAA`.",
                "referencia: `Referência`.",
            ])
    }

    @Test func `a key of a file that has other content is answered with its line and what it was made of`() {
        let splitter = LoteReception.Form.ofx.splitter(conta: Conta("loja"))
        let result: Result<SimulatedOutcome, RegistrationFailure> = .failure(.chaveComOutroConteudo)
        let outcome = EntryOutcome(result, temChave: true, line: 12, place: splitter.place(of:))
        guard case .refusedRow(let problema, line: 12) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(problema.nome == .chaveComOutroConteudo && problema.detail.hasSuffix("No arquivo: `FITID`, de que a chave é feita."))
        let json = LineSplitter()
        #expect(
            EntryOutcome(result, temChave: true, line: nil, place: json.place(of:))
                == .failed(.chaveComOutroConteudo, temChave: true, line: nil))
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
            .registered(id), .replayed(id, line: nil), .failed(.chaveComOutroConteudo, temChave: true, line: nil),
            .failed(.resultadoDesconhecido(id), temChave: false, line: nil),
            .refused(Array("{".utf8)), .refused(Array(#"{"conta":"a"}"#.utf8)),
            .refusedRow(Problema(ErrosDeCampo(campo: "valor", codigo: .obrigatorio, mensagem: "x")), line: 12), .tooLarge(line: nil),
            .ended(Problema(.ilegivel, detail: "fim")), .failed(.sobrecarga, temChave: true, line: 3),
        ])
        #expect(lines[0] == #"{"indice":7,"status":201,"id":"\#(id)"}"#)
        #expect(lines[1] == #"{"indice":8,"status":200,"id":"\#(id)"}"#)
        let statuses = try lines.map { line in try JSONReader.read(Array(line.utf8))["status"] }
        #expect(statuses == ["201", "200", "422", "503", "400", "400", "422", "413", "400", "503"].map { .number($0) })
        #expect(
            Self.lines(
                [
                    .wouldRegister(.debito, Valor(centavos: 3050)!, Dia(parsing: "2026-11-20")!, line: 12), .wouldRepeat(line: nil),
                    .replayed(id, line: 14),
                ], simulates: true) == [
                    #"{"indice":7,"simulado":true,"linha":12,"status":200,"tipo":"debito","valor":"30.50","data":"2026-11-20"}"#,
                    #"{"indice":8,"simulado":true,"status":200}"#,
                    #"{"indice":9,"simulado":true,"linha":14,"status":200,"id":"\#(id)"}"#,
                ])
        #expect(lines[3].contains("\"id\":\"\(id)\""))
        #expect(lines[5].contains("chave-invalida"))
        #expect(lines[6].hasPrefix(#"{"indice":13,"linha":12,"status":422,"#))
        #expect(lines[8].hasPrefix(#"{"indice":15,"status":400,"erro":{"type":"http://h/problemas#ilegivel""#))
        #expect(lines[9].hasPrefix(#"{"indice":16,"linha":3,"status":503,"#))
    }
}
