import Access
import Events
import HTTPServer
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Identity

/// Approval rules are read when one of them changed, and not because something else did. They are made
/// different in the database without a word: whoever reads them anew sees it.
@Suite(.serialized) struct HeldRulesTests {
    private static let drop = Statement("test_drop_rules", "delete from approval_rule")
    private static let goBack = Statement("test_epoch_back", "update authority set epoch = epoch - 1")

    private func epoch(_ room: ApprovalRoom) async throws -> Int64 {
        try #require(try await room.database.query(Authority.readEpoch).first?.int64(0))
    }

    private func held(_ room: ApprovalRoom) async throws -> Int {
        try await room.book.rules(at: epoch(room)).count
    }

    private func touch(_ touched: Touched?, _ room: ApprovalRoom) async throws {
        try await room.desk.ledger.change(room.desk.context) { change in
            if let touched { change.touch(touched) } else { change.touchesAuthority = true }
        }
    }

    private func withRule(_ body: @Sendable @escaping (ApprovalRoom) async throws -> Void) async throws {
        try await ScratchDatabase.make().withDatabase { _, database async throws in
            let room = try await ApprovalRoom(database, MovableClock())
            room.book.bind([
                Operation(
                    .post, "/v1/keys/{key_id}/suspend", id: "suspendKey", requires: .permission(.keysSuspend)
                ) { _, _ in Response(.noContent) }
            ])
            _ = try await database.transaction { transaction in
                try await ApprovalRuleStore.insert(room.rule(), in: transaction)
            }
            #expect(try await held(room) == 1)
            try await room.execute(Self.drop)
            try await body(room)
        }
    }

    @Test func `a change that is about something else leaves them known`() async throws {
        try await withRule { room in
            let somebody = PrincipalID(UserID(UUID(high: 1, low: 1)))
            for other in [Touched.principal(somebody), .uses, .signIn] {
                try await touch(other, room)
                #expect(try await held(room) == 1)
            }
            try await touch(.approvals, room)
            #expect(try await held(room) == 0)
        }
    }

    @Test func `a change that does not say what it is about makes them read anew`() async throws {
        try await withRule { room in
            try await touch(nil, room)
            #expect(try await held(room) == 0)
        }
    }

    @Test func `a database that was restored makes them read anew, and so does asking without an epoch`()
        async throws
    {
        try await withRule { room in
            #expect(try await room.book.rules(at: nil).isEmpty)
            #expect(try await held(room) == 1)
            try await room.execute(Self.goBack)
            #expect(try await held(room) == 0)
        }
    }
}
