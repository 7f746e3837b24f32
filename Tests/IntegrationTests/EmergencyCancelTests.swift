import JSON
import TestSupport
import Testing

extension IntegrationTests {
    /// The script of Docs/operations.md that stands between a bare machine and the first cancel.
    @Suite struct EmergencyCancelTests {
        private static let apiKey = "key-of-the-envelope"
        private static let secret = "the-secret-of-the-envelope"

        /// The block that names itself so.
        private func script() throws -> String {
            let page = try #require(readWhole("\(projectFolder())/Docs/operations.md"))
            let blocks = page.split(separator: "```sh\n").dropFirst().compactMap {
                $0.split(separator: "```", maxSplits: 1).first
            }
            return String(try #require(blocks.first { $0.hasPrefix("# Emergency cancel") }))
        }

        @Test func `the emergency script cancels what rests on spot and futures, with nothing of ours`()
            async throws
        {
            try await StandInExchange.with { standIn in
                try await standIn.register(
                    .init(
                        .binance, Self.apiKey, .secret(Self.secret),
                        permissions: ["read", "trade_spot", "trade_derivatives"], addresses: ["127.0.0.1"]))
                let folder = try TestFolder()
                defer { folder.remove() }
                try folder.write(try script(), to: "cancel.sh")
                let (code, output) = try await runToEnd(
                    ["/usr/bin/env", "sh", folder.file("cancel.sh")],
                    environment: [
                        "PATH": "/usr/bin:/bin", "SPOT": standIn.baseURL(.binance),
                        "USDM": standIn.baseURL(.binance), "KEY": Self.apiKey, "SECRET": Self.secret,
                    ], in: folder)
                #expect(code == 0, "\(output)")
                let seen = try await standIn.requests(.binance, apiKey: Self.apiKey)
                #expect(seen.map(\.path) == ["/api/v3/openOrders", "/fapi/v1/allOpenOrders"])
                #expect(seen.allSatisfy { $0.verdict == "accepted" }, "\(seen.map(\.json)) \(output)")
            }
        }
    }
}
