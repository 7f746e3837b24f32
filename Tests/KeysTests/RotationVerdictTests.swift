import Access
import JSON
import Kernel
import TestSupport
import Testing

@testable import Exchanges
@testable import Keys

/// What an exchange's answer about a new version means: pure.
@Suite struct RotationVerdictTests {
    private static func key(_ permissions: String = #""read", "trade_spot""#) throws -> ExchangeKey {
        let body = #"""
            {"exchange": "bybit", "account": "main", "label": "a", "environment": "live",
             "permissions": [\#(permissions)]}
            """#
        let owner = KeyDesk.colleague
        return ExchangeKey(
            try KeyDraft(Fields(Array(body.utf8)), caller: owner, now: .testStart),
            id: .init(UUID(high: 1, low: 2)), createdBy: owner, under: [], at: .testStart)
    }

    private static func found(
        _ granted: Set<KeyPermission>, uid: String? = nil, bound: Bool? = true
    ) -> ProbeOutcome {
        var found = ProbedPermissions(granted)
        (found.uid, found.isAddressBound) = (uid, bound)
        return .confirmed(found)
    }

    private static func verdict(
        _ outcome: ProbeOutcome, _ key: ExchangeKey? = nil, known: ProbeRecord? = nil, attempts: Int = 1
    ) throws -> String {
        let key = try key ?? Self.key()
        return switch RotationVerdict(outcome, for: key, known: known, attempts: attempts) {
        case .pass: "pass"
        case .again(let obstacle): "again: \(obstacle.code)"
        case .fail(let obstacle): "fail: \(obstacle.code)\(obstacle.isResumable ? "" : ", for good")"
        }
    }

    private static func known(_ key: ExchangeKey, uid: String?, _ permissions: [String]?) -> ProbeRecord {
        ProbeRecord(
            version: key.currentVersion ?? 0, probedAt: .testStart, outcome: "confirmed", detail: nil,
            permissions: permissions, isAddressBound: true, addresses: [], expiresAt: nil, uid: uid,
            drift: [], failures: 0)
    }

    @Test func `what has all that was declared and no risk passes`() throws {
        #expect(try Self.verdict(Self.found([.read, .tradeSpot])) == "pass")
        #expect(try Self.verdict(Self.found([.read, .tradeSpot, .tradeMargin])) == "pass")
        #expect(try Self.verdict(Self.found([.read])) == "fail: lost_permission")
        var untold = ProbedPermissions([])
        untold.areTold = false
        #expect(try Self.verdict(.confirmed(untold)) == "pass")
    }

    @Test func `withdrawals pass only where they are declared, and where the old version had them`() throws {
        let all: Set<KeyPermission> = [.read, .tradeSpot, .withdraw]
        #expect(try Self.verdict(Self.found(all)) == "fail: gained_withdraw")
        let declared = try Self.key(#""read", "trade_spot", "withdraw""#)
        var current = declared
        current.use(Self.version(1), under: nil, at: .testStart)
        let had = Self.known(current, uid: nil, ["read", "trade_spot"])
        #expect(try Self.verdict(Self.found(all), current, known: had) == "fail: gained_withdraw")
        // Nobody answers for it.
        #expect(try Self.verdict(Self.found(all), declared) == "fail: risks_not_accepted")
        current.leaveQuarantine(accepting: "the treasury's", under: nil, at: .testStart)
        let full = Self.known(current, uid: nil, ["read", "trade_spot", "withdraw"])
        #expect(try Self.verdict(Self.found(all), current, known: full) == "pass")
    }

    @Test func `a key of another account is refused for good`() throws {
        var key = try Self.key()
        key.use(Self.version(1), under: nil, at: .testStart)
        let known = Self.known(key, uid: "1001", nil)
        let granted: Set<KeyPermission> = [.read, .tradeSpot]
        #expect(
            try Self.verdict(Self.found(granted, uid: "2002"), key, known: known)
                == "fail: another_account, for good")
        #expect(try Self.verdict(Self.found(granted, uid: "1001"), key, known: known) == "pass")
        #expect(try Self.verdict(Self.found(granted), key, known: known) == "pass")
    }

    @Test func `a key that no address restricts needs somebody who answers for it`() throws {
        let granted: Set<KeyPermission> = [.read, .tradeSpot]
        #expect(try Self.verdict(Self.found(granted, bound: false)) == "fail: risks_not_accepted")
        #expect(try Self.verdict(Self.found(granted, bound: nil)) == "pass")
    }

    @Test func `what tells nothing is asked again; what refuses is forgiven some times`() throws {
        #expect(try Self.verdict(.unreachable("x"), attempts: 100) == "again: unreachable")
        #expect(
            try Self.verdict(.refused(.throttled(retryAfterSeconds: 1)), attempts: 9) == "again: throttled")
        let no = ProbeOutcome.refused(.keyRefused(.init("10003", "API key is invalid.")))
        #expect(try Self.verdict(no, attempts: Rotation.refusalsForgiven) == "again: key_refused")
        #expect(try Self.verdict(no, attempts: Rotation.refusalsForgiven + 1) == "fail: key_refused")
    }

    private static func version(_ number: Int) -> KeyVersion {
        KeyVersion(
            number: number, state: .current, kind: .hmac, origin: .imported, apiKeyHint: nil,
            publicKeyPEM: nil, fingerprint: [1], createdAt: .testStart, createdBy: KeyDesk.colleague)
    }
}
