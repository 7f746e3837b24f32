import Access
import EventLoop
import Events
import HTTPServer
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Identity

/// What several do to one request at the same time: one of them wins, and it is carried out at most once.
@Suite(.serialized) struct ApprovalRaceTests {
    private static let rounds = 12

    private let time = MovableClock()

    /// Runs both at once and waits for both.
    private static func together(
        on worker: isolated Worker,
        _ first: @escaping () async -> Void,
        _ second: @escaping () async -> Void
    ) async {
        let (one, two) = (Promise<Void>(), Promise<Void>())
        worker.spawn {
            await first()
            one.fulfil(())
        }
        worker.spawn {
            await second()
            two.fulfil(())
        }
        await one.get()
        await two.get()
    }

    @Test func `two approvals at once are both counted, and it is carried out once`() async throws {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { [time] worker, database async throws in
            let room = try await ApprovalRoom(database, time)
            let (asker, first, second) = (
                try await room.user(), try await room.user([.security]), try await room.user([.security])
            )
            for _ in 0..<Self.rounds {
                let approval = try await room.park(by: PrincipalID(asker), under: room.rule(2))
                let before = room.runs.current
                await Self.together(on: worker) {
                    _ = try? await room.refusal(of: PrincipalID(first), approving: approval.id)
                } _: {
                    _ = try? await room.refusal(of: PrincipalID(second), approving: approval.id)
                }
                #expect(try await room.state(of: approval.id) == .approved)
                await Self.together(on: worker) {
                    await room.executor.run(approval.id)
                } _: {
                    await room.executor.run(approval.id)
                }
                #expect(room.runs.current == before + 1)
                #expect(try await room.state(of: approval.id) == .executed)
            }
        }
    }

    @Test func `of two who could give the last approval one gives it`() async throws {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { [time] worker, database async throws in
            let room = try await ApprovalRoom(database, time)
            let (asker, first, second) = (
                try await room.user(), try await room.user([.security]), try await room.user([.security])
            )
            for _ in 0..<Self.rounds {
                let approval = try await room.park(by: PrincipalID(asker), under: room.rule())
                var refusals: [String?] = []
                await Self.together(on: worker) {
                    refusals.append(try? await room.refusal(of: PrincipalID(first), approving: approval.id))
                } _: {
                    refusals.append(try? await room.refusal(of: PrincipalID(second), approving: approval.id))
                }
                #expect(refusals.count { $0 == nil } == 1 && refusals.contains("conflict"))
                let votes = try await ApprovalVoteStore.all(of: [approval.id], in: database)
                #expect(votes[approval.id]?.count == 1)
            }
        }
    }

    @Test func `an approval that races a cancellation: one of them holds, and what is cancelled never runs`()
        async throws
    {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { [time] worker, database async throws in
            let room = try await ApprovalRoom(database, time)
            let (asker, approver) = (try await room.user(), try await room.user([.security]))
            for _ in 0..<Self.rounds {
                let approval = try await room.park(by: PrincipalID(asker), under: room.rule())
                let before = room.runs.current
                await Self.together(on: worker) {
                    _ = try? await room.refusal(of: PrincipalID(approver), approving: approval.id)
                    await room.executor.run(approval.id)
                } _: {
                    _ = try? await room.book.cancel(
                        approval.id, reason: nil, room.context(PrincipalID(asker)))
                }
                let state = try await room.state(of: approval.id)
                #expect(state == .cancelled || state == .executed)
                #expect(room.runs.current - before == (state == .executed ? 1 : 0))
            }
        }
    }

    @Test func `what was not decided in time is never approved, and what was not run in time never runs`()
        async throws
    {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { [time] _, database async throws in
            let room = try await ApprovalRoom(database, time)
            let (asker, approver) = (try await room.user(), try await room.user([.security]))
            let late = try await room.park(by: PrincipalID(asker), under: room.rule())
            time.advance(.hours(1))
            #expect(try await room.refusal(of: PrincipalID(approver), approving: late.id) == "conflict")
            let short = try await room.park(
                by: PrincipalID(asker), under: room.rule(delay: .minutes(10), validFor: .minutes(5)))
            #expect(try await room.refusal(of: PrincipalID(approver), approving: short.id) == nil)
            await room.executor.run(short.id)
            #expect(try await room.state(of: short.id) == .approved)
            time.advance(.minutes(15))
            await room.executor.run(short.id)
            #expect(room.runs.current == 0)
            #expect(try await ApprovalStore.find(short.id, in: database).state(at: time.now) == .expired)
        }
    }

    @Test func `an execution that races the requester's end: it ran before, or it does not run`() async throws
    {
        let scratch = try await ScratchDatabase.make()
        try await scratch.withDatabase { [time] worker, database async throws in
            let room = try await ApprovalRoom(database, time)
            let approver = try await room.user([.security])
            for _ in 0..<Self.rounds {
                let asker = try await room.user()
                let approval = try await room.park(by: PrincipalID(asker), under: room.rule())
                _ = try await room.refusal(of: PrincipalID(approver), approving: approval.id)
                let before = room.runs.current
                var runsWhenGone: Int?
                await Self.together(on: worker) {
                    await room.executor.run(approval.id)
                } _: {
                    try? await room.desk.change(
                        Desk.setStatus, .id(asker), .text(PrincipalStatus.disabled.rawValue))
                    runsWhenGone = room.runs.current
                }
                let state = try await room.state(of: approval.id)
                #expect(state == .executed || state == .failed)
                #expect(room.runs.current - before == (state == .executed ? 1 : 0))
                #expect(runsWhenGone != nil)
                await room.executor.run(approval.id)
                #expect(room.runs.current - before <= 1)
            }
        }
    }
}
