import Access
import EventLoop
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Service

/// What somebody may is compared once more in the transaction in which they change something, whatever that
/// had to wait for.
struct MovedAuthorityTests {
    /// What every grant waits for, held by somebody who has time: owners come and go one after another.
    private static let hold = """
        begin;
        set local idle_in_transaction_session_timeout = 0;
        select pg_advisory_xact_lock(118070521065074);
        """
    private static let move = """
        with raised as (update authority set epoch = epoch + 1 returning epoch)
        insert into authority_change (epoch, touched) select epoch, null from raised
        """
    private static let waiting = Statement(
        "test_waiting",
        """
        select count(*) from pg_locks l join pg_database d on d.oid = l.database
        where d.datname = current_database() and l.locktype = 'advisory' and not l.granted
        """)

    private struct Scene {
        let premises: Premises
        let owner: Person
        let leaver: Person
        let friend: Person

        nonisolated(nonsending) static func make(_ premises: Premises) async throws -> Scene {
            let owner = try await premises.owner()
            let leaver = try await premises.join("leaver", .admin, by: owner)
            let friend = try await premises.join("friend", nil, by: owner, insisting: true)
            for person in [owner, leaver] { try await premises.setPassword(as: person.token) }
            let guest = try await premises.insist(
                "POST", "/v1/roles", as: owner.token,
                body: #"{"name":"guest","description":"looks on","permissions":["candles:read"]}"#)
            #expect(guest.status == 201, "\(guest.text)")
            return Scene(premises: premises, owner: owner, leaver: leaver, friend: friend)
        }

        nonisolated(nonsending) func grant() async throws -> TestAnswer {
            try await premises.insist(
                "POST", "/v1/grants", as: leaver.token,
                body: #"{"principal_id":"\#(friend.id)","role":"guest","on":{}}"#)
        }

        nonisolated(nonsending) func grants() async throws -> Int? {
            let page = try await premises.call(
                "GET", "/v1/grants?principal_id=\(friend.id)", as: owner.token)
            return page.json["data"]?.asArray?.count
        }

        nonisolated(nonsending) func waits(_ count: Int64) async throws {
            try await becomes("\(count) wait") {
                try await premises.host.database.query(MovedAuthorityTests.waiting).first?.int64(0) == count
            }
        }

        nonisolated(nonsending) func becomes(
            _ what: String, _ condition: nonisolated(nonsending) () async throws -> Bool
        ) async throws {
            for _ in 0..<(patienceSeconds * 100) {
                if try await condition() { return }
                await premises.host.database.connector.reactor.sleep(nanoseconds: 10_000_000)
            }
            Issue.record("it never was so: \(what)")
        }
    }

    /// What requests that were sent at the same time were answered.
    private final class Answers {
        var left: TestAnswer?
        var granted: TestAnswer?
    }

    @Test func `a leaver's grant that waits behind their off-boarding is not made`() async throws {
        try await Premises.open { worker, premises in
            let (scene, answers) = (try await Scene.make(premises), Answers())
            let holder = try await premises.host.database.connector.plainConnection()
            defer { holder.close() }
            try await holder.run(Self.hold)
            worker.spawn {
                answers.left = try? await premises.insist(
                    "POST", "/v1/users/\(scene.leaver.id)/offboard", as: scene.owner.token,
                    body: #"{"expect":"*","reason":"left"}"#)
            }
            try await scene.waits(1)
            worker.spawn { answers.granted = try? await scene.grant() }
            try await scene.waits(2)
            try await holder.run("commit")
            try await scene.becomes("both are answered") { answers.left != nil && answers.granted != nil }
            #expect(answers.left?.status == 200, "\(answers.left?.text ?? "")")
            #expect(answers.granted?.code == "unauthenticated", "\(answers.granted?.text ?? "")")
            #expect(try await scene.grants() == 0)
        }
    }

    @Test func `what authority moved under is done again, once, by whoever may still do it`() async throws {
        try await Premises.open { worker, premises in
            let (scene, answers) = (try await Scene.make(premises), Answers())
            let holder = try await premises.host.database.connector.plainConnection()
            defer { holder.close() }
            try await holder.run(Self.hold)
            worker.spawn { answers.granted = try? await scene.grant() }
            try await scene.waits(1)
            try await holder.run(Self.move)
            try await holder.run("commit")
            try await scene.becomes("it is answered") { answers.granted != nil }
            #expect(answers.granted?.status == 201, "\(answers.granted?.text ?? "")")
            #expect(try await scene.grants() == 1)
        }
    }
}
