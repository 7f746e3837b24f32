import Access
import JSON
import Kernel
import Keys
import Postgres
import TestSupport
import Testing

@testable import Signing

/// T2b: whoever can write to the database cannot loosen what accounts' and the desk's policies bind.
@Suite(.serialized) struct PolicyTamperTests {
    /// Writes past the service, each of which would loosen something if it counted.
    static let writes = [
        "delete from policy_register",
        "update policy_register set entries = ''",
        "update policy_register set entries = regexp_replace(entries, '^desk [^\n]*$', '', 'n')",
        "update policy_register set entries = replace(entries, ' binance ', ' bybit ')",
        "update policy_register set entries = regexp_replace(entries, ' 2 ', ' 1 ')",
        "update policy_register set mac = set_byte(mac, 19, get_byte(mac, 19) # 7)",
        "delete from policy where owner = 'desk'",
        "delete from policy where owner like 'acc_%'",
        "update policy set document = '{}' where owner = 'desk'",
        "update policy set document = replace(document, 'read', 'trade') where owner like 'acc_%'",
        "update policy set document = '{}' where owner like 'acc_%'",
    ]

    private static let forget = Statement("test_forget", "update authority set epoch = epoch + 1")

    /// The key may read, as its own policy, its account's and the desk's say.
    private func publish(_ desk: SigningDesk) async throws -> (key: String, account: String) {
        let key = try await desk.key("a")
        let order = try await desk.sign(key, "POST", "/api/v3/order", query: SigningDesk.order)
        #expect(order.status == 200, "\(order.text)")
        let accounts = try await desk.database.query(
            Statement("test_account", "select id from account where name = 'main'"))
        let id: AccountID = try #require(accounts.first).id(0)
        let account = "/v1/accounts/\(id)/policy"
        for (path, version) in [(account, 0), ("/v1/desk/policy", 0), ("/v1/desk/policy", 1)] {
            let put = try await desk.call(
                "PUT", path, #"{"operations": ["read"]}"#, match: "\"\(version)\"")
            #expect(put.status == 200, "\(put.text)")
        }
        return (key, account)
    }

    @Test(arguments: writes)
    func `T2b a policy that was written or taken away past the service lets nothing pass`(
        _ write: String
    ) async throws {
        try await SigningDesk.run { desk in
            let (key, _) = try await publish(desk)
            #expect(try await desk.sign(key).status == 200)
            #expect(try await desk.sign(key, "POST", "/api/v3/order", query: SigningDesk.order).status == 403)
            let tamper = Statement("test_tamper", derived: write)
            _ = try await desk.database.transaction { try await $0.query(tamper) }
            // Snapshots are of one epoch: what is written past the service is met with the next.
            _ = try await desk.database.query(Self.forget)
            for _ in 0..<2 {
                let order = try await desk.sign(key, "POST", "/api/v3/order", query: SigningDesk.order)
                #expect(order.status == 403, "\(write): \(order.text)")
                #expect(try await desk.sign(key).status == 403, "\(write)")
            }
            let told = try await desk.events().filter { $0.type == "policy.tampered" }
            #expect(told.count == 1, "\(told)")
        }
    }

    @Test func `an account's policy binds its keys though the account's row is gone or has another name`()
        async throws
    {
        for write in ["update account set name = 'other'", "delete from account"] {
            try await SigningDesk.run { desk in
                let (key, _) = try await publish(desk)
                _ = try await desk.database.transaction {
                    try await $0.query(Statement("test_tamper", derived: write))
                }
                let wide = try await desk.call(
                    "PUT", "/v1/desk/policy", #"{"operations": ["read", "trade"]}"#, match: "\"2\"")
                #expect(wide.status == 200, "\(wide.text)")
                let order = try await desk.sign(key, "POST", "/api/v3/order", query: SigningDesk.order)
                #expect(order.status == 403, "\(write): \(order.text)")
            }
        }
    }

    @Test func `a register that was taken away is begun anew by whoever publishes the desk's policy`()
        async throws
    {
        try await SigningDesk.run { desk in
            let (key, account) = try await publish(desk)
            let tamper = Statement("test_tamper", derived: "delete from policy_register")
            _ = try await desk.database.transaction { try await $0.query(tamper) }
            for path in [account, "/v1/desk/policy"] {
                let read = try await desk.call("GET", path)
                #expect(read.json["code"]?.asString == "key_tampered", "\(read.text)")
            }
            let policy = #"{"operations": ["read"]}"#
            let early = try await desk.call("PUT", account, policy, match: "*")
            #expect(early.json["code"]?.asString == "key_tampered", "\(early.text)")
            let begun = try await desk.call("PUT", "/v1/desk/policy", policy, match: "*")
            #expect(begun.json["version"]?.asInt == 3, "\(begun.text)")
            let again = try await desk.call("PUT", account, policy, match: "\"0\"")
            #expect(again.json["version"]?.asInt == 2, "\(again.text)")
            #expect(try await desk.sign(key).status == 200)
        }
    }

    @Test func `a register reads what it writes`() throws {
        var register = PolicyRegister()
        let digest = PolicyStore.digest(of: "{}")
        let account = PolicyRegister.Account(exchange: "okx", environment: "live", name: "a name  with é ")
        register.set(.init(owner: "desk", account: nil, mark: .init(version: 7, digest: digest)))
        register.set(.init(owner: "acc_1", account: account, mark: .init(version: 1, digest: digest)))
        #expect(PolicyRegister(register.text) == register)
        #expect(register[account]?.owner == "acc_1" && register["desk"]?.mark.version == 7)
        register.set(.init(owner: "acc_2", account: account, mark: .init(version: 1, digest: digest)))
        #expect(register.entries.map(\.owner) == ["acc_2", "desk"])
        #expect(PolicyRegister("") == PolicyRegister())
        for text in ["desk", "desk x 00", "desk 1 zz", "acc_1 1 00 okx", "acc_1 1 00 okx live"] {
            #expect(PolicyRegister(text) == nil, "\(text)")
        }
    }
}
