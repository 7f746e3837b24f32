import Testing

@testable import Keys

@Suite struct KeyStatusTests {
    @Test func `a revoked key is left by nothing`() {
        for command in StatusCommand.allCases {
            if case .become(let status) = command.outcome(from: .revoked) { Issue.record("became \(status)") }
        }
        #expect(StatusCommand.revoke.outcome(from: .revoked) == .unchanged)
    }

    @Test func `every key can be revoked`() {
        for status in KeyStatus.allCases where status != .revoked {
            #expect(StatusCommand.revoke.outcome(from: status) == .become(.revoked))
        }
    }

    @Test func `only a suspended key is resumed`() {
        #expect(StatusCommand.activate.outcome(from: .suspended) == .become(.active))
        #expect(StatusCommand.activate.outcome(from: .active) == .unchanged)
        for status in [KeyStatus.quarantined, .reduceOnly, .revoked] {
            guard case .refused = StatusCommand.activate.outcome(from: status) else {
                Issue.record("\(status) was resumed")
                continue
            }
        }
    }

    @Test func `asking twice changes nothing`() {
        #expect(StatusCommand.suspend.outcome(from: .suspended) == .unchanged)
    }
}
