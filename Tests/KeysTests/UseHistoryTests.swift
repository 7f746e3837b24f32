import TestSupport
import Testing

/// The checker of T7 finds what it is there for.
@Suite struct UseHistoryTests {
    /// Stopped from 20 to 40 for certain, and active before 10 and after 50.
    private static func history() -> UseHistory {
        let history = UseHistory()
        history.add(UseHistory.Switch("k", 10, 20, stops: true))
        history.add(UseHistory.Switch("k", 40, 50, stops: false))
        return history
    }

    @Test(arguments: [
        (1, 5, true), (5, 15, true), (5, 15, false), (15, 25, true), (15, 25, false), (12, 18, true),
        (21, 39, false), (35, 45, true), (35, 45, false), (51, 60, true), (1, 60, false),
    ]) func `what some order explains is fine`(begun: UInt64, ended: UInt64, served: Bool) {
        let history = Self.history()
        history.add(UseHistory.Use("k", begun, ended, served: served))
        #expect(history.violations(grace: 0).isEmpty)
    }

    @Test(arguments: [(21, 39, true), (20, 40, true), (1, 9, false), (51, 60, false)])
    func `what no order explains is found`(begun: UInt64, ended: UInt64, served: Bool) {
        let history = Self.history()
        history.add(UseHistory.Use("k", begun, ended, served: served))
        history.add(UseHistory.Use("other", begun, ended, served: true))
        #expect(history.violations(grace: 0).count == 1)
    }

    @Test func `an effect may come as late as the grace says, and no later`() {
        let history = Self.history()
        for at: UInt64 in [5, 15, 25, 30, 45, 55] { history.add(UseHistory.Effect("k", at)) }
        #expect(history.violations(grace: 10).isEmpty)
        history.add(UseHistory.Effect("k", 31))
        #expect(history.violations(grace: 10).count == 1)
    }

    @Test func `numbers rise, and those at the same moment may come in any order`() {
        let history = UseHistory()
        history.add(UseHistory.Number("k", 1, 5, 10))
        history.add(UseHistory.Number("k", 2, 6, 9))
        history.add(UseHistory.Number("k", 7, 8, 11))
        history.add(UseHistory.Number("other", 7, 8, 3))
        #expect(history.violations(grace: 0).isEmpty)
        history.add(UseHistory.Number("k", 9, 10, 8))
        #expect(history.violations(grace: 0).count == 1)
        history.add(UseHistory.Number("k", 11, 12, 11))
        #expect(history.violations(grace: 0).count == 2)
    }
}
