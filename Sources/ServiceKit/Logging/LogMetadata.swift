import Logging

extension LogHandler {
    /// Everything that belongs to a line beside its message, in the order of the names: what the logger carries, what its provider adds, what
    /// the call gives, the later of one name winning.
    func allMetadata(of event: LogEvent) -> [(key: String, value: Logger.MetadataValue)] {
        var all = self.metadata
        if let provided = self.metadataProvider?.get() {
            all.merge(provided) { _, new in new }
        }
        if let own = event.metadata {
            all.merge(own) { _, new in new }
        }
        return all.sorted { $0.key < $1.key }
    }
}
