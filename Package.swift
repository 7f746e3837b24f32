// swift-tools-version: 6.2
import PackageDescription

/// One target per room. An arrow points down only: a room names rooms listed before it, never one after.
let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

func room(
    _ name: String, _ dependencies: [String] = [], settings: [SwiftSetting] = []
) -> Target {
    .target(
        name: name, dependencies: dependencies.map { .init(stringLiteral: $0) },
        swiftSettings: strict + settings)
}

/// For rooms that nearly everything calls and nobody steps through, and for those that compute over years of
/// candles: without it, builds for debugging, which tests run on, spend most of their time there.
let alwaysOptimised: [SwiftSetting] = [.unsafeFlags(["-O"], .when(configuration: .debug))]

func tests(_ name: String, _ dependencies: [String]) -> Target {
    .testTarget(
        name: name, dependencies: dependencies.map { .init(stringLiteral: $0) }, swiftSettings: strict)
}

/// A room's imports, named once: the libraries that every capability stands on.
let base = ["Kernel", "JSON", "EventLoop", "Postgres", "HTTPServer", "Crypto", "Access"]

let package = Package(
    name: "keybell",
    targets: [
        // C: module maps and header-only shims, no logic.
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "CLibpq", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CYaml", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .target(name: "CAssets", cSettings: [.unsafeFlags(["-std=c23"])]),
        .target(name: "CWiping"),

        // Libraries that know nothing of the product.
        room("Kernel", ["CLinux"], settings: alwaysOptimised),
        room("JSON", ["Kernel"], settings: alwaysOptimised),
        room("Crypto", ["Kernel", "CLinux", "COpenSSL", "CSodium"]),
        room("EventLoop", ["Kernel", "CLinux"]),
        room("Postgres", ["Kernel", "EventLoop", "CLibpq", "CLinux"]),
        room("HTTPClient", ["Kernel", "EventLoop", "CCurl", "CLinux"]),
        room("HTTPServer", ["Kernel", "JSON", "EventLoop", "COpenSSL", "CZlib", "CLinux"]),
        room("WebAuthn", ["JSON", "Crypto"]),
        room("QRCode", settings: alwaysOptimised),
        room("Indicators", settings: alwaysOptimised),
        room("Expressions", ["Kernel", "JSON"], settings: alwaysOptimised),
        room("Exchanges", ["Kernel", "JSON", "Crypto"]),
        room("KeyFiles", ["JSON", "Crypto", "Exchanges"]),
        room("Channels", ["Kernel", "JSON", "Crypto"]),

        // Capabilities: nouns, rules, stores, endpoints, jobs.
        room("Access", ["Kernel", "JSON", "EventLoop", "HTTPServer", "Postgres", "Exchanges"]),
        room("Jobs", base),
        room("Audit", base + ["Jobs"]),
        room("Events", base + ["Jobs", "Audit"]),
        room("Sealing", base + ["Jobs", "Audit", "Events"]),
        room(
            "Identity",
            base + [
                "CAssets", "Exchanges", "Expressions", "HTTPClient", "Jobs", "Audit", "Events", "WebAuthn",
                "QRCode",
            ]),
        room("Keys", base + ["Exchanges", "Jobs", "Audit", "Events", "Identity"]),
        room(
            "Signals", base + ["Exchanges", "Jobs", "Audit", "Events", "Indicators"],
            settings: alwaysOptimised),
        room("Market", base + ["Jobs", "Audit", "Events", "Indicators", "Signals"]),
        room("Backtests", base + ["Jobs", "Audit", "Events", "Expressions", "Indicators", "Signals"]),
        room("TokenMetrics", ["Kernel", "JSON", "HTTPServer", "Postgres", "Access", "Signals", "Backtests"]),
        room(
            "Signing",
            base + [
                "Exchanges", "Expressions", "HTTPClient", "Jobs", "Audit", "Events", "Identity", "Keys",
            ]),
        room("Webhooks", base + ["Channels", "Expressions", "Jobs", "Audit", "Events", "HTTPClient"]),
        room(
            "Alerts", base + ["Channels", "Expressions", "Jobs", "Audit", "Events", "Identity", "Webhooks"]),
        room(
            "Service",
            base + [
                "CAssets", "CLinux", "Exchanges", "Jobs", "Audit", "Events", "Sealing", "Identity", "Keys",
                "Market", "Signals", "Signing", "Webhooks", "Alerts", "HTTPClient", "KeyFiles", "WebAuthn",
                "Backtests", "TokenMetrics",
            ]),
        .executableTarget(
            name: "keybell", dependencies: ["Service", "EventLoop", "CWiping"], swiftSettings: strict),

        // Tests.
        .target(
            name: "TestSupport",
            dependencies: [
                "Kernel", "EventLoop", "Postgres", "Service", "CLinux", "JSON", "HTTPServer", "Access",
                "Crypto",
            ],
            path: "Tests/TestSupport", swiftSettings: strict),
        .target(
            name: "FuzzTargets",
            dependencies: [
                "Kernel", "JSON", "Crypto", "HTTPServer", "HTTPClient", "Exchanges", "Expressions",
                "Identity", "Signals", "KeyFiles", "Access", "Keys", "Signing", "WebAuthn",
            ],
            path: "Fuzz/Targets", swiftSettings: strict),
        .executableTarget(
            name: "SigningDriver", dependencies: ["Exchanges", "Crypto", "JSON", "Kernel"],
            path: "Tests/SigningDriver", swiftSettings: strict),
        .executableTarget(
            name: "IndicatorDriver", dependencies: ["Indicators"], path: "Tests/IndicatorDriver",
            swiftSettings: strict),
        tests("FuzzTests", ["FuzzTargets", "Kernel"]),
        tests("KernelTests", ["Kernel"]),
        tests("JSONTests", ["JSON", "Kernel"]),
        tests("CryptoTests", ["Crypto", "JSON", "Kernel"]),
        tests("EventLoopTests", ["EventLoop", "Kernel", "TestSupport"]),
        tests("PostgresTests", ["Postgres", "EventLoop", "Kernel", "TestSupport"]),
        tests("HTTPClientTests", ["HTTPClient", "EventLoop", "JSON", "Kernel", "TestSupport"]),
        tests("HTTPServerTests", ["HTTPServer", "EventLoop", "Kernel", "CLinux", "COpenSSL"]),
        tests("WebAuthnTests", ["WebAuthn", "Crypto", "JSON", "TestSupport"]),
        tests("QRCodeTests", ["QRCode", "Crypto", "JSON"]),
        tests("IndicatorsTests", ["Indicators"]),
        tests("ExpressionsTests", ["Expressions", "JSON", "Kernel"]),
        tests("ExchangesTests", ["Exchanges", "Crypto", "JSON", "Kernel", "TestSupport"]),
        tests("KeyFilesTests", ["KeyFiles", "Exchanges", "Crypto"]),
        tests("ChannelsTests", ["Channels", "JSON", "Kernel"]),
        tests(
            "SignalsTests",
            base + ["Signals", "Exchanges", "Indicators", "Jobs", "Audit", "Events", "TestSupport"]),
        tests(
            "MarketTests",
            base + ["Market", "Signals", "Indicators", "Jobs", "Audit", "Events", "TestSupport"]),
        tests(
            "BacktestsTests",
            base + [
                "Backtests", "Audit", "Events", "Expressions", "Indicators", "Jobs", "Signals", "TestSupport",
            ]),
        tests("TokenMetricsTests", base + ["TokenMetrics", "Signals", "Events", "TestSupport"]),
        tests("JobsTests", ["Jobs", "Events"] + base + ["TestSupport"]),
        tests("AuditTests", ["Audit", "Jobs", "Events"] + base + ["TestSupport"]),
        tests("KeysTests", ["Keys", "Exchanges", "Events", "Identity", "Jobs"] + base + ["TestSupport"]),
        tests(
            "SigningTests",
            base + [
                "Signing", "Exchanges", "Expressions", "HTTPClient", "Events", "Identity", "Jobs", "Keys",
                "TestSupport",
            ]),
        tests("EventsTests", ["Events", "Audit", "Jobs"] + base + ["TestSupport"]),
        tests("SealingTests", ["Sealing", "Audit", "Events", "Jobs"] + base + ["TestSupport"]),
        tests(
            "IdentityTests",
            base + [
                "Audit", "Events", "Exchanges", "HTTPClient", "Identity", "Jobs", "TestSupport", "WebAuthn",
            ]),
        tests(
            "WebhooksTests",
            [
                "Webhooks", "Access", "Channels", "CLinux", "Crypto", "Events", "EventLoop", "HTTPClient",
                "HTTPServer", "Jobs", "JSON",
                "Kernel", "Postgres", "TestSupport",
            ]),
        tests(
            "AlertsTests",
            [
                "Alerts", "Access", "Events", "EventLoop", "Expressions", "HTTPServer", "JSON", "Jobs",
                "Kernel", "Postgres", "TestSupport", "Webhooks",
            ]),
        tests(
            "IntegrationTests",
            [
                "Service", "TestSupport", "JSON", "Kernel", "Postgres", "EventLoop", "CLinux", "HTTPServer",
                "Crypto", "Exchanges", "KeyFiles",
            ]),
        tests(
            "ContractTests",
            base + [
                "Alerts", "CYaml", "Events", "Exchanges", "HTTPClient", "Identity", "Jobs", "Keys", "Market",
                "Sealing", "Service", "Signals", "Signing", "TestSupport", "TokenMetrics", "Webhooks",
            ]),
        tests("TidyTests", []),
    ],
    swiftLanguageModes: [.v6]
)

