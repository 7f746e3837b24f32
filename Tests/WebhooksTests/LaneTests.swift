import Access
import Kernel
import TestSupport
import Testing

@testable import Webhooks

/// What a worker keeps of an endpoint while people and other workers change it.
struct LaneTests {
    private static let start = Timestamp.testStart

    private func entry(
        _ epoch: Int64, _ status: Webhook.Status, revision: Int64 = 1
    ) -> WebhookSnapshot.Entry {
        WebhookSnapshot.Entry(
            id: WebhookID(UUID(high: 1, low: 1)), name: "ops", url: "https://hooks.example/x", patterns: [],
            owner: PrincipalID(.user, UUID(high: 1, low: 2)), status: status,
            downSince: status == .active ? nil : Self.start, revision: revision, epoch: epoch,
            signingKey: [], terms: DeliveryTerms())
    }

    private func failing() -> Lane {
        var lane = Lane()
        lane.follow(entry(1, .active))
        var now = Self.start
        while lane.circuit.event(.failed, at: now) != .degrade { now = now + .seconds(1) }
        return lane
    }

    @Test func `a webhook that a person enabled is tried at once by every worker`() {
        var lane = failing()
        lane.follow(entry(1, .degraded))
        #expect(lane.circuit.opens(after: Self.start) != nil)
        lane.follow(entry(1, .disabled))
        lane.follow(entry(2, .active))
        #expect(lane.circuit == Circuit())
    }

    @Test func `a webhook that a person changed while it was degraded is probed at once`() {
        var lane = failing()
        lane.follow(entry(1, .degraded))
        lane.follow(entry(2, .degraded))
        #expect(lane.circuit.opens(after: Self.start) == nil)
        #expect(lane.circuit.allowance(at: Self.start, of: 32) == 1)
    }

    @Test func `a receiver that asked to be left alone is tried when a person says so`() {
        var lane = Lane()
        lane.follow(entry(1, .active))
        _ = lane.circuit.event(.throttled(.hours(24)), at: Self.start)
        lane.follow(entry(1, .active, revision: 2))
        #expect(lane.circuit.opens(after: Self.start) != nil, "another name is no reason")
        #expect(lane.isAbout(entry(1, .active, revision: 3)))
        lane.follow(entry(2, .active, revision: 3))
        #expect(lane.circuit.opens(after: Self.start) == nil)
    }

    @Test func `that a worker's own finding was written down does not undo it`() {
        var lane = failing()
        let before = lane.circuit
        lane.follow(entry(1, .degraded, revision: 2))
        #expect(lane.circuit == before)
    }

    @Test func `what others found degraded is probed one at a time, and what an old address did is past`() {
        var lane = Lane()
        lane.follow(entry(1, .degraded))
        #expect(lane.circuit.isDegraded)
        #expect(lane.isAbout(entry(1, .active)))
        lane.follow(entry(2, .active))
        #expect(!lane.isAbout(entry(1, .active)))
    }
}
