/// The version of both services, which the API's documents carry too.
package enum ServiceVersion {
    package static let current = "1.0.0"
}
