import Contrato
import FluxoDeCaixa

extension FuzzTarget {
    /// The first byte is the size of the pieces. The cuts of a file do not change its entries; each entry is JSON with the account of the
    /// file and a key, and reading the file again gives the same keys.
    static func file<Splitter: LoteSplitter>(_ input: [UInt8], _ splitter: (Conta) -> Splitter) -> String? {
        guard let first = input.first, let conta = Conta("conta") else { return nil }
        let body = Array(input.dropFirst())
        let whole = Self.read([body], splitter(conta))
        if Self.read(Self.pieces(of: body, Int(first) + 1), splitter(conta)) != whole { return "entries depend on where the file is cut" }
        for piece in whole.pieces {
            guard let line = piece.line, line >= 1 else { return "an entry without its line" }
            guard case .lancamento(let bytes) = piece.content else { continue }
            guard let json = try? JSONReader.read(bytes) else { return "an entry that is no JSON" }
            guard json["conta"] == .string("conta") else { return "an entry of another account" }
            guard case .string? = json["chave"] else { return "an entry without a key" }
        }
        return nil
    }

    private struct ReadFile: Equatable {
        var pieces: [LotePiece] = []
        var failure: LoteFault?
    }

    private static func read(_ parts: [[UInt8]], _ splitter: some LoteSplitter) -> ReadFile {
        var splitter = splitter
        var file = ReadFile()
        for part in parts {
            let (pieces, failure) = splitter.receive(part)
            file.pieces += pieces
            file.failure = failure
            if failure != nil { return file }
        }
        let (pieces, failure) = splitter.finish()
        file.pieces += pieces
        file.failure = failure
        return file
    }
}
