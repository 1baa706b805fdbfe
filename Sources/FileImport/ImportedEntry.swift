import Contrato
import Crypto

/// One entry of a file, as the line of a lote that a caller would have sent.
///
/// What could not be read is passed on as it was written, so that the reader of a lote reports the member and what is accepted.
struct ImportedEntry {
    var conta: String
    var tipo: String?
    var valor: String?
    var data: String?
    var moeda: String?
    var natureza: String?
    var descricao: String?
    var categoria: String?
    var referencia: String?
    var metadados: JSONValue?

    init(conta: String) {
        self.conta = conta
    }

    /// The entry as JSON without its key: the same bytes for the same content.
    var content: [UInt8] { self.json(chave: nil) }

    func json(chave: String?) -> [UInt8] {
        var writer = JSONWriter(reservedBytes: 384)
        writer.object { writer in
            writer.member("conta", self.conta)
            writer.member("tipo", ifPresent: self.tipo)
            writer.member("valor", ifPresent: self.valor)
            writer.member("data", ifPresent: self.data)
            writer.member("moeda", ifPresent: self.moeda)
            writer.member("natureza", ifPresent: self.natureza)
            writer.member("descricao", ifPresent: self.descricao)
            writer.member("categoria", ifPresent: self.categoria)
            writer.member("referencia", ifPresent: self.referencia)
            if let metadados = self.metadados {
                writer.name("metadados")
                writer.value(metadados)
            }
            writer.member("chave", ifPresent: chave)
        }
        return writer.bytes
    }
}

/// Numbers what a file repeats, so that importing the file again gives the same keys.
///
/// It keeps hashes of names and contents only: a file may have a million entries, each with a longer name than its own bytes.
struct Repetitions {
    private var positions: [UInt128: Int] = [:]
    private var differentContents: [UInt128: Int] = [:]
    private var counts: [UInt128: Int] = [:]

    /// The position, from 1, of this content among the different contents of a name; equal contents have one position.
    mutating func position(of content: [UInt8], under name: String) -> Int {
        let digest = SHA256.hash(data: Array(name.utf8) + [0] + content).prefix
        if let position = self.positions[digest] { return position }
        let nameDigest = SHA256.hash(data: Array(name.utf8)).prefix
        let position = self.differentContents[nameDigest, default: 0] + 1
        self.differentContents[nameDigest] = position
        self.positions[digest] = position
        return position
    }

    /// How often this hash was counted, including now.
    mutating func count(_ digest: SHA256Digest) -> Int {
        let count = self.counts[digest.prefix, default: 0] + 1
        self.counts[digest.prefix] = count
        return count
    }
}

extension SHA256Digest {
    /// Lower-case hexadecimal.
    var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: self.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// The first 128 bits.
    fileprivate var prefix: UInt128 { self.prefix(16).reduce(0) { $0 << 8 | UInt128($1) } }
}
