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
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let deque: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let configuration: Target.Dependency = .product(name: "Configuration", package: "swift-configuration")
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
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "AMQP", targets: ["AMQP"]),
        .library(name: "Postgres", targets: ["Postgres"]),
        .executable(name: "lancamentos", targets: ["LancamentosServer"]),
        .executable(name: "consolidado", targets: ["ConsolidadoServer"]),
        .executable(name: "carga", targets: ["CargaTool"]),
        .executable(name: "limites", targets: ["Limites"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: [.defaults, "YAML"]),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    ],
    targets: [
        // C
        .systemLibrary(name: "CLibRabbitMQ", pkgConfig: "librabbitmq", providers: [.apt(["librabbitmq-dev"])]),
        .systemLibrary(name: "CLibSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CLibZ", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "CRabbitMQ", dependencies: ["CLibRabbitMQ", "CLibSSL"]),

        // Libraries that know nothing of this product
        .target(name: "OpenFiles", swiftSettings: settings),
        .target(name: "SocketExecutor", dependencies: [concurrencyHelpers], swiftSettings: settings),
        .target(
            name: "AMQP",
            dependencies: ["CRabbitMQ", "SocketExecutor", concurrencyHelpers, logging, lifecycle],
            swiftSettings: settings
        ),
        .target(
            name: "Postgres",
            dependencies: ["CLibPQ", "SocketExecutor", concurrencyHelpers, logging, lifecycle],
            swiftSettings: settings
        ),

        // The product
        .target(name: "FluxoDeCaixa", swiftSettings: settings),
        .target(name: "Contrato", dependencies: ["FluxoDeCaixa"], swiftSettings: settings),
        .target(
            name: "Mensageria",
            dependencies: ["AMQP", "Contrato", "FluxoDeCaixa", concurrencyHelpers, logging, lifecycle, metrics],
            swiftSettings: settings
        ),
        .target(
            name: "Documents",
            resources: [
                .embedInCode("Texts/openapi-lancamentos.yaml"), .embedInCode("Texts/openapi-consolidado.yaml"),
                .embedInCode("Texts/problemas.md"), .embedInCode("Texts/lancamento-registrado-v1.json"),
                .embedInCode("Texts/consolidado-atualizado-v1.json"),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "ServiceKit",
            dependencies: [
                "AMQP", "CLibZ", "Contrato", "Documents", "FluxoDeCaixa", "OpenFiles", "Postgres", concurrencyHelpers, deque, nioCore,
                nioHTTP1,
                nioPosix,
                logging,
                lifecycle,
                unixSignals,
                metrics,
                tracing,
                coreMetrics, hummingbird, hummingbirdCore, hummingbirdTLS, nioSSL, certificateReloading, nioHTTPTypes, httpTypes,
                configuration, yams, jwt, asyncHTTPClient,
                argumentParser,
            ],
            swiftSettings: settings
        ),
        .target(
            name: "Lancamentos",
            dependencies: [
                "AMQP", "Postgres", "FluxoDeCaixa", "Contrato", "Mensageria", "ServiceKit", concurrencyHelpers, deque, logging, lifecycle,
                metrics,
                tracing,
                coreMetrics, hummingbird, httpTypes, crypto, nioCore,
            ],
            resources: [
                .embedInCode("Repositories/Migrations/V1_lancamentos_e_outbox.sql"),
                .embedInCode("Repositories/Migrations/V2_indices_da_lista.sql"),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "Consolidado",
            dependencies: [
                "AMQP", "Postgres", "FluxoDeCaixa", "Contrato", "Mensageria", "ServiceKit", concurrencyHelpers, logging, lifecycle, metrics,
                tracing,
                coreMetrics,
                hummingbird, httpTypes,
            ],
            resources: [
                .embedInCode("Repositories/Migrations/V1_saldos.sql"), .embedInCode("Repositories/Migrations/V2_indices_por_data.sql"),
                .embedInCode("Repositories/Migrations/V3_atualizacoes.sql"),
            ],
            swiftSettings: settings
        ),
        .executableTarget(name: "LancamentosServer", dependencies: ["Lancamentos", "ServiceKit", argumentParser], swiftSettings: settings),
        .executableTarget(name: "ConsolidadoServer", dependencies: ["Consolidado", "ServiceKit", argumentParser], swiftSettings: settings),
        .target(
            name: "Carga",
            dependencies: [
                "Contrato", "FluxoDeCaixa", "OpenFiles", histogram, nioCore, nioPosix, concurrencyHelpers, unixSignals, argumentParser,
            ],
            swiftSettings: settings
        ),
        .executableTarget(name: "CargaTool", dependencies: ["Carga", argumentParser], swiftSettings: settings),
        .executableTarget(
            name: "Limites",
            dependencies: [
                "AMQP", "Carga", "Consolidado", "Contrato", "FluxoDeCaixa", "Lancamentos", "Mensageria", "Postgres", "ServiceKit",
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
        .target(name: "SeededRandom", path: "Tests/SeededRandom", swiftSettings: settings),
        .target(name: "MensageriaFakes", dependencies: ["AMQP", "Mensageria"], path: "Tests/MensageriaFakes", swiftSettings: settings),
        .target(
            name: "FuzzTargets",
            dependencies: ["AMQP", "CRabbitMQ", "Contrato", "FluxoDeCaixa"],
            path: "Tests/FuzzTargets",
            exclude: ["Corpus"],
            swiftSettings: settings
        ),
        .testTarget(name: "FuzzTargetsTests", dependencies: ["FuzzTargets"], swiftSettings: settings),
        .testTarget(name: "TidyTests", swiftSettings: settings),
        .testTarget(name: "SocketExecutorTests", dependencies: ["SocketExecutor"], swiftSettings: settings),
        .testTarget(name: "PostgresTests", dependencies: ["Postgres"], swiftSettings: settings),
        .testTarget(name: "AMQPTests", dependencies: ["AMQP", "CRabbitMQ", "SocketExecutor", "SeededRandom"], swiftSettings: settings),
        .testTarget(name: "FluxoDeCaixaTests", dependencies: ["FluxoDeCaixa", "SeededRandom"], swiftSettings: settings),
        .testTarget(name: "ContratoTests", dependencies: ["Contrato", "FluxoDeCaixa", "SeededRandom"], swiftSettings: settings),
        .testTarget(
            name: "ServiceKitTests",
            dependencies: [
                "ServiceKit", "Contrato", "FluxoDeCaixa", "OpenFiles", "SeededRandom", "TestSupport", "AMQP", concurrencyHelpers, nioCore,
                nioEmbedded, nioHTTP1,
                nioPosix, nioSSL,
                logging, lifecycle, unixSignals,
                metrics, coreMetrics, tracing, hummingbird, hummingbirdTesting, httpTypes, yams, jwt, crypto, cryptoExtras, asyncHTTPClient,
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "DocumentsTests",
            dependencies: [
                "AMQP", "Lancamentos", "Consolidado", "Contrato", "FluxoDeCaixa", "ServiceKit", "SeededRandom", logging, nioCore, httpTypes,
                hummingbird,
                hummingbirdTesting,
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "LancamentosTests",
            dependencies: [
                "Lancamentos", "AMQP", "Contrato", "FluxoDeCaixa", "Mensageria", "MensageriaFakes", "SeededRandom", "ServiceKit",
                concurrencyHelpers,
                logging,
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "ConsolidadoTests",
            dependencies: [
                "Consolidado", "AMQP", "Contrato", "FluxoDeCaixa", "Mensageria", "MensageriaFakes", "ServiceKit", concurrencyHelpers,
                logging,
                httpTypes,
            ],
            swiftSettings: settings
        ),
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
                "TestSupport", "SeededRandom", "AMQP", "OpenFiles", "Postgres", "Contrato", "FluxoDeCaixa", "ServiceKit", "Lancamentos",
                "Consolidado",
                concurrencyHelpers, logging, lifecycle, nioCore, nioHTTP1, nioSSL, asyncHTTPClient,
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
