/// The two services. Keys that must differ between them lie under this name (`lancamentos.porta`).
package enum ServiceName: String, Sendable, CaseIterable {
    case lancamentos
    case consolidado
}
