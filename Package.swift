// swift-tools-version: 6.2

import PackageDescription

/// Every module is compiled with the same rules: Swift 6 mode, the upcoming features below and no warning left standing.
let settings: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0335-existential-any.md
    .enableUpcomingFeature("ExistentialAny"),
    // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0444-member-import-visibility.md
    .enableUpcomingFeature("MemberImportVisibility"),
    // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0409-access-level-on-imports.md
    .enableUpcomingFeature("InternalImportsByDefault"),
    // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0461-async-function-isolation.md
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

/// The commit that is compiled, which the caller of the build names. `Context.gitInformation` is no source: SwiftPM keeps a manifest that it
/// has read once, and with it the commit of that time; a variable makes it read the manifest again.
let revision = Context.environment["REVISAO"] ?? ""

let concurrencyHelpers: Target.Dependency = .product(name: "NIOConcurrencyHelpers", package: "swift-nio")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let metrics: Target.Dependency = .product(name: "Metrics", package: "swift-metrics")
let coreMetrics: Target.Dependency = .product(name: "CoreMetrics", package: "swift-metrics")
let tracing: Target.Dependency = .product(name: "Tracing", package: "swift-distributed-tracing")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore: Target.Dependency = .product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdTLS: Target.Dependency = .product(name: "HummingbirdTLS", package: "hummingbird")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let certificateReloading: Target.Dependency = .product(name: "NIOCertificateReloading", package: "swift-nio-extras")
let nioHTTPTypes: Target.Dependency = .product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let nioHTTPTypesHTTP1: Target.Dependency = .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let deque: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let jwt: Target.Dependency = .product(name: "JWTKit", package: "jwt-kit")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let cryptoExtras: Target.Dependency = .product(name: "CryptoExtras", package: "swift-crypto")
let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let asyncHTTPClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let histogram: Target.Dependency = .product(name: "Histogram", package: "hdrhistogram-swift")
let hummingbirdTesting: Target.Dependency = .product(name: "HummingbirdTesting", package: "hummingbird")

