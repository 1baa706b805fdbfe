package import Hummingbird
import Logging
import NIOCore

/// What the server library hands over with each request: the connection.
package struct EdgeContext: InitializableFromSource, Sendable {
    let channel: any Channel

    package init(source: ApplicationRequestContextSource) {
        self.channel = source.channel
    }
}
