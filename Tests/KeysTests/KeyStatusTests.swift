import Testing

@testable import Keys

@Suite struct KeyStatusTests {
    @Test func `a revoked key is left by nothing`() {
        for mode in KeyMode.allCases where mode != .revoked {
            guard case .refused = ModeChange(from: .revoked, to: mode) else {
                Issue.record("a revoked key became \(mode)")
                continue
            }
        }
        for ordered in KeyMode.allCases {
            #expect(KeyStatus(own: .revoked, ordered: ordered, quarantined: true) == .revoked)
        }
    }

    @Test func `every key can be revoked`() {
        for mode in KeyMode.allCases where mode != .revoked {
            #expect(ModeChange(from: mode, to: .revoked) == .become(.revoked))
        }
    }

    @Test func `asking for what is there changes nothing`() {
        for mode in KeyMode.allCases { #expect(ModeChange(from: mode, to: mode) == .unchanged) }
    }

    @Test func `the strictest of the own mode and the order holds`() {
        #expect(KeyStatus(own: .active, ordered: nil, quarantined: false) == .active)
        #expect(KeyStatus(own: .active, ordered: .reduceOnly, quarantined: false) == .reduceOnly)
        #expect(KeyStatus(own: .suspended, ordered: .reduceOnly, quarantined: false) == .suspended)
        #expect(KeyStatus(own: .reduceOnly, ordered: .suspended, quarantined: false) == .suspended)
    }

    @Test func `quarantine outlasts a suspension that was lifted`() {
        #expect(KeyStatus(own: .suspended, ordered: nil, quarantined: true) == .suspended)
        #expect(KeyStatus(own: .active, ordered: nil, quarantined: true) == .quarantined)
        #expect(KeyStatus(own: .active, ordered: .reduceOnly, quarantined: true) == .quarantined)
    }
}
