import Foundation

/// How much room there is for what grows.
enum Disk {
    /// An entry's rows and indexes in both databases, its share of the write-ahead logs and of the broker's segments, generously.
    private static let bytesPerEntry = 1500
    /// What has to stay free besides.
    private static let marginBytes = 4 << 30

    static func neededBytes(entries: Int) -> Int { entries * self.bytesPerEntry + self.marginBytes }

    /// What an ordinary user may still write to the disk of a folder.
    static func freeBytes(_ folder: String) throws(BenchFailure) -> Int {
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else { throw BenchFailure("\(folder): errno \(errno)") }
        return Int(status.f_bavail) * Int(status.f_frsize)
    }
}
