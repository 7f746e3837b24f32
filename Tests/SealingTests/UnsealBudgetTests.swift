import Access
import Crypto
import JSON
import Kernel
import TestSupport
import Testing

@testable import Sealing

/// Nobody on the network keeps a sealed node sealed.
@Suite struct UnsealBudgetTests {
    private let now = Timestamp.testStart

    @Test func `who wastes attempts takes them from nobody else`() {
        var budgets = AttemptBudgets()
        func isTaken(_ address: String?, after wait: Period = .seconds(0)) -> Bool {
            budgets.take(from: address.flatMap { IPAddress($0) }, at: now + wait)
        }
        while isTaken("203.0.113.7") {}
        #expect(isTaken("203.0.113.8") && isTaken(nil) && isTaken("127.0.0.1"))
        // A host may call itself by any address of its /64.
        while isTaken("2001:db8::1") {}
        #expect(!isTaken("2001:db8::2") && isTaken("2001:db8:0:1::1"))
        #expect(isTaken("203.0.113.7", after: .seconds(1)))
    }

    @Test func `sets that somebody makes up do not drive out the one that counts`() throws {
        let quorum = try #require(Quorum(threshold: 3, count: 3))
        var ceremony = UnsealCeremony()
        func add(_ share: KeyShare, isKnown: Bool) throws -> ShareCollector.Outcome {
            try ceremony.add(
                share, at: now, id: CeremonyID(UUID(high: 1, low: 1)), isKnown: isKnown,
                make: { ShareCollector(fingerprint: nil) })
        }
        let right = try RootKey().split(quorum).shares
        _ = try add(right[0], isKnown: true)
        for _ in 0..<6 {
            let others = try RootKey().split(quorum).shares
            for share in others.prefix(2) { _ = try add(share, isKnown: false) }
        }
        _ = try add(right[1], isKnown: true)
        guard case .combined = try add(right[2], isKnown: true) else {
            Issue.record("the shares of the set that counts were forgotten")
            return
        }
    }

    @Test func `only who stands at the machine has shares forgotten`() async throws {
        try await SealDesk.run { first, root in
            let desk = try await first.another(root: nil)
            let share = try root.split(#require(Quorum(threshold: 2, count: 3))).shares[0].text
            _ = try await desk.call("POST", "/v1/system/unseal", #"{"share":"\#(share)"}"#)
            for header in ["via", "x-real-ip", "x-forwarded-proto"] {
                let answer = try await desk.call(
                    "DELETE", "/v1/system/unseal", headers: [(name: header, value: "1.1 proxy")])
                #expect(answer.code == "insecure_transport", "\(header)")
            }
            #expect(try await desk.call("GET", "/v1/system/seal").json["received"] == 1)
        }
    }
}
