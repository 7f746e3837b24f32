import Access
import Events
import HTTPClient
import Jobs
import JSON
import Kernel
import Postgres
import TestSupport

@testable import Webhooks

/// The room's endpoints, called as somebody who may everything unless said otherwise.
final class WebhookDesk {
    let room: WebhookRoom
    private let caller: TestCaller
    /// What the room above tells of alerts.
    var told: [Message] = []
    /// What it was told of what a replay sent.
    var sent: [Message] = []
    /// What names each webhook.
    var uses = WebhookUses()
    private var jobs: WebhookJobs {
        WebhookJobs(ledger: room.ledger, directory: room.directory) { 0 }
    }

    static let owner = PrincipalID(.user, UUID(high: 1, low: 1))

    init(
        _ database: Database, limits: WebhookReplay.Limits = WebhookReplay.Limits()
    ) throws {
        room = try WebhookRoom(database)
        room.rights.byOwner[Self.owner] = Set(Permission.allCases)
        let holder = Holder()
        let endpoints = WebhookEndpoints(
            ledger: room.ledger, outbox: room.outbox, keys: room.keys, allowance: .privateReceivers,
            uses: { _, _, _ in holder.desk?.uses ?? WebhookUses() }, wake: {})
        let replays = ReplayEndpoints(
            ledger: room.ledger, outbox: room.outbox, limits: limits,
            alerts: ReplayEndpoints.Alerts(
                messages: { events, _ in holder.desk?.alerts(events) ?? [] },
                sent: { messages, _, _ in holder.desk?.sent += messages }),
            wake: {})
        caller = TestCaller(
            endpoints.operations + replays.operations
                + DeliveryEndpoints(ledger: room.ledger, wake: {}).operations)
        holder.desk = self
    }

    private final class Holder { weak var desk: WebhookDesk? }

    private func alerts(_ events: [Event]) -> [Message] {
        told.filter { message in events.contains { $0.id == message.event } }
    }

    /// One database for checks that change nothing.
    static func shared(_ body: @Sendable (WebhookDesk) async throws -> Void) async throws {
        try await sharedScratch.value.visit { _, database in
            let desk = try WebhookDesk(database)
            _ = try await desk.room.makeWebhook("\(UUID(at: .testStart, entropy: .system))")
            try await body(desk)
        }
    }

    func context(_ permissions: Set<Permission>) -> Context {
        testContext(permissions, at: room.clock.now, principal: Self.owner)
    }

    func call(
        _ method: String, _ target: String, _ body: String = "", match etag: String? = nil,
        as permissions: Set<Permission> = Set(Permission.allCases)
    ) async throws -> TestAnswer {
        let headers = etag.map { [(name: "if-match", value: $0)] } ?? []
        try await room.insertGeneration()
        return try await caller.call(
            method, "/v1/\(target)", context(permissions), headers: headers, body: body)
    }

    func change(_ id: String, _ body: String, _ last: TestAnswer) async throws -> TestAnswer {
        try await call("PATCH", "webhooks/\(id)", body, match: last.etag)
    }

    /// Runs the job that reminds.
    func remind() async throws {
        _ = try await room.ledger.change(context(Set(Permission.allCases))) { change in
            try await jobs.remindOfCertificates(change)
        }
    }
}

/// Made once, for all the cases of one test.
private let sharedScratch = Task { try await ScratchDatabase.make() }
