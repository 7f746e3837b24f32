import Access
import Events
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Webhooks

struct WebhookDirectoryTests {
    @Test func `a change of authority has those read anew whom it touched, and nobody else`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database in
            let room = try WebhookRoom(database)
            let owners = [1, 2].map { PrincipalID(.user, UUID(high: 1, low: $0)) }
            for owner in owners { try await room.makeWebhook("of \(owner)", owner: owner) }
            func change(_ note: (Change) -> Void) async throws {
                try await room.ledger.change(.installation(now: room.clock.now, requestID: "req_test")) {
                    note($0)
                }
            }
            func readAnew() async throws -> Set<PrincipalID> {
                room.rights.read = []
                let view = try await room.directory.view(in: database)
                #expect(Set(view.rights.keys) == Set(room.rights.byOwner.keys))
                return Set(room.rights.read)
            }
            #expect(try await readAnew() == Set(owners))
            #expect(try await readAnew() == [])
            try await change { $0.touch(.uses) }
            #expect(try await readAnew() == [])
            room.rights.byOwner[owners[0]] = nil
            try await change { $0.touch(.principal(owners[0])) }
            #expect(try await readAnew() == [owners[0]])
            room.rights.byOwner[owners[0]] = [.eventsRead]
            try await change { $0.touchesAuthority = true }
            #expect(try await readAnew() == Set(owners))
        }
    }

    /// What a transaction has changed may yet be undone.
    @Test func `what is known is never what only a transaction says`() async throws {
        try await ScratchDatabase.make().withDatabase { _, database in
            let room = try WebhookRoom(database)
            try await room.makeWebhook()
            try await database.transaction { transaction in
                _ = try await room.directory.view(in: transaction)
            }
            #expect(room.rights.readInside == 0)
        }
    }

    @Test func `a webhook of a transaction that was undone is not known`() async throws {
        struct Undone: Error {}
        try await ScratchDatabase.make().withDatabase { _, database in
            let room = try WebhookRoom(database)
            let made = try await room.makeWebhook()
            await #expect(throws: Undone.self) {
                try await database.transaction { transaction in
                    try await WebhookStore.delete(made.id, in: transaction)
                    // What asks within it is the first to ask, and what it gets is kept.
                    _ = try await room.directory.view(in: transaction)
                    throw Undone()
                }
            }
            let view = try await room.directory.view(in: database)
            #expect(view.webhooks.entries[made.id] != nil, "it was never deleted")
        }
    }
}
