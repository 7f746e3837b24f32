import JSON
import Kernel
import Testing

@testable import Exchanges

@Suite struct ExchangeTests {
    @Test func `every exchange is described once`() {
        #expect(Exchange.all.map(\.name) == ExchangeName.allCases)
        for name in ExchangeName.allCases { #expect(Exchange.of(name).name == name) }
    }

    @Test func `every exchange has hosts, an environment and a kind of credential`() {
        for exchange in Exchange.all {
            #expect(!exchange.aliases.isEmpty && !exchange.environments.isEmpty)
            #expect(!exchange.credentialKinds.isEmpty)
        }
    }

    @Test func `what an exchange offers is what its adapter has`() {
        for exchange in Exchange.all {
            let adapter = exchange.name.adapter
            #expect(exchange.offers.contains(.delete) == (adapter.deletion(apiKey: "key") != nil))
            #expect(exchange.offers.contains(.proxy) && exchange.offers.contains(.sign))
            #expect(exchange.offers.contains(.probe) && adapter.exchange == exchange.name)
        }
    }

    @Test func `what is told of each is what its requests and answers are judged by`() throws {
        for exchange in Exchange.all {
            var w = JSONWriter()
            exchange.write(to: &w, state: ExchangeState())
            let told = try JSONValue.parse(w.bytes)
            #expect(told["sells_holdings"] == .bool(exchange.name.holdingsRequest != nil))
            for path in told["public_paths"]?.asArray?.compactMap(\.asString) ?? [] {
                let draft = RequestDraft(known: .get, host: exchange.aliases[0], path: path + "time")
                #expect(exchange.name.isPublic(draft), "\(path)")
            }
            let codes = told["refusal_codes"]?.asArray?.compactMap(\.asString) ?? []
            #expect(!codes.isEmpty)
            for code in codes where !code.contains("...") {
                let row = OrderAnswer.Row.failed(code.replacing("*", with: "X"))
                #expect(RefusalCodes.of(exchange.name).cover(row), "\(exchange.name) \(code)")
            }
        }
        let open = Exchange.all.map(\.name).filter { !$0.publicPaths.isEmpty }
        #expect(open == [.okx, .coinbase, .bitget])
        #expect(ExchangeName.allCases.filter { $0.holdingsRequest == nil } == [.bybit, .okx])
    }

    @Test func `an adapter has hosts where its exchange says so, and nowhere else`() {
        for exchange in Exchange.all {
            let adapter = exchange.name.adapter
            for environment in Environment.allCases {
                let hosts = exchange.aliases.compactMap { adapter.host($0, in: environment) }
                #expect(hosts.isEmpty == !exchange.environments.contains(environment))
                #expect(hosts.allSatisfy { $0.base.hasPrefix("https://") })
                #expect(adapter.host("elsewhere", in: environment) == nil)
            }
            for alias in exchange.aliases { #expect(adapter.host(alias, in: .live) != nil) }
        }
    }

    @Test func `every probe and deletion goes to a host that exists and can be signed`() throws {
        let moment = SigningMoment(at: .init(milliseconds: 1_700_000_000_123), nonce: 1)
        for exchange in Exchange.all {
            let adapter = exchange.name.adapter
            let credential = try anyCredential(exchange.name)
            for environment in exchange.environments {
                let drafts =
                    adapter.probes(in: environment) + [adapter.deletion(apiKey: "AKEY")].compactMap { $0 }
                for draft in drafts {
                    let host = try #require(adapter.host(draft.host, in: environment))
                    let signed = try adapter.sign(draft, with: credential, at: moment, to: host)
                    #expect(signed.url.hasPrefix(host.base + draft.path))
                    #expect(signed.headers.allSatisfy { !$0.value.contains("\n") })
                    // What stands in this room's own text keeps to the rules for everybody's.
                    let checked = try RequestDraft(
                        draft.method, host: draft.host, path: draft.path, query: draft.query,
                        body: draft.body)
                    #expect(checked == draft)
                }
            }
        }
    }
}
