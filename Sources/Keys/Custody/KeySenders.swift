package import Access
package import EventLoop
import HTTPServer
package import Kernel
package import Postgres

/// One sender at a time for a key whose requests carry rising numbers, on all nodes: two under way could
/// overtake each other. Within a node the turn decides, among nodes a lease in the database.
///
/// A lease is longer than anything that is sent under it: whoever was stopped meanwhile sends nothing any
/// more when another node may hold it.
package final class KeySenders {
    /// How long a node that dies keeps the others from sending.
    static let leaseLength: Period = .seconds(20)
    /// From the last question before a request leaves to the end of its answer, whatever the exchange does.
    static let sendingAtMost: Period = .seconds(11)
    /// Numbers are microseconds, as far as the clock goes: in so wide a window no request overtakes another
    /// by more, from when it was given its number to the end of its answer.
    package static let harmlessWindow = sendingAtMost.microseconds + 4_000_000
    private static let pauseNanoseconds: Int64 = 20_000_000

    private let turns: KeyTurns
    private let exits: KeyTurns
    private let database: Database
    private let node: NodeID
    private let clock: Clock
    private let reactor: Reactor

    /// - Parameters:
    ///   - turns: of the whole node.
    ///   - exits: of the whole node, of what leaves while the database is gone.
    package init(
        turns: KeyTurns, exits: KeyTurns, database: Database, node: NodeID, clock: Clock, reactor: Reactor
    ) {
        (self.turns, self.exits, self.database) = (turns, exits, database)
        (self.node, self.clock, self.reactor) = (node, clock, reactor)
    }

    /// To be ended, whatever happens.
    package struct Turn {
        private let senders: KeySenders
        fileprivate let key: ExchangeKeyID
        fileprivate let serial: Int64
        /// The last question before something leaves.
        package let mayLeave: @Sendable () -> Bool

        fileprivate init(
            _ senders: KeySenders, _ key: ExchangeKeyID, serial: Int64,
            mayLeave: @escaping @Sendable () -> Bool
        ) {
            (self.senders, self.key, self.serial, self.mayLeave) = (senders, key, serial, mayLeave)
        }

        package func end() { senders.end(self) }
    }

    /// - Parameter first: an exit, served before what opens.
    package nonisolated(nonsending) func turn(
        of key: ExchangeKeyID, first: Bool = false
    ) async throws -> Turn {
        guard await turns.take(key, first: first, on: reactor) else {
            throw Self.busy("Too many requests of this key wait")
        }
        do {
            try await waitForExits(key)
            return try await lease(key)
        } catch {
            turns.giveBack(key)
            throw error
        }
    }

    /// One may still be under way when the database is back: a higher number must not overtake it. Its turn
    /// is not kept, since nothing that waits for the database may hold an exit back.
    private nonisolated(nonsending) func waitForExits(_ key: ExchangeKeyID) async throws {
        guard await exits.take(key, on: reactor) else { throw Self.busy("Too many exits of this key wait") }
        exits.giveBack(key)
    }

    private nonisolated(nonsending) func lease(_ key: ExchangeKeyID) async throws -> Turn {
        let began = clock.monotonicNanoseconds()
        while true {
            let asked = clock.monotonicNanoseconds()
            if let serial = try await take(key) {
                return Turn(self, key, serial: serial, mayLeave: mayLeave(since: asked))
            }
            guard clock.monotonicNanoseconds() &- began < UInt64(KeyTurns.patience.nanoseconds) else {
                throw Self.busy("Another node sends for this key")
            }
            await reactor.sleep(nanoseconds: Self.pauseNanoseconds)
        }
    }

    /// Counted from before the lease was asked for.
    private func mayLeave(since asked: UInt64) -> @Sendable () -> Bool {
        let length = Self.leaseLength.nanoseconds - Self.sendingAtMost.nanoseconds
        return { [clock] in clock.monotonicNanoseconds() &- asked < UInt64(length) }
    }

    /// Nobody waits for the answer: a lease that is not let go of lapses, and one that was taken again since
    /// has another serial.
    private func end(_ turn: Turn) {
        _ = database.vital.send(Self.release, [.id(turn.key), .id(node), .int64(turn.serial)])
        turns.giveBack(turn.key)
    }

    private static func busy(_ what: String) -> Problem {
        Problem(
            .overloaded, "\(what): its exchange takes one after another.", headers: [(.retryAfter, "1")])
    }

    package static func both(
        _ first: @escaping @Sendable () -> Bool, _ second: (@Sendable () -> Bool)?
    ) -> @Sendable () -> Bool {
        guard let second else { return first }
        return { first() && second() }
    }
}

// MARK: The lease

extension KeySenders {
    private static let take = Statement(
        "key_sender_take",
        """
        insert into key_sender (key, node, serial, until)
        values ($1, $2, 1, clock_timestamp() + $3::bigint * interval '1 microsecond')
        on conflict (key) do update
            set node = excluded.node, serial = key_sender.serial + 1, until = excluded.until
            where key_sender.node = excluded.node or key_sender.until <= clock_timestamp()
        returning serial
        """)
    private static let release = Statement(
        "key_sender_release",
        "update key_sender set until = clock_timestamp() where key = $1 and node = $2 and serial = $3")

    /// Nil: another node has it.
    private nonisolated(nonsending) func take(_ key: ExchangeKeyID) async throws -> Int64? {
        try await database.vital.query(
            Self.take, .id(key), .id(node), .int64(Self.leaseLength.microseconds)
        ).first?.int64(0)
    }
}