/// libFuzzer needs its instrumentation in every room that it explores, so it exists only on request: see
/// Scripts/fuzz.
if Context.environment["KEYBELL_FUZZ"] == "1" {
    let explored = [
        "Crypto", "Exchanges", "Expressions", "FuzzTargets", "HTTPClient", "HTTPServer", "Identity", "JSON",
        "KeyFiles", "Signals", "Signing", "WebAuthn",
    ]
    for target in package.targets where explored.contains(target.name) {
        target.swiftSettings = strict + [.unsafeFlags(["-sanitize=fuzzer", "-parse-as-library"])]
    }
    package.targets.append(
        .executableTarget(
            name: "Fuzzer", dependencies: ["FuzzTargets"], path: "Fuzz/Fuzzer", swiftSettings: strict,
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])]))
}

/// Measuring programs are in the build only when asked for.
if Context.environment["KEYBELL_BENCHMARKS"] != nil {
    package.targets.append(
        .executableTarget(
            name: "HTTPClientBenchmark", dependencies: ["HTTPClient", "EventLoop", "Kernel"],
            path: "Benchmarks/HTTPClient", swiftSettings: strict))
    package.targets.append(
        .executableTarget(
            name: "CandleBenchmark",
            dependencies: [
                "Signals", "Events", "Access", "HTTPServer", "Postgres", "EventLoop", "Kernel", "TestSupport",
            ],
            path: "Benchmarks/Candles", swiftSettings: strict))
    package.targets.append(
        .executableTarget(
            name: "IndicatorBenchmark", dependencies: ["Indicators"], path: "Benchmarks/Indicators",
            swiftSettings: strict))
    package.targets.append(
        .executableTarget(
            name: "AuthorityBenchmark",
            dependencies: [
                "Access", "Events", "EventLoop", "Exchanges", "Identity", "Kernel", "Postgres", "TestSupport",
            ],
            path: "Benchmarks/Authority", swiftSettings: strict))
    package.targets.append(
        .executableTarget(
            name: "RuleBenchmark",
            dependencies: [
                "Access", "Alerts", "EventLoop", "Events", "HTTPServer", "JSON", "Kernel", "Postgres",
                "TestSupport", "Webhooks",
            ],
            path: "Benchmarks/Rules", swiftSettings: strict))
    package.targets.append(
        .executableTarget(
            name: "RivalDriver", dependencies: ["Backtests", "Kernel", "Signals"],
            path: "Tests/RivalDriver", swiftSettings: strict))
}

/// For the inner loop, `KEYBELL_TESTS=Alerts,Contract` builds the tests of these rooms alone.
if let wanted = Context.environment["KEYBELL_TESTS"] {
    let names = wanted.split(separator: ",").map { "\($0)Tests" }
    package.targets.removeAll { $0.type == .test && !names.contains($0.name) }
}
