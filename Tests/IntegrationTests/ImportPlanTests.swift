import Crypto
import Exchanges
import JSON
import KeyFiles
import Testing

@testable import Service

extension IntegrationTests {
    /// What `keybell import` makes of what it found, before it talks to anybody.
    @Suite struct ImportPlanTests {
        private static let text = """
            BINANCE_API_KEY=thrMainBinanceKey0123456789
            BINANCE_SECRET=thrMainBinanceSecret0123456789
            SUB1_BINANCE_API_KEY=thrSubBinanceKey0123456789
            SUB1_BINANCE_SECRET=thrSubBinanceSecret0123456789
            OKX_DEMO_API_KEY=0b1c2d3e-4f50-4162-8374-95a6b7c8d9e0
            OKX_DEMO_SECRET=THROWAWAYOKXSECRET0123456789ABCD
            OKX_DEMO_PASSPHRASE="a \\"b\\" \\\\ c"
            COPY_BYBIT_API_KEY=thrMainBinanceKey0123456789
            """

        private func found(_ text: String = text) throws -> [FoundCredential] {
            try KeyFileReading([KeyFile(name: ".env", content: Secret(copying: Array(text.utf8)))]).found
        }

        private func plan(
            account: String? = nil, environment: Environment = .live, prefix: String? = nil
        ) throws -> ImportPlan {
            ImportPlan(
                try found(),
                ImportPlan.Naming(account: account, environment: environment, prefix: prefix))
        }

        @Test func `what files leave open is filled in, and what they say is kept`() throws {
            let plan = try plan(environment: .testnet)
            #expect(plan.entries.map(\.account) == ["main", "sub1", "main", "copy"])
            #expect(plan.entries.map(\.environment) == [.testnet, .testnet, .demo, .testnet])
            #expect(
                plan.entries.map(\.verdict) == [
                    .unchecked, .unchecked, .unchecked, .unusable("the secret is missing"),
                ])
            #expect(plan.candidates.map(\.number) == [1, 2, 3])
        }

        @Test func `labels are free within an exchange and an account`() throws {
            let text = (1...3).map { number in
                #"{"exchange":"bybit","label":"bot","key":"key\#(number)","secret":"thrSecret\#(number)"}"#
            }
            let credentials = try found("[" + text.joined(separator: ",") + "]")
            let plan = ImportPlan(
                credentials, ImportPlan.Naming(account: "x", environment: .live, prefix: "from the old host"))
            #expect(
                plan.entries.map(\.label)
                    == ["from the old host bot", "from the old host bot 2", "from the old host bot 3"])
        }

        @Test func `an environment that was asked for must exist`() throws {
            let text = "KRAKEN_API_KEY=thr0123456789\nKRAKEN_SECRET=dGhyb3ctYXdheSBzZWNyZXQ="
            let naming = ImportPlan.Naming(account: nil, environment: .testnet, prefix: nil)
            let plan = ImportPlan(try found(text), naming)
            #expect(plan.entries.map(\.verdict) == [.unusable("this exchange has no testnet")])
        }

        @Test func `the table shows everything but the credentials`() throws {
            var plan = try plan()
            plan.note(.new, on: 1)
            plan.note(.present("key_01k"), on: 2)
            #expect(
                ImportTable(plan.entries).text == """
                    #  exchange  environment  account  label         API key    kind  where   verdict
                    1  binance   live         main     binance       thrM…6789  hmac  .env:1  new
                    2  binance   live         sub1     binance sub1  thrS…6789  hmac  .env:3  \
                    already in Keybell: key_01k
                    3  okx       demo         main     okx demo      0b1c…d9e0  hmac  .env:5  not checked
                    4  bybit     live         copy     bybit copy    thrM…6789  -     .env:8  \
                    not usable: the secret is missing
                    """)
        }

        @Test func `a body carries the credential, where it came from, and whose it becomes`() throws {
            let entry = try plan().entries[2]
            let body = ImportBody(entry, owner: "usr_01k")
            var w = JSONWriter()
            body.write(to: &w)
            #expect(w.bytes.count <= body.bytesAtMost)
            #expect(
                try JSONValue.parse(w.bytes) == [
                    "exchange": "okx", "account": "main", "label": "okx demo", "environment": "demo",
                    "owner_id": "usr_01k", "origin": "file",
                    "credential": [
                        "kind": "hmac", "api_key": "0b1c2d3e-4f50-4162-8374-95a6b7c8d9e0",
                        "secret": "THROWAWAYOKXSECRET0123456789ABCD", "passphrase": "a \"b\" \\ c",
                    ],
                ])
        }

        @Test(arguments: [
            [], ["--yes"], ["file", "--format", "toml"], ["file", "--environment", "paper"],
            ["file", "--account", " "], ["file", "--label-prefix", "a\u{1B}"], ["file", "--what"],
            ["file", "--url", "http://keybell.example"], ["file", "--url", "http://10.0.0.1:8720"],
            ["file", "--url", "ftp://127.0.0.1"], ["file", "--url", "https://keybell.example/v1"],
            ["file", "--url"],
        ])
        func `what is not understood is said`(arguments: [String]) {
            #expect(throws: ImportOptions.Mistake.self) {
                try ImportOptions(arguments)
            }
        }

        @Test(arguments: [
            "http://127.0.0.1:8720", "http://localhost:1", "http://[::1]:8720", "https://keybell.example",
            "https://10.0.0.1:8720",
        ])
        func `the service may stand anywhere by https, and here by http`(url: String) throws {
            let options = try ImportOptions(
                ["file", "--url", url, "--yes", "--token-file", "token"])
            #expect(options.isConfirmed && options.tokenFile == "token" && options.files == ["file"])
        }
    }
}
