package import Crypto
import EventLoop
import Kernel
import Synchronization

/// Where passwords are hashed: one thread of low priority for a whole process, so that a storm of log-ins
/// takes no loop's time, and 19 MiB once. Whoever finds the line full is told to come again.
package final class PasswordHasher: Sendable {
    /// At some 20 ms each, the last of them waits less than a second.
    package static let placesAtMost = 32
    /// Loops weigh nine times as much where there are fewer cores than threads.
    private static let niceness: Int32 = 10

    /// Of the places in line, one; taken before anything else is done for a log-in.
    package struct Place: ~Copyable {
        fileprivate let hasher: PasswordHasher

        deinit { hasher.taken.subtract(1, ordering: .relaxed) }
    }

    private let cost: PasswordHash.Cost
    private let offLoop: OffLoop
    /// What the passwords of nobody are held against.
    let decoy: PasswordHash
    private let taken = Atomic(0)
    private let done = Atomic(0)

    /// - Parameter cost: of each; less is for tests, which hash by the hundred.
    package init(cost: PasswordHash.Cost = .usual) throws {
        self.cost = cost
        decoy = try PasswordHash.decoy(cost: cost)
        offLoop = try OffLoop(
            threads: 1, limit: Self.placesAtMost, name: "kb-passwords", niceness: Self.niceness)
    }

    package func stop() { offLoop.stop() }

    /// How often Argon2id was reckoned here.
    var count: Int { done.load(ordering: .relaxed) }

    /// Throws where the line is full by now; it may be full a moment later.
    func checkRoom() throws(OffLoop.Failure) {
        guard taken.load(ordering: .relaxed) < Self.placesAtMost else { throw .queueIsFull }
    }

    func place() throws(OffLoop.Failure) -> Place {
        guard taken.add(1, ordering: .relaxed).newValue <= Self.placesAtMost else {
            taken.subtract(1, ordering: .relaxed)
            throw .queueIsFull
        }
        return Place(hasher: self)
    }

    /// Whether the password is the hash's. Without a hash the same work is done, and the answer is no.
    nonisolated(nonsending) func matches(
        _ password: String, _ hash: PasswordHash?, _ place: borrowing Place
    ) async throws -> Bool {
        let held = hash ?? decoy
        let isRight = try await offLoop.run { held.matches(password.normalFormC) }
        done.add(1, ordering: .relaxed)
        return isRight && hash != nil
    }

    /// Whether it was made at another cost than those that are made here.
    func isOutdated(_ hash: PasswordHash) -> Bool { hash.needsRehash(cost: cost) }

    nonisolated(nonsending) func hash(
        _ password: String, _ place: borrowing Place
    ) async throws -> PasswordHash {
        defer { done.add(1, ordering: .relaxed) }
        return try await offLoop.run { [cost] in try PasswordHash(of: password.normalFormC, cost: cost) }
    }
}