let package = Package(
    name: "fluxo-de-caixa",
    products: [
        .library(name: "AMQP", targets: ["AMQP"]),
        .library(name: "Postgres", targets: ["Postgres"]),
        .executable(name: "lancamentos", targets: ["LancamentosServer"]),
        .executable(name: "consolidado", targets: ["ConsolidadoServer"]),
        .executable(name: "carga", targets: ["CargaTool"]),
        .executable(name: "limites", targets: ["Limites"]),
        .executable(name: "simulacao", targets: ["Simulation"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", exact: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", exact: "2.13.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", exact: "1.7.3"),
        .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
        .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1"),
        .package(url: "https://github.com/vapor/jwt-kit", exact: "5.7.1"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", exact: "0.2.0"),
    ],
    targets: [
        // C
        .systemLibrary(name: "CLibRabbitMQ", pkgConfig: "librabbitmq", providers: [.apt(["librabbitmq-dev"])]),
        .systemLibrary(name: "CLibSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CLibZ", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        // Named here although pkg-config names them: a first build before the packages were installed fails, and SwiftPM keeps its plan,
        // which lacks them.
        .target(
            name: "CRabbitMQ", dependencies: ["CLibRabbitMQ", "CLibSSL"],
            linkerSettings: [.linkedLibrary("rabbitmq"), .linkedLibrary("ssl"), .linkedLibrary("crypto")]),
        .target(name: "CBuild", cSettings: [.define("FLUXO_REVISION", to: "\"\(revision)\"")]),

        // Libraries that know nothing of this product
        .target(name: "OpenFiles", swiftSettings: settings),
        .target(name: "SocketExecutor", dependencies: [concurrencyHelpers], swiftSettings: settings),
        .target(name: "HostNames", dependencies: [concurrencyHelpers], swiftSettings: settings),
        .target(
            name: "AMQP",
            dependencies: ["CRabbitMQ", "HostNames", "SocketExecutor", concurrencyHelpers, deque, logging, lifecycle],
            swiftSettings: settings
        ),
        .target(
            name: "Postgres",
            dependencies: ["CLibPQ", "HostNames", "SocketExecutor", concurrencyHelpers, logging, lifecycle],
            swiftSettings: settings
        ),

        // The product
        .target(name: "FluxoDeCaixa", swiftSettings: settings),
        .target(name: "Contrato", dependencies: ["FluxoDeCaixa"], swiftSettings: settings),
        // Only programs use it: what depends on it is compiled again at each new revision.
        .target(name: "BuildInfo", dependencies: ["CBuild", "Contrato"], swiftSettings: settings),
        .target(name: "FileImport", dependencies: ["Contrato", "FluxoDeCaixa", crypto], swiftSettings: settings),
        .target(name: "Storage", dependencies: ["FluxoDeCaixa", "Postgres", logging], swiftSettings: settings),
        .target(
            name: "Mensageria",
            dependencies: ["AMQP", "Contrato", "FluxoDeCaixa", concurrencyHelpers, logging, lifecycle, metrics],
            swiftSettings: settings
        ),
        .target(name: "Batching", dependencies: [concurrencyHelpers, deque, lifecycle, nioCore, nioPosix], swiftSettings: settings),
        .target(name: "Settings", dependencies: [yams], swiftSettings: settings),
        .target(
            name: "Observability",
            dependencies: ["Contrato", "FluxoDeCaixa", "Settings", concurrencyHelpers, coreMetrics, logging, tracing, unixSignals],
            swiftSettings: settings
        ),
        .target(
            name: "Access",
            dependencies: [
                "Contrato", "FluxoDeCaixa", "Settings", asyncHTTPClient, concurrencyHelpers, jwt, lifecycle, logging, nioCore, nioHTTP1,
                nioPosix,
            ],
            swiftSettings: settings
        ),
        .target(
            name: "Edge",
            dependencies: [
                "Access", "Batching", "CLibZ", "Contrato", "FluxoDeCaixa", "Observability", "OpenFiles", "Settings",
                certificateReloading, concurrencyHelpers, coreMetrics, httpTypes, hummingbird, hummingbirdCore, hummingbirdTLS, lifecycle,
                logging, metrics, nioCore, nioHTTP1, nioHTTPTypes, nioHTTPTypesHTTP1, nioSSL, tracing,
            ],
            swiftSettings: settings
        ),
        .target(
            name: "ServiceRuntime",
            dependencies: [
                "AMQP", "Access", "Contrato", "Edge", "FluxoDeCaixa", "Observability", "OpenFiles", "Postgres", "Settings", argumentParser,
                asyncHTTPClient, concurrencyHelpers, coreMetrics, lifecycle, logging, metrics, nioCore, nioHTTP1, nioSSL, tracing,
                unixSignals,
            ],
            swiftSettings: settings
        ),
        .target(
            name: "Documents",
            dependencies: ["Contrato", "Edge", httpTypes, hummingbird, nioCore, yams],
            resources: [
                .embedInCode("Texts/openapi-lancamentos.yaml"), .embedInCode("Texts/openapi-consolidado.yaml"),
                .embedInCode("Texts/lancamentos.yaml"), .embedInCode("Texts/consolidado.yaml"),
                .embedInCode("Texts/problemas.md"), .embedInCode("Texts/lancamento-registrado-v1.json"),
                .embedInCode("Texts/consolidado-atualizado-v1.json"),
                .embedInCode("Texts/asyncapi.yaml"), .embedInCode("Texts/introducao.md"), .embedInCode("Texts/mudancas.md"),
                .embedInCode("Texts/comandos-e-eventos.md"), .embedInCode("Texts/conciliar-por-csv.md"),
                .embedInCode("Texts/acompanhar-sem-perder.md"), .embedInCode("Texts/importar-arquivo.md"),
                .embedInCode("Texts/ler-o-que-gravou.md"), .embedInCode("Texts/registrar-com-curl.md"),
                .embedInCode("Texts/registrar-com-python.md"), .embedInCode("Texts/repetir-com-seguranca.md"),
                .embedInCode("Pages/Assets/pagina.css"), .embedInCode("Pages/Assets/pagina.js"),
                .embedInCode("Painel/index.html"),
                .embedInCode("Painel/accounts.js"), .embedInCode("Painel/api.js"), .embedInCode("Painel/categories.js"),
                .embedInCode("Painel/chart.js"), .embedInCode("Painel/clock.js"), .embedInCode("Painel/dates.js"),
                .embedInCode("Painel/dom.js"), .embedInCode("Painel/entries.js"), .embedInCode("Painel/entry.js"),
                .embedInCode("Painel/icone.svg"), .embedInCode("Painel/import.js"), .embedInCode("Painel/jwt.js"),
                .embedInCode("Painel/live.js"), .embedInCode("Painel/money.js"), .embedInCode("Painel/month.js"),
                .embedInCode("Painel/oidc.js"), .embedInCode("Painel/painel.css"),
                .embedInCode("Painel/painel.js"), .embedInCode("Painel/period.js"), .embedInCode("Painel/preview.js"),
                .embedInCode("Painel/register.js"), .embedInCode("Painel/router.js"), .embedInCode("Painel/session.js"),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "Lancamentos",
            dependencies: [
                "AMQP", "Access", "Batching", "Contrato", "Documents", "Edge", "FileImport", "FluxoDeCaixa", "Mensageria", "Observability",
                "Postgres", "ServiceRuntime", "Settings", "Storage",
                concurrencyHelpers, coreMetrics, crypto, deque, httpTypes, hummingbird, lifecycle, logging, metrics, nioCore, tracing,
            ],
            resources: [
                .embedInCode("Repositories/Migrations/V1_lancamentos_e_outbox.sql"),
                .embedInCode("Repositories/Migrations/V2_indices_da_lista.sql"),
                .embedInCode("Repositories/Migrations/V3_conferencia.sql"),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "Consolidado",
            dependencies: [
                "AMQP", "Access", "Batching", "Contrato", "Documents", "Edge", "FluxoDeCaixa", "Mensageria", "Observability", "Postgres",
                "ServiceRuntime", "Settings", "Storage",
                concurrencyHelpers, coreMetrics, httpTypes, hummingbird, lifecycle, logging, metrics, tracing,
            ],
            resources: [
                .embedInCode("Repositories/Migrations/V1_saldos.sql"), .embedInCode("Repositories/Migrations/V2_indices_por_data.sql"),
                .embedInCode("Repositories/Migrations/V3_atualizacoes.sql"),
                .embedInCode("Repositories/Migrations/V4_conferencia.sql"),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "Repair",
            dependencies: [
                "AMQP", "Contrato", "FluxoDeCaixa", "Mensageria", "Postgres", "ServiceRuntime", "Settings", argumentParser,
                asyncHTTPClient, concurrencyHelpers, lifecycle, logging, nioCore, nioHTTP1,
            ],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "LancamentosServer",
            dependencies: [
                "AMQP", "BuildInfo", "Contrato", "FluxoDeCaixa", "Lancamentos", "Mensageria", "Postgres", "Repair", "ServiceRuntime",
                "Settings", "Storage",
                argumentParser, lifecycle, logging,
            ],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "ConsolidadoServer",
            dependencies: [
                "AMQP", "BuildInfo", "Consolidado", "Contrato", "FluxoDeCaixa", "Mensageria", "Postgres", "Repair", "ServiceRuntime",
                "Settings", "Storage",
                argumentParser, lifecycle, logging,
            ],
            swiftSettings: settings
        ),
        .target(
            name: "Carga",
            dependencies: [
                "Contrato", "FluxoDeCaixa", "OpenFiles", histogram, nioCore, nioHTTP1, nioPosix, concurrencyHelpers, unixSignals,
                argumentParser,
            ],
            swiftSettings: settings
        ),
        .executableTarget(name: "CargaTool", dependencies: ["BuildInfo", "Carga", "Contrato", argumentParser], swiftSettings: settings),
        .executableTarget(
            name: "Limites",
            dependencies: [
                "AMQP", "Batching", "BuildInfo", "Carga", "Consolidado", "Contrato", "FluxoDeCaixa", "Lancamentos", "Mensageria",
                "Postgres",
                "ServiceRuntime", "Storage",
                argumentParser, concurrencyHelpers, hummingbird, lifecycle, logging, nioCore,
            ],
            swiftSettings: settings
        ),

        // Tests
        .target(
            name: "TestSupport",
            dependencies: ["Contrato", "Postgres", concurrencyHelpers, nioCore, nioHTTP1, nioPosix, asyncHTTPClient, crypto],
            path: "Tests/TestSupport",
            swiftSettings: settings
        ),
        .target(
            name: "Fixtures",
            dependencies: ["Contrato", "FluxoDeCaixa", "HostNames", concurrencyHelpers, crypto, cryptoExtras, logging],
            path: "Tests/Fixtures", swiftSettings: settings),
        .target(
            name: "RepositoryContracts", dependencies: ["Consolidado", "Contrato", "Fixtures", "FluxoDeCaixa", "Lancamentos", "Storage"],
            path: "Tests/RepositoryContracts", swiftSettings: settings),
        .target(name: "SeededRandom", path: "Tests/SeededRandom", swiftSettings: settings),
        .target(name: "LeaseFakes", dependencies: ["ServiceRuntime"], path: "Tests/LeaseFakes", swiftSettings: settings),
        .target(name: "MensageriaFakes", dependencies: ["AMQP", "Mensageria"], path: "Tests/MensageriaFakes", swiftSettings: settings),
        .target(
            name: "FuzzTargets",
            dependencies: ["AMQP", "CRabbitMQ", "Contrato", "FileImport", "FluxoDeCaixa"],
            path: "Tests/FuzzTargets",
            exclude: ["Corpus"],
            swiftSettings: settings
        ),
        .target(name: "SimulatedRuntime", path: "Tests/SimulatedRuntime"),
        .executableTarget(
            name: "Simulation",
            dependencies: [
                "AMQP", "Batching", "Consolidado", "Contrato", "FluxoDeCaixa", "Lancamentos", "Mensageria", "SeededRandom",
                "ServiceRuntime", "SimulatedRuntime", "Storage", argumentParser, lifecycle, logging,
            ],
            path: "Tests/Simulation",
            swiftSettings: settings
        ),
        .testTarget(name: "SimulationTests", dependencies: ["TestSupport"], swiftSettings: settings),
        .testTarget(name: "FuzzTargetsTests", dependencies: ["FuzzTargets"], swiftSettings: settings),
        .testTarget(name: "TidyTests", swiftSettings: settings),
        .testTarget(name: "SocketExecutorTests", dependencies: ["SocketExecutor"], swiftSettings: settings),
        .testTarget(name: "HostNamesTests", dependencies: ["HostNames", concurrencyHelpers], swiftSettings: settings),
        .testTarget(name: "PostgresTests", dependencies: ["Fixtures", "HostNames", "Postgres"], swiftSettings: settings),
        .testTarget(name: "StorageTests", dependencies: ["FluxoDeCaixa", "Postgres", "Storage"], swiftSettings: settings),
        .testTarget(
            name: "AMQPTests",
            dependencies: ["AMQP", "CRabbitMQ", "Fixtures", "HostNames", "SocketExecutor", "SeededRandom", lifecycle, logging],
            swiftSettings: settings
        ),
        .testTarget(name: "FluxoDeCaixaTests", dependencies: ["FluxoDeCaixa", "SeededRandom"], swiftSettings: settings),
        .testTarget(
            name: "FileImportTests", dependencies: ["Contrato", "FileImport", "FluxoDeCaixa", "SeededRandom"], swiftSettings: settings),
        .testTarget(name: "ContratoTests", dependencies: ["Contrato", "FluxoDeCaixa", "SeededRandom"], swiftSettings: settings),
        .testTarget(name: "BatchingTests", dependencies: ["Batching", concurrencyHelpers, lifecycle], swiftSettings: settings),
        .testTarget(
            name: "ObservabilityTests",
            dependencies: [
                "Contrato", "FluxoDeCaixa", "Observability", "SeededRandom", "Settings", concurrencyHelpers, coreMetrics, logging, metrics,
                tracing, unixSignals,
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "AccessTests",
            dependencies: [
                "Access", "Contrato", "Fixtures", "FluxoDeCaixa", "Observability", "SeededRandom", "Settings", concurrencyHelpers,
                lifecycle,
                logging,
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "EdgeTests",
            dependencies: [
                "Access", "Contrato", "Edge", "Fixtures", "FluxoDeCaixa", "Observability", "OpenFiles", "SeededRandom", "ServiceRuntime",
                "Settings", "TestSupport", asyncHTTPClient, concurrencyHelpers, coreMetrics, httpTypes, hummingbird, hummingbirdTesting,
                lifecycle, logging, metrics,
                nioCore, nioEmbedded, nioHTTP1, nioHTTPTypes, nioPosix, nioSSL, tracing,
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "ServiceRuntimeTests",
            dependencies: [
                "Access", "Consolidado", "Contrato", "Documents", "Edge", "Fixtures", "FluxoDeCaixa", "Lancamentos", "LeaseFakes",
                "Observability", "ServiceRuntime", "Settings", concurrencyHelpers, lifecycle, logging, nioCore,
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "DocumentsTests",
            dependencies: [
                "AMQP", "Access", "Consolidado", "Contrato", "Documents", "Edge", "FluxoDeCaixa", "Lancamentos", "Observability",
                "SeededRandom", "ServiceRuntime", httpTypes, hummingbird, hummingbirdTesting, logging, nioCore,
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "LancamentosTests",
            dependencies: [
                "AMQP", "Access", "Contrato", "Edge", "Fixtures", "FluxoDeCaixa", "Lancamentos", "LeaseFakes", "Mensageria",
                "MensageriaFakes", "Observability", "RepositoryContracts", "SeededRandom", "ServiceRuntime", "Storage", concurrencyHelpers,
                logging,
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "ConsolidadoTests",
            dependencies: [
                "AMQP", "Access", "Consolidado", "Contrato", "Edge", "Fixtures", "FluxoDeCaixa", "LeaseFakes", "Mensageria",
                "MensageriaFakes", "RepositoryContracts", "ServiceRuntime", "Storage", concurrencyHelpers, httpTypes, logging,
                nioCore, nioEmbedded, nioPosix,
            ],
            swiftSettings: settings
        ),
        .testTarget(name: "RepairTests", dependencies: ["Contrato", "FluxoDeCaixa", "Repair"], swiftSettings: settings),
        .testTarget(name: "LimitesTests", dependencies: ["Limites", "Contrato"], swiftSettings: settings),
        .testTarget(
            name: "CargaTests",
            dependencies: [
                "Carga", "Contrato", "FluxoDeCaixa", "SeededRandom", concurrencyHelpers, nioCore, nioHTTP1, nioPosix,
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "IntegrationTests",
            dependencies: [
                "AMQP", "Batching", "Consolidado", "Contrato", "Documents", "Fixtures", "FluxoDeCaixa", "HostNames", "Lancamentos",
                "LeaseFakes", "Observability", "OpenFiles", "Postgres", "RepositoryContracts", "SeededRandom", "ServiceRuntime", "Storage",
                "TestSupport",
                asyncHTTPClient, concurrencyHelpers, lifecycle, logging,
                nioCore, nioHTTP1, nioSSL,
            ],
            swiftSettings: settings
        ),
    ]
)

// libFuzzer brings the main function, so that this program can be linked under `--sanitize fuzzer` only (deploy/local/fuzz sets the variable).
if Context.environment["FUZZER"] != nil {
    package.targets.append(
        .executableTarget(name: "Fuzzer", dependencies: ["FuzzTargets"], path: "Tests/Fuzzer", swiftSettings: settings))
}

// MODULES=FluxoDeCaixa,Contrato builds and tests these modules with their dependencies alone, for a short loop while editing.
if let chosen = Context.environment["MODULES"] {
    package.keep(modules: chosen.split(separator: ",").map(String.init))
}

extension Package {
    /// Removes every target but these, their tests and what they depend on, and every package that is not used any more.
    func keep(modules: [String]) {
        let targets = Dictionary(uniqueKeysWithValues: self.targets.map { ($0.name, $0) })
        var kept: Set<String> = []
        var packages: Set<String> = []
        var open = modules.flatMap { [$0, "\($0)Tests"] }.filter { targets[$0] != nil }
        guard !open.isEmpty else { fatalError("MODULES names no target of this package: \(modules.joined(separator: ","))") }
        while let name = open.popLast() {
            guard let target = targets[name], kept.insert(name).inserted else { continue }
            for dependency in target.dependencies {
                switch dependency {
                case .targetItem(let name, _), .byNameItem(let name, _): open.append(name)
                case .productItem(_, let package, _, _): packages.insert((package ?? "").lowercased())
                @unknown default: continue
                }
            }
        }
        self.targets.removeAll { !kept.contains($0.name) }
        self.products.removeAll { product in
            switch product {
            case let library as Product.Library: !kept.isSuperset(of: library.targets)
            case let executable as Product.Executable: !kept.isSuperset(of: executable.targets)
            default: false
            }
        }
        self.dependencies.removeAll { dependency in
            guard case .sourceControl(_, let location, _) = dependency.kind else { return false }
            return !packages.contains(String(location.split(separator: "/").last ?? "").lowercased())
        }
    }
}
