import Foundation
import NIOPosix

/// A key set in a file, as Kubernetes mounts it or an agent writes it. The file is re-read periodically to see rotations.
struct FileKeySource: KeySource {
    let path: String
    let maxBytes: Int

    init(path: String, maxBytes: Int = 262_144) {
        self.path = path
        self.maxBytes = maxBytes
    }

    var name: String { self.path }

    /// Reading a few kilobytes is cheap, so a removed key is refused within two seconds.
    var limits: RefreshSchedule.Limits {
        .init(interval: .seconds(2), retryMin: .seconds(1), retryMax: .seconds(2), askedMin: .seconds(1))
    }

    func read() async throws(KeySourceError) -> [UInt8] {
        let (path, maxBytes) = (self.path, self.maxBytes)
        do {
            return try await NIOThreadPool.singleton.runIfActive { try Self.read(path, maxBytes: maxBytes) }
        } catch let error as KeySourceError {
            throw error
        } catch {
            throw .unreadable
        }
    }

    private static func read(_ path: String, maxBytes: Int) throws -> [UInt8] {
        // Opening a pipe would wait for its writer.
        let values = try? URL(filePath: path).resolvingSymlinksInPath().resourceValues(forKeys: [.isRegularFileKey])
        guard values?.isRegularFile == true else { throw KeySourceError.noRegularFile }
        guard let handle = FileHandle(forReadingAtPath: path) else { throw KeySourceError.unreadable }
        let data = try handle.read(upToCount: maxBytes + 1) ?? Data()
        try handle.close()
        guard data.count <= maxBytes else { throw KeySourceError.tooLarge(maxBytes: maxBytes) }
        return Array(data)
    }
}
